import type { Column, NamedTable, Table } from '../catalog/table.ts';
import { quoteName } from '../quoting.ts';

/** Reads a table so that cells are what the codecs of the format `text` expect. */
export function selectSql(table: Table): string {
  return `SELECT ${table.columns.map(columnSql).join(', ')} FROM ${tableSql(table)}`;
}

export function tableSql({ database, name }: NamedTable): string {
  return `${quoteName(database)}.${quoteName(name)}`;
}

/** The text of a float has six digits only; as a double it has all. */
export function columnSql({ name, type }: Column): string {
  return type === 'float' ? `${quoteName(name)} + 0e0` : quoteName(name);
}
