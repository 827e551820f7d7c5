import type { Env } from '../env/env.ts';
import type { Datum, Header, JsonObject } from '../record/record.ts';
import type { RowBlock } from '../record/row-block.ts';
import type { RowLayout } from '../record/row-layout.ts';
import type { TaskContext } from './context.ts';

/**
 * Where a source stands, in a form of the connector's own. Kept per batch, not per record; the
 * offset's JSON is made only when it is committed.
 */
export interface Position {
  toOffset(): JsonObject;
}

/** After the records of its batch, `partition` stands at `position`. */
export interface Progress {
  readonly partition: JsonObject;
  readonly position: Position;
}

/** A committed source offset, as Kafka Connect stores it. */
export interface SourceOffset {
  readonly partition: JsonObject;
  readonly offset: JsonObject;
}

/** One record of a connector that makes records one by one. */
export interface SourceRecord {
  readonly topic: string;
  /** Fixed topic partition; undefined: by the key's hash. */
  readonly partition?: number;
  readonly key: Datum | null;
  readonly value: Datum | null;
  readonly headers?: readonly Header[];
  /** Epoch milliseconds; undefined: the time it is produced. */
  readonly timestampMs?: number;
  /** Source partition and offset after this record. Needed unless the batch carries `progress`. */
  readonly source?: SourceOffset;
}

/** What the source could not turn into a record: for dead letters. */
export interface RejectedSource {
  readonly raw: Uint8Array;
  readonly source: SourceOffset;
  readonly error: Error;
}

/**
 * What one read gave. `records` are in source order; in exactly-once the batch, its dead letters
 * and its progress are one hub transaction.
 */
export interface SourceBatch {
  readonly records: RowBlock | readonly SourceRecord[];
  /** Where each source partition stands after `records`. Alone (no records) it lets idle sources advance. */
  readonly progress?: readonly Progress[];
  readonly rejected?: readonly RejectedSource[];
  /** Called once, as soon as the records' bytes have been copied: the block may be filled again. */
  release?(): void;
}

/**
 * What a source writes down for itself, in a topic of the hub: facts that it has to know again to read on, which are
 * no offset. One partition, nothing is ever dropped from it.
 */
export interface Journal {
  /** Every entry so far, oldest first. `entry` shares memory that is used again: copy what is kept. */
  read(visit: (entry: Buffer) => void, signal: AbortSignal): Promise<void>;
  /** Appends in order; resolves when the entries are durable. Not part of any transaction. */
  append(entries: readonly string[]): Promise<void>;
}

export interface SourceTaskStart {
  /** Last durable offset of each source partition of the connector; empty on the first run. */
  readonly offsets: readonly SourceOffset[];
  readonly env: Env;
  readonly context: TaskContext;
  /** Aborts when the task is asked to stop. */
  readonly signal: AbortSignal;
  /**
   * Opens the journal in this topic, which is created where it is missing; it lives as long as the task. Throws a
   * `config` error for a topic that is no journal's. Absent: whoever runs the task has no hub.
   */
  readonly journal?: (topic: string) => Promise<Journal>;
}

/**
 * One task of a source. Calls come from one thread, one at a time, except that `committed`, `layout`
 * and `revive` may overlap a pending `read`.
 */
export interface SourceTask {
  /** Connects and finds the place to resume from. Throws where that place is in doubt (I2, D16). */
  open(start: SourceTaskStart): Promise<void>;
  /**
   * Waits for data or progress; null: the source has ended. Rejects with the signal's reason when
   * it aborts. The runner calls it again only while its byte budget has room: what a task buffers
   * ahead of that is its own to bound.
   */
  read(signal: AbortSignal): Promise<SourceBatch | null>;
  /**
   * Everything up to this position, and the offset itself, is durable in the hub: upstream may
   * forget it (I1). Positions come in order, with gaps: later ones cover earlier ones.
   */
  committed?(partition: JsonObject, position: Position): Promise<void>;
  /**
   * The layout of rows by the options as they are now, from what `RowLayout.origin` told when such a row
   * became a dead letter. Throws where the options let no such row through. Without it rows whose cells
   * cannot be decoded cannot be redriven.
   */
  layout?(origin: JsonObject): RowLayout;
  /**
   * The records of what the task rejected before, read by its code and options as they are now. Throws a
   * `data` error where they are still unreadable. Without it such dead letters cannot be redriven.
   */
  revive?(rejected: Pick<RejectedSource, 'raw' | 'source'>): Promise<readonly SourceRecord[]>;
  /** Idempotent; called even if `open` failed. */
  close(): Promise<void>;
}
