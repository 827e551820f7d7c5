import type { Connection, TextRow } from '../connection.ts';
import { quoteText } from '../quoting.ts';

/** What information_schema says of a table's columns, in their order, and of its primary key, in its own. */
interface ColumnRows {
  readonly columns: readonly TextRow[];
  /** `COLUMN_NAME` each. */
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
    `SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE,
       DATETIME_PRECISION, CHARACTER_SET_NAME, COLUMN_DEFAULT, EXTRA
     FROM information_schema.COLUMNS WHERE ${of} ORDER BY ORDINAL_POSITION`,
  );
  if (columns.length === 0) return undefined;
  const keys = await reader.query(
    doing,
    `SELECT COLUMN_NAME FROM information_schema.STATISTICS WHERE ${of} AND INDEX_NAME = 'PRIMARY' ORDER BY SEQ_IN_INDEX`,
  );
  return { columns, keys };
}

/**
 * The condition that finds a table in information_schema. Names are compared byte by byte: collations of the
 * session, and MariaDB's of these views, take `Item` for `item` and `café` for `cafe`.
 */
export function ofTable(database: string, name: string): string {
  return `TABLE_SCHEMA = ${exactly(database)} AND TABLE_NAME = ${exactly(name)}`;
}

function exactly(name: string): string {
  return `${quoteText(name)} COLLATE utf8mb4_bin`;
}
