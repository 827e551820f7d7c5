import type { SourceBatch } from '../../../runtime/connector/source.ts';
import type { JsonObject } from '../../../runtime/record/record.ts';
import type { Position } from '../../../runtime/connector/source.ts';
import type { Table } from '../catalog/table.ts';
import type { StreamHooks } from './stream-hooks.ts';

/** Where the stream begins after a snapshot phase. */
export interface StreamStart {
  /** Consistent point of the slot; 0n: as the stored stream offset says. */
  readonly lsn: bigint;
  /** Windows still open, or to be opened by signals; undefined: none can ever be. */
  readonly hooks?: StreamHooks;
  readonly beside?: BesideReader;
}

/** Reads tables beside the stream that it did not have all the time. */
export interface BesideReader {
  /** Why reading cannot go on: the stream ends with it at its next event, the task where none comes. */
  readonly failure: Error | undefined;
  /** The stream passed changes of this table that made no records, and nothing reads it yet. */
  outOfSight(oid: number): boolean;
  /** Begins to read the table; returns why it cannot. `membership`: as it is published now. */
  read(table: Table, membership: string): string | undefined;
}

/**
 * The phase before the stream. The task opens it, reads it until it returns null, then streams
 * from {@link start}. It stays open (its windows work beside the stream) until the task closes.
 */
export interface SnapshotPhase {
  /** Text for the task's stage: "snapshot of public.orders". */
  open(signal: AbortSignal): Promise<void>;
  /** Snapshot batches, each with its done marks as progress; null: none is left. */
  read(signal: AbortSignal): Promise<SourceBatch | null>;
  /** Called for every committed position whose partition is not the stream's own. */
  committed?(partition: JsonObject, position: Position): Promise<void>;
  /** Valid once `read` returned null. */
  start(): StreamStart;
  /** True: end the task after the snapshot (`initial_only`). */
  readonly only: boolean;
  /** Idempotent. */
  close(): Promise<void>;
}
