import type { Progress } from '../../../runtime/connector/source.ts';
import type { JsonObject } from '../../../runtime/record/record.ts';
import type { RowBlock } from '../../../runtime/record/row-block.ts';
import type { Table } from '../catalog/table.ts';

/**
 * A row change as the stream sees it, before it becomes records. Cells are text; they lie in
 * `block.arena`, column `i` of a tuple in cell `before + i` or `after + i` of `block.cells`. Copy
 * what outlives the call.
 */
export interface RowEvent {
  readonly op: 'c' | 'u' | 'd';
  /** The table version the tuple was decoded with. */
  readonly table: Table;
  readonly block: RowBlock;
  /** First cell of the old tuple (key columns only unless the replica identity is FULL: the others are NULL cells); -1: none was sent. */
  readonly before: number;
  /** First cell of the new tuple; -1: a delete. */
  readonly after: number;
  /** Some cell of the new tuple is UNCHANGED_CELL (TOAST). */
  readonly unchangedToast: boolean;
  /** Transaction, 32 bits as `pg_current_snapshot()` shows them modulo its epoch. */
  readonly xid: number;
}

/** Rows that go into the stream at exactly this place, as one batch with the stream's own offset (I3). */
export interface Injection {
  /** Handed over as a batch of its own, even when it has no rows. */
  readonly block: RowBlock;
  /** Further source partitions whose offset is stored with the stream's: done marks. */
  readonly progress: readonly Progress[];
  /** As `SourceBatch.release`. */
  release?(): void;
}

/** A logical message (`pg_logical_emit_message`). `content` is valid during the call only. */
export interface LogicalMessage {
  readonly prefix: string;
  readonly content: Buffer;
  readonly lsn: bigint;
  readonly transactional: boolean;
  /** Of a transactional message; 0 otherwise. */
  readonly xid: number;
}

/**
 * What a snapshot window (`docs/decisions/20261125-postgres-snapshot.md`) hears from the stream. Calls come synchronously, in
 * stream order, and only for what was not handed over before a restart. They must not throw except
 * to stop the task.
 */
export interface StreamHooks {
  /**
   * True while {@link onRow} wants rows. Asked before each row event: a plain field, so that a
   * stream without windows pays nothing.
   */
  readonly watchingRows: boolean;
  /** False drops the row: it makes no record, and counts as handed over. */
  onRow(event: RowEvent): boolean;
  /** TRUNCATE, once per truncated table the stream knows; before its records are made. False drops them. */
  onTruncate(table: Table, xid: number): boolean;
  /** A table's definition arrived or changed; `before` is undefined the first time. */
  onRelation(table: Table, before: Table | undefined): void;
  /** Changes of a table follow whose name is not captured: they make no records. */
  onUncaptured(oid: number): void;
  /**
   * Window marks. A returned injection ends the current batch, and follows it. `'ours'`: the
   * message was a mark of ours and makes no record. undefined: an ordinary message.
   */
  onMessage(message: LogicalMessage): Injection | 'ours' | undefined;
  /**
   * Keys that go into the stream's own offset at this place (names below `millrace.`, primitive
   * values): what windows must not forget once the stream has passed it. Asked whenever a position
   * is made (per batch, not per row); undefined: nothing, which is nearly always so.
   */
  annotation(): JsonObject | undefined;
  /** A transaction begins; its rows follow. */
  onBegin(xid: number, commitLsn: bigint): void;
  /** A transaction is complete. `endLsn`: where the next may start. */
  onCommit(xid: number, commitLsn: bigint, endLsn: bigint): void;
}
