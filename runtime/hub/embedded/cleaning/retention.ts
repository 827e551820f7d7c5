import { readBatchHeader } from '../../batch/batch-header.ts';
import type { Commit } from '../writer/commit.ts';
import { entryKey, readU64 } from '../store/key.ts';
import { asBuffer } from '../store/log-reader.ts';
import type { Partition } from '../writer/partition.ts';
import type { Store } from '../store/store.ts';

const CHUNK_ENTRIES = 256;
const CHUNK_BYTES = 2 * 1024 * 1024;

/**
 * The offset before which `retention.ms` and `retention.bytes` let go: whole batches from the
 * beginning, never past the last stable offset. Looks at one piece of the log only: ask again after it is gone.
 */
export function expiredBefore(store: Store, partition: Partition, nowMs: number): number {
  const { retentionMs, retentionBytes } = partition.settings;
  const limit = partition.readable(true);
  if ((retentionMs < 0 && retentionBytes < 0) || partition.start >= limit) return partition.start;
  let bytes = partition.row.sizeBytes;
  let before = partition.start;
  let seen = 0;
  store.read(() => {
    const range = { start: entryKey(partition.id, before), end: entryKey(partition.id, limit) };
    for (const { key, value } of store.log.getRange(range)) {
      const old = retentionMs >= 0 && readBatchHeader(asBuffer(value)).maxTimestampMs < nowMs - retentionMs;
      const much = retentionBytes >= 0 && bytes - value.length >= retentionBytes;
      if ((!old && !much) || seen > CHUNK_BYTES) break;
      seen += value.length;
      bytes -= value.length;
      before = readU64(key, 4) + 1;
    }
  });
  return before;
}

/** Removes the first batches that end before `before`; one piece of the work. */
export function trimChunk(commit: Commit, store: Store, partition: Partition, before: number): void {
  const { id, row } = partition;
  let removed = 0;
  let bytes = 0;
  let start = row.start;
  let more = false;
  for (const { key, value } of store.log.getRange({ start: entryKey(id, row.start), end: entryKey(id, before) })) {
    if (removed === CHUNK_ENTRIES || bytes > CHUNK_BYTES) {
      more = true;
      break;
    }
    void store.log.remove(key);
    removed++;
    bytes += value.length;
    start = readU64(key, 4) + 1;
  }
  start = more ? start : before;
  removeIndexes(store, id, start);
  partition.change(commit, {
    start,
    sizeBytes: row.sizeBytes - bytes,
    cleanedOffset: Math.max(row.cleanedOffset, start),
    dirtyBytes: Math.max(0, row.dirtyBytes - (row.cleanedOffset <= row.start ? bytes : 0)),
  });
}

/** Entries of the time index and of aborted transactions that speak of nothing held any more. */
function removeIndexes(store: Store, partition: number, start: number): void {
  const all = { start: entryKey(partition, 0), end: entryKey(partition + 1, 0) };
  for (const { key, value } of store.time.getRange(all)) {
    if (Buffer.from(value).readDoubleBE(0) >= start) break;
    void store.time.remove(key);
  }
  for (const key of store.aborted.getKeys({ start: entryKey(partition, 0), end: entryKey(partition, start) })) {
    void store.aborted.remove(key);
  }
}
