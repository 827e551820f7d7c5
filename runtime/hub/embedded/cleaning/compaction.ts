import { readBatchHeader } from '../../batch/batch-header.ts';
import { RecordCursor } from '../../batch/record-cursor.ts';
import type { CleanerParts } from './cleaner.ts';
import type { Commit } from '../writer/commit.ts';
import { rewriteBatch, type Verdict } from './compact-batch.ts';
import { entryKey, readU64 } from '../store/key.ts';
import { abortedIn, asBuffer, indexedBefore, isAborted } from '../store/log-reader.ts';
import type { Partition } from '../writer/partition.ts';
import type { Store } from '../store/store.ts';

const CHUNK_BYTES = 512 * 1024;
const CHUNK_ENTRIES = 512;
/** What the keys of one pass may take in memory. */
const MAP_BYTES = 64 * 1024 * 1024;
const ENTRY_OVERHEAD_BYTES = 64;

/** The latest offset of each key in a stretch of the log. */
interface Latest {
  readonly offsets: Map<string, number>;
  bytes: number;
  /** The stretch ends here. */
  end: number;
  /** Of its batches. */
  scannedBytes: number;
}

interface Pass {
  readonly latest: Latest;
  /** Tombstones and markers before this offset have been seen by everyone and go. */
  readonly dropTombstonesBefore: number;
  next: number;
  removedBytes: number;
  tombstones: boolean;
}

/**
 * Compaction as Kafka does it: of each key the last record stays, a tombstone for
 * `delete.retention.ms` after it was first cleaned. A pass takes the keys of the part not cleaned yet,
 * as many as fit, then goes over the log from its beginning. Offsets never change.
 */
export async function compactPartition(
  parts: CleanerParts,
  partition: Partition,
  nowMs: number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted && !partition.deleted && isDue(partition, nowMs)) {
    const limit = cleanableEnd(parts.store, partition, nowMs);
    if (limit <= partition.row.cleanedOffset && !horizonDue(partition, nowMs)) return;
    await pass(parts, partition, nowMs, limit, signal);
  }
}

function isDue(partition: Partition, nowMs: number): boolean {
  const { row, settings } = partition;
  const dirty = row.sizeBytes > 0 && row.dirtyBytes > 0 && row.cleanedOffset < partition.readable(true);
  return (dirty && row.dirtyBytes / row.sizeBytes >= settings.minCleanableDirtyRatio) || horizonDue(partition, nowMs);
}

function horizonDue({ row, settings }: Partition, nowMs: number): boolean {
  return row.horizonOffset > row.start && nowMs >= row.horizonMs + settings.deleteRetentionMs;
}

/** Nothing at or after this offset is looked at: it is not stable, or younger than `min.compaction.lag.ms`. */
function cleanableEnd(store: Store, partition: Partition, nowMs: number): number {
  const limit = partition.readable(true);
  const { minCompactionLagMs } = partition.settings;
  if (minCompactionLagMs <= 0) return limit;
  return store.read(() => {
    const old = indexedBefore(store, partition.id, nowMs - minCompactionLagMs);
    const from = Math.min(limit, Math.max(partition.row.cleanedOffset, old));
    const range = { start: entryKey(partition.id, from), end: entryKey(partition.id, limit) };
    for (const { value } of store.log.getRange(range)) {
      const { maxTimestampMs, baseOffset } = readBatchHeader(asBuffer(value));
      if (maxTimestampMs > nowMs - minCompactionLagMs) return Number(baseOffset);
    }
    return limit;
  });
}

async function pass(
  parts: CleanerParts,
  partition: Partition,
  nowMs: number,
  limit: number,
  signal: AbortSignal,
): Promise<void> {
  const { store, env, loop, lane } = parts;
  const due = horizonDue(partition, nowMs);
  const from = partition.row.cleanedOffset;
  const latest: Latest = { offsets: new Map(), bytes: 0, end: from, scannedBytes: 0 };
  while (latest.end < limit && latest.bytes < MAP_BYTES) {
    store.read(() => collectKeys(store, partition, latest, limit));
    await env.timers.yield();
    if (signal.aborted) return;
  }
  const run: Pass = {
    latest,
    dropTombstonesBefore: due ? partition.row.horizonOffset : 0,
    next: partition.start,
    removedBytes: 0,
    tombstones: false,
  };
  while (run.next < latest.end) {
    await loop.run(lane, (commit) => rewriteChunk(commit, store, partition, run));
    if (signal.aborted || partition.deleted) return;
  }
  await loop.run(lane, (commit) => finish(commit, partition, run, due, nowMs));
}

function collectKeys(store: Store, partition: Partition, latest: Latest, limit: number): void {
  const aborted = abortedIn(store, partition.id, latest.end, limit);
  const range = { start: entryKey(partition.id, latest.end), end: entryKey(partition.id, limit) };
  let bytes = 0;
  for (const { key, value } of store.log.getRange(range)) {
    if (bytes > CHUNK_BYTES) return;
    const batch = asBuffer(value);
    const header = readBatchHeader(batch);
    bytes += batch.length;
    latest.scannedBytes += batch.length;
    if (!header.control && !isAborted(header, aborted)) collectFrom(batch, latest);
    latest.end = readU64(key, 4) + 1;
  }
  if (bytes <= CHUNK_BYTES) latest.end = limit;
}

function collectFrom(batch: Buffer, latest: Latest): void {
  const record = new RecordCursor(batch);
  while (record.next()) {
    const key = record.key();
    if (key === null) continue;
    const name = key.toString('latin1');
    if (!latest.offsets.has(name)) latest.bytes += name.length + ENTRY_OVERHEAD_BYTES;
    latest.offsets.set(name, Number(record.offset));
  }
}

/** One piece of a pass: the batches from `run.next` on. */
function rewriteChunk(commit: Commit, store: Store, partition: Partition, run: Pass): void {
  const { id } = partition;
  const end = run.latest.end;
  const start = Math.max(run.next, partition.start);
  const aborted = abortedIn(store, id, start, end);
  let bytes = 0;
  let entries = 0;
  let removed = 0;
  let next = end;
  // Reading and writing the same table in one transaction: first all of the chunk is read.
  const chunk: { readonly key: Buffer; readonly batch: Buffer }[] = [];
  for (const { key, value } of store.log.getRange({ start: entryKey(id, start), end: entryKey(id, end) })) {
    if (bytes > CHUNK_BYTES || entries === CHUNK_ENTRIES) break;
    chunk.push({ key: asBuffer(key), batch: asBuffer(value) });
    bytes += value.length;
    entries++;
    next = readU64(key, 4) + 1;
  }
  if (bytes <= CHUNK_BYTES && entries < CHUNK_ENTRIES) next = end;
  for (const { key, batch } of chunk) {
    const header = readBatchHeader(batch);
    const rewritten = isAborted(header, aborted) ? null : rewriteBatch(batch, header, (record) => judge(record, run));
    if (rewritten === batch) continue;
    removed += batch.length - (rewritten?.length ?? 0);
    if (rewritten === null) void store.log.remove(key);
    else void store.log.put(key, rewritten);
  }
  if (removed > 0) partition.change(commit, { sizeBytes: partition.row.sizeBytes - removed });
  run.removedBytes += removed;
  run.next = next;
}

function judge(record: RecordCursor, run: Pass): Verdict {
  const offset = Number(record.offset);
  const { control } = record.header;
  const key = control ? null : record.key();
  const last = key === null ? undefined : run.latest.offsets.get(key.toString('latin1'));
  if (last !== undefined && last > offset) return 'drop';
  const transient = control || (key !== null && record.valueLength < 0);
  if (!transient) return 'keep';
  if (offset < run.dropTombstonesBefore) return 'drop';
  run.tombstones = true;
  return 'keep';
}

function finish(commit: Commit, partition: Partition, run: Pass, due: boolean, nowMs: number): void {
  const { row } = partition;
  const cleanedOffset = Math.max(row.cleanedOffset, run.latest.end);
  const none = { horizonOffset: 0, horizonMs: 0 };
  const fresh = run.tombstones ? { horizonOffset: cleanedOffset, horizonMs: nowMs } : none;
  partition.change(commit, {
    cleanedOffset,
    dirtyBytes: Math.max(0, row.dirtyBytes - run.latest.scannedBytes),
    ...(due || row.horizonOffset === 0 ? fresh : {}),
  });
}
