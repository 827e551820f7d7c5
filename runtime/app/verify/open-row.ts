import { rowHash } from './canonical-text.ts';

/** A row whose last event shows placeholders: each may be a value that stayed, or that very text. */
export interface OpenRow {
  /** With the values that stayed, as far as they are known. */
  readonly fields: readonly string[];
  /** Indices of the columns that could be read otherwise. */
  readonly columns: readonly number[];
  /** What stayed is not known: the row moved here from another partition. */
  readonly unknown: boolean;
}

/** Most columns of a row of which every reading is tried. */
const MOST_OPEN = 6;

/** Whether the row has this hash in another reading; `literal`: the field of a column's placeholder. */
export function canBe(row: OpenRow | undefined, hash: bigint, literal: (column: number) => string): boolean {
  if (row === undefined || row.columns.length === 0) return row?.unknown ?? false;
  if (row.unknown || row.columns.length > MOST_OPEN) return true;
  for (let chosen = 1; chosen < 1 << row.columns.length; chosen++) {
    const reading = [...row.fields];
    for (const [bit, column] of row.columns.entries()) {
      if ((chosen & (1 << bit)) !== 0) reading[column] = literal(column);
    }
    if (rowHash(reading) === hash) return true;
  }
  return false;
}
