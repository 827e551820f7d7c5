import { placeBatch } from '../../batch/seal-batch.ts';
import { readBatchHeader, type BatchHeader } from '../../batch/batch-header.ts';
import type { Commit } from './commit.ts';
import { abortedKey, entryKey, rowKey } from '../store/key.ts';
import { EMPTY_ROW, encodeRow, type PartitionRow } from '../store/partition-row.ts';
import type { Store } from '../store/store.ts';
import type { TopicSettings } from './topic-config.ts';

const INDEX_MS = 1000;
const INDEX_BYTES = 1024 * 1024;

interface Snapshot {
  readonly row: PartitionRow;
  readonly open: ReadonlyMap<number, number>;
}

/** A partition as the writer holds it. Changed within a {@link Commit} only. */
export class Partition {
  readonly id: number;
  readonly topic: string;
  readonly index: number;
  settings: TopicSettings;
  deleted = false;
  #row: PartitionRow;
  /** Offsets a reader may see now. */
  #syncedEnd: number;
  #syncedLso: number;
  /** First offset of each open transaction, by producer. */
  #open = new Map<number, number>();

  constructor(id: number, topic: string, index: number, settings: TopicSettings, row: PartitionRow = EMPTY_ROW) {
    this.id = id;
    this.topic = topic;
    this.index = index;
    this.settings = settings;
    this.#row = row;
    this.#syncedEnd = row.end;
    this.#syncedLso = row.lso;
  }

  get row(): PartitionRow {
    return this.#row;
  }

  get start(): number {
    return this.#row.start;
  }

  get end(): number {
    return this.#row.end;
  }

  /** First offset of the earliest open transaction, or the end. */
  get lastStable(): number {
    let lowest = this.#row.end;
    for (const first of this.#open.values()) if (first < lowest) lowest = first;
    return lowest;
  }

  readable(committed: boolean): number {
    return committed ? this.#syncedLso : this.#syncedEnd;
  }

  /** What has been written is durable now. */
  synced(): void {
    this.#syncedEnd = this.#row.end;
    this.#syncedLso = this.lastStable;
  }

  snapshot(): Snapshot {
    return { row: this.#row, open: new Map(this.#open) };
  }

  restore(before: Snapshot): void {
    this.#row = before.row;
    this.#open = new Map(before.open);
  }

  change(commit: Commit, to: Partial<PartitionRow>): void {
    commit.touch(this);
    this.#row = { ...this.#row, ...to };
  }

  writeRow(store: Store, seq: number): void {
    this.#row = {
      ...this.#row,
      seq,
      lso: this.lastStable,
      syncedEnd: this.#syncedEnd,
      syncedLso: this.#syncedLso,
    };
    void store.state.put(rowKey(this.id), encodeRow(this.#row));
  }

  /** Appends a sealed, verified batch. Returns its base offset. */
  append(commit: Commit, store: Store, batch: Buffer, header: BatchHeader = readBatchHeader(batch)): number {
    commit.touch(this);
    const row = this.#row;
    const baseOffset = row.end;
    const lastOffset = baseOffset + header.lastOffsetDelta;
    placeBatch(batch, BigInt(baseOffset), 0);
    void store.log.put(entryKey(this.id, lastOffset), batch);
    const maxTimestampMs = Math.max(row.maxTimestampMs, header.maxTimestampMs);
    const bytesSinceIndex = row.bytesSinceIndex + batch.length;
    const indexed =
      maxTimestampMs > row.indexedTimestampMs &&
      (maxTimestampMs >= row.indexedTimestampMs + INDEX_MS || bytesSinceIndex >= INDEX_BYTES);
    if (indexed) this.#indexTime(store, maxTimestampMs, lastOffset);
    this.#row = {
      ...row,
      end: lastOffset + 1,
      sizeBytes: row.sizeBytes + batch.length,
      dirtyBytes: row.dirtyBytes + batch.length,
      maxTimestampMs,
      indexedTimestampMs: indexed ? maxTimestampMs : row.indexedTimestampMs,
      bytesSinceIndex: indexed ? 0 : bytesSinceIndex,
    };
    return baseOffset;
  }

  #indexTime(store: Store, timestampMs: number, lastOffset: number): void {
    const value = Buffer.allocUnsafe(8);
    value.writeDoubleBE(lastOffset);
    void store.time.put(entryKey(this.id, timestampMs), value);
  }

  /** A transaction of `producerId` begins here with the next offset, unless it has begun. True when it did now. */
  join(commit: Commit, producerId: number): boolean {
    if (this.#open.has(producerId)) return false;
    commit.touch(this);
    this.#open.set(producerId, this.#row.end);
    return true;
  }

  /** As read from the store at start. */
  reopen(producerId: number, firstOffset: number): void {
    this.#open.set(producerId, firstOffset);
    this.#syncedLso = this.lastStable;
  }

  /** Ends the transaction of `producerId` with a marker. */
  endTransaction(commit: Commit, store: Store, producerId: number, marker: Buffer, aborted: boolean): void {
    const firstOffset = this.#open.get(producerId);
    const markerOffset = this.append(commit, store, marker);
    this.#open.delete(producerId);
    if (!aborted || firstOffset === undefined) return;
    const value = Buffer.allocUnsafe(16);
    value.writeDoubleBE(firstOffset, 0);
    value.writeDoubleBE(this.lastStable, 8);
    void store.aborted.put(abortedKey(this.id, markerOffset, producerId), value);
  }
}
