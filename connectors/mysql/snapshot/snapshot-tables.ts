import { readTable, readCapturedNames } from '../catalog/catalog.ts';
import { ofTable } from '../catalog/column-rows.ts';
import { tableName, type Table } from '../catalog/table.ts';
import type { Connection } from '../connection.ts';
import type { RowFactory } from '../row/table-rows.ts';
import type { SnapshotSettings } from './snapshot-settings.ts';
import type { OpenSnapshot } from './state.ts';
import { TableWork, type KeyRange } from './table-work.ts';
import { keyColumns } from './window/key-sql.ts';

type Reader = Pick<Connection, 'query' | 'one' | 'mariadb'>;

/** The captured tables, and what of them a snapshot has to read. */
export interface SnapshotTables {
  readonly tables: readonly Table[];
  readonly works: readonly TableWork[];
}

/** `resume`: what is done is left out; `without`: tables that are read in another way. */
export async function readWork(
  reader: Reader,
  rows: RowFactory,
  settings: SnapshotSettings,
  resume: OpenSnapshot | undefined,
  without: ReadonlySet<string> = new Set(),
): Promise<SnapshotTables> {
  const tables: Table[] = [];
  const works: TableWork[] = [];
  for (const { database, name } of await readCapturedNames(reader, rows.captures)) {
    const table = await readTable(reader, database, name);
    if (table === undefined) continue;
    tables.push(table);
    const full = tableName(table);
    if (!settings.includes(full) || resume?.done.has(full) === true || without.has(full)) continue;
    const divisible = isDivisible(table) && !settings.overrides.has(full);
    const left = divisible ? leftOf(table, resume) : undefined;
    works.push(new TableWork(table, divisible, await estimate(reader, table), left));
  }
  return { tables, works };
}

/** Whether a table can be cut: its primary key's order is an index's; labels are compared by their numbers. */
function isDivisible(table: Table): boolean {
  const [first] = keyColumns(table);
  return hasPrimaryKey(table) && first?.type !== 'enum' && first?.type !== 'set';
}

/** Whether a table can be read by its key at all. */
export function hasPrimaryKey({ key, keyIsUniqueIndex }: Table): boolean {
  return key.length > 0 && keyIsUniqueIndex !== true;
}

/** What an earlier attempt left of a table; undefined: all of it, also where it has another key now. */
function leftOf(table: Table, resume: OpenSnapshot | undefined): readonly KeyRange[] | undefined {
  const stored = resume?.tables.get(tableName(table));
  const names = keyColumns(table).map(({ name }) => name);
  return stored?.key.length === names.length && names.every((name, i) => stored.key[i] === name)
    ? stored.open
    : undefined;
}

async function estimate(reader: Reader, { database, name }: Table): Promise<number> {
  const row = await reader.one(
    `estimating ${database}.${name}`,
    `SELECT TABLE_ROWS AS n FROM information_schema.TABLES WHERE ${ofTable(database, name)}`,
  );
  return Number(row?.['n'] ?? 0);
}
