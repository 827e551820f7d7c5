import type { HubStats } from '../hub/embedded/protocol.ts';
import type { Sample } from '../observe/sample.ts';

/** Measurements of the embedded hub. */
export function* hubSamples(stats: HubStats | null): Generator<Sample> {
  if (stats === null) return;
  yield { name: 'millrace_hub_disk_bytes', help: 'Size of the hub on disk.', value: stats.bytesOnDisk };
  yield { name: 'millrace_hub_free_bytes', help: 'Free space on the disk of the hub.', value: stats.freeBytes };
  yield {
    name: 'millrace_hub_disk_full',
    help: '1 while the hub takes no more records.',
    value: stats.diskFull ? 1 : 0,
  };
  yield { name: 'millrace_hub_commits_total', help: 'Group commits, each synced.', value: stats.commits };
  yield {
    name: 'millrace_hub_commit_seconds_total',
    help: 'Time spent in group commits.',
    value: stats.commitMs / 1000,
  };
  yield { name: 'millrace_hub_appended_batches_total', help: 'Record batches appended.', value: stats.appendedBatches };
  yield { name: 'millrace_hub_appended_bytes_total', help: 'Bytes of batches appended.', value: stats.appendedBytes };
  yield { name: 'millrace_hub_open_transactions', help: 'Transactions under way.', value: stats.openTransactions };
  yield { name: 'millrace_hub_queued_bytes', help: 'Bytes waiting for a commit.', value: stats.queuedBytes };
  yield { name: 'millrace_hub_clients', help: 'Threads and processes connected to the hub.', value: stats.clients };
  for (const { topic, partition, end, sizeBytes } of stats.partitions) {
    const labels = { topic, partition };
    yield { name: 'millrace_hub_partition_end_offset', help: 'One past the last record.', labels, value: end };
    yield { name: 'millrace_hub_partition_bytes', help: 'Bytes a partition holds.', labels, value: sizeBytes };
  }
}
