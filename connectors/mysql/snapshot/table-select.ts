import type { Column, Table } from '../catalog/table.ts';
import { quoteName } from '../quoting.ts';

/** A part of a table: rows whose first key column is at least `from` and below `to`, both whole numbers as text. */
export interface Chunk {
  readonly from: string | null;
  readonly to: string | null;
}

/** Reads a table, or a chunk of it, so that cells are what the codecs of the format `text` expect. */
export function selectSql(table: Table, { from, to }: Chunk): string {
  const columns = table.columns.map(columnSql).join(', ');
  const first = quoteName(table.columns[table.key[0] ?? -1]?.name ?? '');
  const where = [...(from === null ? [] : [`${first} >= ${from}`]), ...(to === null ? [] : [`${first} < ${to}`])].join(
    ' AND ',
  );
  return `SELECT ${columns} FROM ${tableSql(table)}${where === '' ? '' : ` WHERE ${where}`}`;
}

export function tableSql({ database, name }: Pick<Table, 'database' | 'name'>): string {
  return `${quoteName(database)}.${quoteName(name)}`;
}

/** The text of a float has six digits only; as a double it has all. */
export function columnSql({ name, type }: Column): string {
  return type === 'float' ? `${quoteName(name)} + 0e0` : quoteName(name);
}

/** Whether a table can be cut: its key begins with a whole number. */
export function isDivisible(table: Table): boolean {
  const first = table.columns[table.key[0] ?? -1];
  return first !== undefined && ['tinyint', 'smallint', 'mediumint', 'int', 'bigint'].includes(first.type);
}

/** Finds where the next chunk begins: the first key column's value so many rows further. */
export function boundarySql(table: Table, from: string | null, rows: number): string {
  const first = quoteName(table.columns[table.key[0] ?? -1]?.name ?? '');
  const where = from === null ? '' : ` WHERE ${first} >= ${from}`;
  return `SELECT ${first} AS b FROM ${tableSql(table)}${where} ORDER BY ${first} LIMIT 1 OFFSET ${rows}`;
}
