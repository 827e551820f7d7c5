import type { Connection, TextRow } from '../connection.ts';

/** What information_schema says of a table's columns, in their order, and of its primary key, in its own. */
export interface ColumnRows {
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
    `SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, CHARACTER_MAXIMUM_LENGTH,
       NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION, CHARACTER_SET_NAME, COLUMN_DEFAULT, EXTRA
     FROM information_schema.COLUMNS WHERE ${of} ORDER BY ORDINAL_POSITION`,
  );
  const found = chosen(columns, database, name);
  if (found === undefined) return undefined;
  const keys = await reader.query(
    doing,
    `SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME FROM information_schema.STATISTICS
     WHERE ${of} AND INDEX_NAME = 'PRIMARY' ORDER BY SEQ_IN_INDEX`,
  );
  const same = (row: TextRow): boolean =>
    row['TABLE_SCHEMA'] === found['TABLE_SCHEMA'] && row['TABLE_NAME'] === found['TABLE_NAME'];
  return { columns: columns.filter(same), keys: keys.filter(same) };
}

/**
 * The condition that finds a table in information_schema, and maybe others whose names differ in case only. MySQL 5.7
 * and MariaDB look into no other table only where the name is in the catalogue's own character set.
 */
export function ofTable(database: string, name: string): string {
  return `TABLE_SCHEMA = ${catalogText(database)} AND TABLE_NAME = ${catalogText(name)}`;
}

function catalogText(text: string): string {
  return `CONVERT(0x${Buffer.from(text, 'utf8').toString('hex')} USING utf8)`;
}

/** Tables may have names that differ in case only: then only one is meant. */
function chosen(rows: readonly TextRow[], database: string, name: string): TextRow | undefined {
  return rows.find((row) => row['TABLE_SCHEMA'] === database && row['TABLE_NAME'] === name) ?? rows[0];
}
