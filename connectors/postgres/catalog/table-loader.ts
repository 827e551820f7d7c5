import type { Captures } from '../../../runtime/change/table-lists.ts';
import { COLUMNS, KEYS, oidArray, TABLES } from './catalog-sql.ts';
import type { CatalogReader, TextRow } from './catalog-reader.ts';
import { fingerprint } from './fingerprint.ts';
import type { Column, ReplicaIdentity, Table } from './table.ts';
import { droppedType, type TypeRegistry } from './type-registry.ts';

export interface LoadOptions {
  /** Only these; undefined: all. */
  readonly oids?: Iterable<number>;
  readonly captures?: Captures;
  /** The stream carries generated columns (PostgreSQL 18, `publish_generated_columns`). */
  readonly generated?: boolean;
}

/**
 * Loads tables with their columns, types and keys: four statements, however many tables there are.
 * They do not lock, so a table that changes meanwhile may mix two of its versions; the stream
 * announces such a change by a Relation message.
 */
export async function loadTables(
  reader: CatalogReader,
  types: TypeRegistry,
  options: LoadOptions = {},
): Promise<readonly Table[]> {
  const { oids, captures = () => true, generated = false } = options;
  const all = await reader.query('reading tables', TABLES, [oids === undefined ? null : oidArray(oids)]);
  const wanted = all.filter((row) => captures(row['schema'] ?? '', row['name'] ?? ''));
  if (wanted.length === 0) return [];
  const parameter = [oidArray(wanted.map((row) => Number(row['oid'])))];
  const columnRows = await reader.query('reading columns', COLUMNS, parameter);
  const columns = groupByTable(columnRows.filter((row) => generated || row['generated'] !== 't'));
  const keys = groupByTable(await reader.query('reading keys', KEYS, parameter));
  await types.load(reader, new Set(columnRows.map((row) => Number(row['type']))));
  const leaves = leavesOf(all);
  return wanted.map((row) => {
    const oid = Number(row['oid']);
    const own = (columns.get(oid) ?? []).map((column) => makeColumn(column, types));
    return makeTable(row, own, keys.get(oid) ?? [], leaves.get(oid) ?? []);
  });
}

function makeColumn(row: TextRow, types: TypeRegistry): Column {
  const type = Number(row['type']);
  const expression = row['default'];
  return {
    name: row['name'] ?? '',
    attnum: Number(row['attnum']),
    type: types.get(type) ?? droppedType(type),
    typmod: Number(row['typmod']),
    dimensions: Number(row['dimensions']),
    notNull: row['notNull'] === 't',
    generated: row['generated'] === 't',
    ...(typeof expression === 'string' ? { defaultExpression: expression } : {}),
  };
}

function makeTable(row: TextRow, columns: readonly Column[], indexes: readonly TextRow[], leaves: number[]): Table {
  const replicaIdentity = (row['identity'] ?? 'd') as ReplicaIdentity;
  const table: Omit<Table, 'fingerprint'> = {
    oid: Number(row['oid']),
    schema: row['schema'] ?? '',
    name: row['name'] ?? '',
    partitioned: row['kind'] === 'p',
    leaves,
    columns,
    key: tableKey(columns, indexes, replicaIdentity),
    replicaIdentity,
    identity: identityColumns(columns, indexes, replicaIdentity),
  };
  return { ...table, fingerprint: fingerprint(table) };
}

/** The primary key, else the index of the replica identity, else the first unique index without nullable columns. */
function tableKey(columns: readonly Column[], indexes: readonly TextRow[], identity: ReplicaIdentity): number[] {
  const named = indexes.find((row) => row['primary'] === 't') ?? replicaIndex(indexes, identity);
  const candidates = named === undefined ? indexes : [named];
  for (const index of candidates) {
    const places = indexColumns(columns, index);
    if (places.length > 0 && places.every((place) => columns[place]?.notNull === true)) return places;
  }
  return [];
}

function identityColumns(columns: readonly Column[], indexes: readonly TextRow[], identity: ReplicaIdentity): number[] {
  if (identity === 'f') return columns.map((_, place) => place);
  if (identity === 'n') return [];
  const index = identity === 'i' ? replicaIndex(indexes, identity) : indexes.find((row) => row['primary'] === 't');
  return index === undefined ? [] : indexColumns(columns, index);
}

function replicaIndex(indexes: readonly TextRow[], identity: ReplicaIdentity): TextRow | undefined {
  return identity === 'i' ? indexes.find((row) => row['identity'] === 't') : undefined;
}

/** Places of an index's columns; empty where one of them is not among the columns. */
function indexColumns(columns: readonly Column[], index: TextRow): number[] {
  const attnums = JSON.parse(index['attnums'] ?? '[]') as number[];
  const places = attnums.map((attnum) => columns.findIndex((column) => column.attnum === attnum));
  return places.includes(-1) ? [] : places;
}

function groupByTable(rows: readonly TextRow[]): Map<number, TextRow[]> {
  return Map.groupBy(rows, (row) => Number(row['table']));
}

/** Leaf partitions by partitioned table, at any depth. */
function leavesOf(rows: readonly TextRow[]): Map<number, number[]> {
  const parents = new Map<number, number>();
  for (const row of rows) if (typeof row['parent'] === 'string') parents.set(Number(row['oid']), Number(row['parent']));
  const leaves = new Map<number, number[]>();
  for (const row of rows) {
    if (row['kind'] !== 'r') continue;
    const leaf = Number(row['oid']);
    for (let up = parents.get(leaf); up !== undefined; up = parents.get(up)) {
      const known = leaves.get(up);
      if (known === undefined) leaves.set(up, [leaf]);
      else known.push(leaf);
    }
  }
  return leaves;
}
