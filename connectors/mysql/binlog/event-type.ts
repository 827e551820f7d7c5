/** Types of binlog events (`Log_event_type` of both families). */
export const EVENT = {
  query: 2,
  stop: 3,
  rotate: 4,
  intvar: 5,
  random: 13,
  userVariable: 14,
  formatDescription: 15,
  xid: 16,
  beginLoad: 17,
  executeLoad: 18,
  tableMap: 19,
  writeRowsV1: 23,
  updateRowsV1: 24,
  deleteRowsV1: 25,
  incident: 26,
  heartbeat: 27,
  ignorable: 28,
  rowsQuery: 29,
  writeRows: 30,
  updateRows: 31,
  deleteRows: 32,
  gtid: 33,
  anonymousGtid: 34,
  previousGtids: 35,
  transactionContext: 36,
  viewChange: 37,
  xaPrepare: 38,
  partialUpdateRows: 39,
  transactionPayload: 40,
  heartbeatV2: 41,
  taggedGtid: 42,
  annotateRows: 160,
  checkpoint: 161,
  mariadbGtid: 162,
  mariadbGtidList: 163,
  startEncryption: 164,
  queryCompressed: 165,
  writeRowsCompressedV1: 166,
  updateRowsCompressedV1: 167,
  deleteRowsCompressedV1: 168,
  writeRowsCompressed: 169,
  updateRowsCompressed: 170,
  deleteRowsCompressed: 171,
} as const;

/** Each file begins with them: sent anew at each connection, they are as old as the file. */
export const FILE_HEADS: ReadonlySet<number> = new Set([
  EVENT.formatDescription,
  EVENT.previousGtids,
  EVENT.mariadbGtidList,
]);

/** Events that say nothing of rows or places. */
export const PASSED_OVER: ReadonlySet<number> = new Set([
  EVENT.stop,
  EVENT.intvar,
  EVENT.random,
  EVENT.userVariable,
  EVENT.heartbeat,
  EVENT.heartbeatV2,
  EVENT.ignorable,
  EVENT.previousGtids,
  EVENT.transactionContext,
  EVENT.viewChange,
  EVENT.checkpoint,
  EVENT.mariadbGtidList,
  EVENT.startEncryption,
]);

/** Set on events that a reader that does not know them may pass over. */
export const IGNORABLE = 0x80;
/** Set on events the server made up for this connection. */
export const ARTIFICIAL = 0x20;

export const HEADER_BYTES = 19;
export const CHECKSUM_BYTES = 4;

/** What a rows event does to rows, and in which form. */
export interface RowsKind {
  readonly op: 'insert' | 'update' | 'delete';
  /** Version 2: more may follow the flags. */
  readonly v2: boolean;
  readonly compressed: boolean;
  readonly partial: boolean;
}

const ROWS: ReadonlyMap<number, RowsKind> = new Map(
  (
    [
      [EVENT.writeRowsV1, 'insert', false, false],
      [EVENT.updateRowsV1, 'update', false, false],
      [EVENT.deleteRowsV1, 'delete', false, false],
      [EVENT.writeRows, 'insert', true, false],
      [EVENT.updateRows, 'update', true, false],
      [EVENT.deleteRows, 'delete', true, false],
      [EVENT.writeRowsCompressedV1, 'insert', false, true],
      [EVENT.updateRowsCompressedV1, 'update', false, true],
      [EVENT.deleteRowsCompressedV1, 'delete', false, true],
      [EVENT.writeRowsCompressed, 'insert', true, true],
      [EVENT.updateRowsCompressed, 'update', true, true],
      [EVENT.deleteRowsCompressed, 'delete', true, true],
      [EVENT.partialUpdateRows, 'update', true, false],
    ] as const
  ).map(([type, op, v2, compressed]) => [type, { op, v2, compressed, partial: type === EVENT.partialUpdateRows }]),
);

/** undefined: not a rows event. */
export function rowsKind(type: number): RowsKind | undefined {
  return ROWS.get(type);
}
