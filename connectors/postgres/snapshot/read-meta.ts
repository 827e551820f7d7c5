import { META, META_CELLS } from '../row/source-block.ts';

/** Where the rows of a batch come from: the same for all of them. */
export interface ReadOrigin {
  /** WAL position they are true at; null in a window. */
  readonly lsn: bigint | null;
  /** The stream's position, as Debezium's `sequence` has it. */
  readonly sequence: string;
  readonly xid: string | null;
  /** Time of the snapshot, epoch microseconds. */
  readonly sourceUs: bigint;
}

/** Debezium's `source.snapshot` of rows that were read. */
export const MARKERS = [
  'true',
  'first',
  'first_in_data_collection',
  'last_in_data_collection',
  'last',
  'incremental',
] as const;
export type ReadMarker = (typeof MARKERS)[number];

/** Texts of the meta cells, in order; null: NULL. */
export function readMeta(origin: ReadOrigin, marker: ReadMarker, nowUs: bigint): readonly (string | null)[] {
  const cells: (string | null)[] = Array.from({ length: META_CELLS }, () => null);
  cells[META.sourceUs] = origin.sourceUs.toString();
  cells[META.snapshot] = marker;
  cells[META.sequence] = origin.sequence;
  cells[META.txId] = origin.xid;
  cells[META.lsn] = origin.lsn === null ? null : origin.lsn.toString();
  cells[META.eventUs] = nowUs.toString();
  return cells;
}
