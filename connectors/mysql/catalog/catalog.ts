import type { Captures } from '../../../runtime/change/table-lists.ts';
import type { Connection, TextRow } from '../connection.ts';
import { catalogColumn } from './catalog-column.ts';
import type { Collations } from './charset.ts';
import { readColumnRows, type ColumnRows } from './column-rows.ts';
import { tableName, type Column, type NamedTable, type Table } from './table.ts';

type Reader = Pick<Connection, 'query' | 'mariadb'>;

const BUILT_IN = "'mysql', 'information_schema', 'performance_schema', 'sys'";

/** Which character set each collation belongs to. */
export async function readCollations(reader: Reader): Promise<Collations> {
  // MariaDB's newer collations have their numbers, one per character set, in the second view only.
  const sql = reader.mariadb
    ? 'SELECT ID, CHARACTER_SET_NAME FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY WHERE ID IS NOT NULL'
    : 'SELECT ID, CHARACTER_SET_NAME FROM information_schema.COLLATIONS';
  const rows = await reader
    .query('reading the collations', sql)
    .catch(() =>
      reader.query(
        'reading the collations',
        'SELECT ID, CHARACTER_SET_NAME FROM information_schema.COLLATIONS WHERE ID IS NOT NULL',
      ),
    );
  return new Map(rows.map((row) => [Number(row['ID']), row['CHARACTER_SET_NAME'] ?? '']));
}

/** Names of all base tables but the server's own. */
export async function readTableNames(reader: Reader): Promise<readonly NamedTable[]> {
  const rows = await reader.query(
    'reading the tables',
    `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t FROM information_schema.TABLES
      WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND TABLE_SCHEMA NOT IN (${BUILT_IN})`,
  );
  return rows
    .map((row) => ({ database: row['s'] ?? '', name: row['t'] ?? '' }))
    .toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
}

/** Names of the captured tables. */
export async function readCapturedNames(reader: Reader, captures: Captures): Promise<readonly NamedTable[]> {
  return onlyCaptured(await readTableNames(reader), captures);
}

export function onlyCaptured(tables: readonly NamedTable[], captures: Captures): readonly NamedTable[] {
  return tables.filter(({ database, name }) => captures(database, name));
}

function order({ database, name }: NamedTable): string {
  return `${database}\0${name}`;
}

/** A table as it is now; undefined: there is none. Throws a `config` error for a column of an unknown type. */
export async function readTable(reader: Reader, database: string, name: string): Promise<Table | undefined> {
  const rows = await readColumnRows(reader, `reading the columns of ${database}.${name}`, database, name);
  return rows === undefined ? undefined : catalogTable(database, name, rows, reader.mariadb);
}

/** A table from what the catalogue says of it. Throws a `config` error for a column of an unknown type. */
export function catalogTable(database: string, name: string, rows: ColumnRows, mariadb: boolean): Table {
  const columns = rows.columns.map((row) => catalogColumn(row, mariadb, `${database}.${name}`));
  const key = keyPlaces(rows.keys, columns);
  const primary = rows.keys[0]?.['INDEX_NAME'] === 'PRIMARY';
  return { database, name, columns, key, ...(primary || key.length === 0 ? {} : { keyIsUniqueIndex: true as const }) };
}

function keyPlaces(keys: readonly TextRow[], columns: readonly Column[]): readonly number[] {
  return keys.map((row) => columns.findIndex(({ name }) => name === row['COLUMN_NAME'])).filter((at) => at >= 0);
}

/** Types that a table map shows as fixed or free bytes. */
const HIDDEN: Readonly<Record<string, readonly string[]>> = {
  uuid: ['binary', 'char'],
  inet4: ['binary', 'char'],
  inet6: ['binary', 'char'],
  vector: ['varbinary', 'blob'],
};

/**
 * Adds to a table of the binlog what only the catalogue knows, where the column is still the same: its
 * default, MariaDB's types over plain bytes, and a unique index that stands for the primary key.
 */
export function withCatalog(table: Table, now: Table | undefined): Table {
  if (now === undefined) return table;
  const columns = table.columns.map((column): Column => {
    const found = now.columns.find(({ name }) => name === column.name);
    if (found === undefined) return column;
    if (HIDDEN[found.type]?.includes(column.type) === true) {
      const { type, length, declared, defaultText } = found;
      return { ...column, type, charset: undefined, length, declared, defaultText };
    }
    if (found.type !== column.type) return column;
    return { ...column, declared: found.declared, defaultText: found.defaultText };
  });
  return { ...table, columns, ...uniqueKey(table, now) };
}

/** A table map names the primary key only. */
function uniqueKey(table: Table, now: Table): Partial<Pick<Table, 'key' | 'keyIsUniqueIndex'>> {
  if (table.key.length > 0 || now.keyIsUniqueIndex !== true) return {};
  const key = now.key.map((at) =>
    table.columns.findIndex(({ name, notNull }) => notNull && name === now.columns[at]?.name),
  );
  return key.includes(-1) ? {} : { key, keyIsUniqueIndex: true };
}

/** Whether two versions of a table make the same records. */
export function sameTable(left: Table, right: Table): boolean {
  return tableName(left) === tableName(right) && JSON.stringify(left) === JSON.stringify(right);
}
