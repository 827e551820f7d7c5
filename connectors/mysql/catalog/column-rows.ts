import type { Connection, TextRow } from '../connection.ts';
import { quoteText } from '../quoting.ts';

/** What information_schema says of a table's columns, in their order, and of its key, in its own. */
export interface ColumnRows {
  readonly columns: readonly TextRow[];
  /** `COLUMN_NAME` and `INDEX_NAME` each. Without a primary key: the first unique index over NOT NULL columns, by name. */
  readonly keys: readonly TextRow[];
}

/** undefined: there is no such table. `doing`: what errors say. */
export async function readColumnRows(
  reader: Pick<Connection, 'query'>,
  doing: string,
  database: string,
  name: string,
): Promise<ColumnRows | undefined> {
  const of = ofTable(database, name);
  const columns = await reader.query(
    doing,
    `SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, CHARACTER_MAXIMUM_LENGTH,
       NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION, CHARACTER_SET_NAME, COLUMN_DEFAULT, EXTRA
     FROM information_schema.COLUMNS WHERE ${of} ORDER BY ORDINAL_POSITION`,
  );
  if (columns.length === 0) return undefined;
  const unique = await reader.query(
    doing,
    `SELECT INDEX_NAME, COLUMN_NAME, NULLABLE FROM information_schema.STATISTICS
     WHERE ${of} AND NON_UNIQUE = 0 ORDER BY INDEX_NAME <> 'PRIMARY', INDEX_NAME, SEQ_IN_INDEX`,
  );
  return { columns, keys: keyOf(unique) };
}

/** The parts of the first index that tells rows apart: none may be NULL, or an expression. */
function keyOf(unique: readonly TextRow[]): readonly TextRow[] {
  const loose = new Set(
    unique.filter((row) => row['NULLABLE'] === 'YES' || row['COLUMN_NAME'] === null).map((row) => row['INDEX_NAME']),
  );
  const first = unique.find((row) => !loose.has(row['INDEX_NAME']))?.['INDEX_NAME'];
  return unique.filter((row) => row['INDEX_NAME'] === first);
}

/**
 * The condition that finds a table in information_schema. Names are compared byte by byte: collations of the
 * session, and MariaDB's of these views, take `Item` for `item` and `café` for `cafe`. MySQL 5.7 looks into no other
 * table only where it is asked in the catalogue's own character set too.
 */
export function ofTable(database: string, name: string): string {
  const found = `TABLE_SCHEMA = ${catalogText(database)} AND TABLE_NAME = ${catalogText(name)}`;
  return `${found} AND TABLE_SCHEMA = ${exactly(database)} AND TABLE_NAME = ${exactly(name)}`;
}

function catalogText(text: string): string {
  return `CONVERT(0x${Buffer.from(text, 'utf8').toString('hex')} USING utf8)`;
}

function exactly(name: string): string {
  return `${quoteText(name)} COLLATE utf8mb4_bin`;
}
