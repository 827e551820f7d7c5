import type { Env } from '../env/env.ts';
import type { Datum, RawHeader, TopicPartition } from '../record/record.ts';
import type { TaskContext } from './context.ts';

/**
 * A record on its way into a sink. The bytes are as they stand in the hub; `key()` and `value()`
 * decode them through the connector's converters and transforms when first called, and throw a
 * `data` error if they cannot be decoded. While `rawValue` is not null, they are the value:
 * a sink may pass them on unread.
 */
export interface SinkRecord {
  /** Topic, partition and offset in the hub, whatever transforms did: durable offsets are told by them. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** Topic name that transforms gave the record: what it is stored under is named after it. undefined: `topic`. */
  readonly destination?: string;
  /** Epoch milliseconds. */
  readonly timestampMs: number;
  readonly headers: readonly RawHeader[];
  readonly rawKey: Uint8Array | null;
  readonly rawValue: Uint8Array | null;
  /** True for a record without a value. */
  readonly tombstone: boolean;
  /**
   * How `rawValue` is encoded, if it is what `value()` would decode: `json` is a JSON document of the
   * value itself, without an envelope around it.
   */
  readonly encoding: 'json' | 'string' | 'bytes' | 'other';
  /** The same of `rawKey`; undefined: not known. */
  readonly keyEncoding?: SinkRecord['encoding'];
  key(): Datum;
  value(): Datum;
}

/** A record that this sink will not take; the runner dead-letters it or stops the task (I5). */
export interface SinkRejection {
  readonly record: SinkRecord;
  readonly error: Error;
}

/** Keys are `topic-partition` names (`topicPartitionName`); an offset is the next one to read. */
export type Offsets = ReadonlyMap<string, bigint>;

export interface SinkResult {
  /** Partitions whose durable position moved: everything before the offset is safe in the target. */
  readonly durable: Offsets;
  readonly rejected?: readonly SinkRejection[];
  /** Read these partitions on from here instead. */
  readonly seek?: Offsets;
  /** Nothing of this batch was taken: offer it again after this time. */
  readonly retryAfterMs?: number;
}

export interface Assigned {
  readonly partition: TopicPartition;
  /** Committed offset: the next record `write` will see. */
  readonly offset: bigint;
  /** An offset is committed: what lies before it is in the target. Absent: the partition is new to the group. */
  readonly committed?: boolean;
  /** The topic itself, for sinks that keep offsets in their target: offsets of another one never compare. */
  readonly topic?: TopicFacts;
}

/** What tells a topic from one of the same name. */
export interface TopicFacts {
  /** Differs between a topic and one made anew after its deletion. */
  readonly id: string;
  /** Keys move between partitions when it grows. */
  readonly partitions: number;
  /**
   * When it grew, oldest first: how many partitions there were, and the offset from which on everything was
   * appended since, in whatever partition. So the newer of two records of a key has the larger offset, and comes
   * later. Absent: the hub does not keep that through a growth.
   */
  readonly growths?: readonly { readonly partitions: number; readonly offset: bigint }[];
}

export interface SinkTaskStart {
  readonly env: Env;
  readonly context: TaskContext;
  readonly signal: AbortSignal;
}

/** A dead letter that a sink is given again. */
export interface RedrivenRecord {
  /** At its old place: topic, partition and offset are its version, and lie before what was written since. */
  readonly record: SinkRecord;
  /** Names this attempt. After a crash the records of the last call, and no others, may come again under the same ids. */
  readonly id: string;
}

/** One task of a sink. Calls come from one thread, one at a time. */
export interface SinkTask {
  open(start: SinkTaskStart): Promise<void>;
  assign(added: readonly Assigned[]): Promise<void>;
  /** Returns what is durable of the removed partitions. `lost`: another task may own them already, so nothing may be written. */
  revoke(removed: readonly TopicPartition[], how: { readonly lost: boolean }): Promise<Offsets>;
  /** Takes records in offset order per partition. Must tolerate replays of what it has seen. */
  write(batch: readonly SinkRecord[], signal: AbortSignal): Promise<SinkResult>;
  /**
   * Makes durable what the task holds and chooses to finish now; called before offsets are
   * committed, and at least every `offset.flush.interval.ms`, also without new records.
   */
  flush?(signal: AbortSignal): Promise<SinkResult>;
  /**
   * Takes dead letters again, between writes and after a flush; they are durable when it resolves. Must
   * not write one twice: by its version, or by its id. A sink without it cannot be redriven into.
   */
  redrive?(
    batch: readonly RedrivenRecord[],
    signal: AbortSignal,
  ): Promise<{ readonly rejected?: readonly SinkRejection[] }>;
  /** Idempotent; called even if `open` failed. */
  close(): Promise<void>;
}
