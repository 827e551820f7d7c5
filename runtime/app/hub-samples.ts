import type { HubStats } from '../hub/embedded/protocol.ts';
import { hubMetrics } from '../observe/metrics/hub.ts';
import type { Sample } from '../observe/sample.ts';

/** Measurements of the embedded hub. `answerMs`: how long it took to give them. */
export function* hubSamples(stats: HubStats | null, answerMs: number): Generator<Sample> {
  if (stats === null) return;
  const values = {
    answer_seconds: answerMs / 1000,
    disk_bytes: stats.bytesOnDisk,
    free_bytes: stats.freeBytes,
    disk_full: stats.diskFull ? 1 : 0,
    commits_total: stats.commits,
    commit_seconds_total: stats.commitMs / 1000,
    last_commit_seconds: stats.lastCommitMs / 1000,
    appended_batches_total: stats.appendedBatches,
    appended_bytes_total: stats.appendedBytes,
    open_transactions: stats.openTransactions,
    queued_bytes: stats.queuedBytes,
    clients: stats.clients,
  };
  for (const [name, value] of Object.entries(values) as [keyof typeof values, number][]) {
    yield { metric: hubMetrics[name], labels: {}, value };
  }
  for (const { topic, partition, start, end, lastStable, sizeBytes } of stats.partitions) {
    const labels = { topic, partition };
    yield { metric: hubMetrics.partition_start_offset, labels, value: start };
    yield { metric: hubMetrics.partition_end_offset, labels, value: end };
    yield { metric: hubMetrics.partition_last_stable_offset, labels, value: lastStable };
    yield { metric: hubMetrics.partition_bytes, labels, value: sizeBytes };
  }
}
