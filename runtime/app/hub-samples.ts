import type { HubStats } from '../hub/embedded/channel/protocol.ts';
import { hubMetrics } from '../observe/metrics/hub.ts';
import type { Sample } from '../observe/sample.ts';

/** Measurements of the embedded hub. `answerMs`: how long it took to give them; `hide`: for names of topics (I9). */
export function* hubSamples(
  stats: HubStats | null,
  answerMs: number,
  hide: (text: string) => string,
): Generator<Sample> {
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
  const shown = distinctNames(stats.partitions, hide);
  for (const { topic, partition, start, end, lastStable, sizeBytes } of stats.partitions) {
    const labels = { topic: shown.get(topic) ?? topic, partition };
    yield { metric: hubMetrics.partition_start_offset, labels, value: start };
    yield { metric: hubMetrics.partition_end_offset, labels, value: end };
    yield { metric: hubMetrics.partition_last_stable_offset, labels, value: lastStable };
    yield { metric: hubMetrics.partition_bytes, labels, value: sizeBytes };
  }
}

/** How each topic is shown: two of them never alike, for a scrape must not have a series twice. */
function distinctNames(topics: readonly { readonly topic: string }[], hide: (text: string) => string) {
  const shown = new Map<string, string>();
  const taken = new Map<string, number>();
  for (const { topic } of topics) {
    if (shown.has(topic)) continue;
    const name = hide(topic);
    const count = (taken.get(name) ?? 0) + 1;
    taken.set(name, count);
    shown.set(topic, count === 1 ? name : `${name} ${count}`);
  }
  return shown;
}
