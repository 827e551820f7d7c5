import { readBatchHeader, verifyBatch, type BatchHeader } from '../../batch/batch-header.ts';
import { RecordCursor } from '../../batch/record-cursor.ts';
import type { FetchedBatch, Isolation } from '../../port.ts';
import { entryKey, readU64, rowKey } from './key.ts';
import { decodeRow, type PartitionRow } from './partition-row.ts';
import type { Store } from './store.ts';
import type { Watermark } from './watermark.ts';

/** What a reader may see of a partition. */
export interface Bounds {
  readonly start: number;
  /** High watermark, or last stable offset. */
  readonly end: number;
  /** One past the last offset appended, synced or not. */
  readonly appended: number;
  readonly sizeBytes: number;
}

/** null where there is no such partition. Call within `store.read`. */
export function boundsOf(store: Store, watermark: Watermark, partition: number, isolation: Isolation): Bounds | null {
  const bytes = store.state.get(rowKey(partition));
  if (bytes === undefined) return null;
  const row = decodeRow(bytes);
  const synced = row.seq <= watermark.syncedSeq();
  return { start: row.start, end: readable(row, synced, isolation), appended: row.end, sizeBytes: row.sizeBytes };
}

function readable(row: PartitionRow, synced: boolean, isolation: Isolation): number {
  if (isolation === 'read_committed') return synced ? row.lso : row.syncedLso;
  return synced ? row.end : row.syncedEnd;
}

export interface Aborted {
  readonly producer: bigint;
  readonly first: bigint;
  readonly marker: bigint;
}

/** Aborted transactions that touch [from, to). Call within `store.read`. */
export function abortedIn(store: Store, partition: number, from: number, to: number): Aborted[] {
  const found: Aborted[] = [];
  const range = { start: entryKey(partition, from), end: entryKey(partition + 1, 0) };
  for (const { key, value } of store.aborted.getRange(range)) {
    const bytes = Buffer.from(value);
    const first = bytes.readDoubleBE(0);
    if (first < to) {
      found.push({ producer: BigInt(readU64(key, 12)), first: BigInt(first), marker: BigInt(readU64(key, 4)) });
    }
    // What was stable when this one ended holds for all that end later.
    if (bytes.readDoubleBE(8) >= to) break;
  }
  return found;
}

export function isAborted(header: BatchHeader, aborted: readonly Aborted[]): boolean {
  if (!header.transactional || header.control) return false;
  return aborted.some(
    ({ producer, first, marker }) =>
      producer === header.producerId && first <= header.baseOffset && header.baseOffset < marker,
  );
}

export interface ReadPart {
  readonly topic: string;
  readonly partition: number;
  /** In the store. */
  readonly id: number;
  readonly from: number;
  readonly end: number;
  readonly isolation: Isolation;
  readonly maxBytes: number;
}

/**
 * Reads batches from the one that holds `from` on, up to `maxBytes` (one at least), their checksums
 * verified, and puts those with something to deliver into `into`. Returns where to read on. Call
 * within `store.read`.
 */
export function readBatches(
  store: Store,
  part: ReadPart,
  into: FetchedBatch[],
): { readonly next: number; readonly bytes: number } {
  const { topic, partition, id, from, end, isolation, maxBytes } = part;
  const aborted = isolation === 'read_committed' ? abortedIn(store, id, from, end) : [];
  let next = from;
  let bytes = 0;
  for (const { key, value } of store.log.getRange({ start: entryKey(id, from), end: entryKey(id, end) })) {
    if (bytes > 0 && bytes + value.length > maxBytes) return { next, bytes };
    const batch = asBuffer(value);
    verifyBatch(batch);
    const header = readBatchHeader(batch);
    next = readU64(key, 4) + 1;
    bytes += batch.length;
    const hidden = header.control || isAborted(header, aborted);
    if (!hidden) into.push({ topic, partition, bytes: batch });
    if (bytes >= maxBytes) return { next, bytes };
  }
  return { next: end, bytes };
}

/** First offset in [start, end) whose record has `timestampMs` or later; `end` where there is none. Call within `store.read`. */
export function offsetAtTime(store: Store, partition: number, bounds: Bounds, timestampMs: number): number {
  const from = Math.max(bounds.start, indexedBefore(store, partition, timestampMs));
  const range = { start: entryKey(partition, from), end: entryKey(partition, bounds.end) };
  for (const { value } of store.log.getRange(range)) {
    const batch = asBuffer(value);
    if (readBatchHeader(batch).control || readBatchHeader(batch).maxTimestampMs < timestampMs) continue;
    verifyBatch(batch);
    const record = new RecordCursor(batch);
    while (record.next()) {
      const offset = Number(record.offset);
      if (record.timestampMs >= timestampMs && offset >= bounds.start) return offset;
    }
  }
  return bounds.end;
}

/** An offset before which every record is older than `timestampMs`. */
export function indexedBefore(store: Store, partition: number, timestampMs: number): number {
  if (timestampMs <= 0) return 0;
  const start = entryKey(partition, timestampMs - 1);
  for (const { key, value } of store.time.getRange({ start, end: entryKey(partition, 0), reverse: true, limit: 1 })) {
    if (asBuffer(key).readUInt32BE(0) === partition) return asBuffer(value).readDoubleBE(0) + 1;
  }
  return 0;
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
