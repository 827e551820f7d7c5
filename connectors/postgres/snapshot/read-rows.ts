import type { RowLayout } from '../../../runtime/record/row-layout.ts';
import type { Table } from '../catalog/table.ts';
import { META, META_CELLS } from '../row/source-block.ts';

/** How the rows of one table version are read: by binary COPY into rows of op `r`. */
export interface ReadRows {
  readonly table: Table;
  /** Meta cells, then the table's columns; null: records of op `r` are not wanted. */
  readonly layout: RowLayout | null;
  /** Per column: true where its type has no send function, so that its text is read. */
  readonly asText: readonly boolean[];
}

/** Where the rows of a batch come from: the same for all of them. */
export interface ReadOrigin {
  /** WAL position they are true at; null in a window. */
  readonly lsn: bigint | null;
  /** The stream's position as Debezium's `sequence` has it. */
  readonly sequence: string;
  readonly xid: number | null;
  /** Time of the snapshot, epoch microseconds. */
  readonly sourceUs: bigint;
}

/** Debezium's `source.snapshot` of rows that were read. */
export type ReadMarker =
  | 'first'
  | 'first_in_data_collection'
  | 'last_in_data_collection'
  | 'last'
  | 'true'
  | 'incremental';

/** Texts of the meta cells, in order; null: NULL. */
export function readMeta(origin: ReadOrigin, marker: ReadMarker, nowUs: bigint): readonly (string | null)[] {
  const cells: (string | null)[] = Array.from({ length: META_CELLS }, () => null);
  cells[META.sourceUs] = origin.sourceUs.toString();
  cells[META.snapshot] = marker;
  cells[META.sequence] = origin.sequence;
  cells[META.txId] = origin.xid === null ? null : origin.xid.toString();
  cells[META.lsn] = origin.lsn === null ? null : origin.lsn.toString();
  cells[META.eventUs] = nowUs.toString();
  return cells;
}
