import { metricSet } from '../sample.ts';

const PARTITION = ['topic', 'partition'];

/** The embedded hub. */
export const hubMetrics = metricSet('millrace_hub_', [], {
  answer_seconds: [
    'seconds',
    'How long the thread of the hub took to answer this scrape: the delay of its event loop.',
  ],
  disk_bytes: ['bytes', 'Size of the hub on disk.'],
  free_bytes: ['bytes', 'Free space on the disk of the hub.'],
  disk_full: ['1', '1 while the hub takes no more records.'],
  commits_total: ['commits', 'Group commits, each synced.'],
  commit_seconds_total: ['seconds', 'Time spent in group commits.'],
  last_commit_seconds: ['seconds', 'Duration of the last group commit.'],
  appended_batches_total: ['batches', 'Record batches appended.'],
  appended_bytes_total: ['bytes', 'Bytes of batches appended.'],
  open_transactions: ['transactions', 'Transactions under way.'],
  queued_bytes: ['bytes', 'Bytes waiting for a commit.'],
  clients: ['clients', 'Threads and processes connected to the hub.'],
  partition_start_offset: ['offset', 'First offset held.', PARTITION],
  partition_end_offset: ['offset', 'One past the last record.', PARTITION],
  partition_last_stable_offset: ['offset', 'One past the last record that belongs to no open transaction.', PARTITION],
  partition_bytes: ['bytes', 'Bytes a partition holds.', PARTITION],
});
