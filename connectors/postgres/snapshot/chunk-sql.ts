import type { Table } from '../catalog/table.ts';
import { hasBinary } from '../type/codec.ts';
import type { KeyTexts } from './state.ts';
import { quoteIdentifier, quoteLiteral } from '../quoting.ts';

/**
 * A piece of a table that one COPY reads. Keys are compared by the server only: bounds are texts
 * that it printed, and go back to it as literals of the column's type.
 *
 * - `keys`: rows whose key is ≥ `from` and < `to`; without `from`: from the start; without `to`: open.
 * - `pages`: rows on heap pages `from` ≤ page < `to` of a relation, valid in one snapshot only.
 */
export type Chunk =
  | { readonly kind: 'keys'; readonly from?: KeyTexts; readonly to?: KeyTexts }
  | { readonly kind: 'pages'; readonly relation: string; readonly from: number; readonly to?: number };

/** What is read of a table. */
export interface Selection {
  readonly table: Table;
  /** SQL of the relation, as {@link relationName} writes it. */
  readonly relation: string;
  /** Columns that tell its rows apart, and cut it into chunks; empty: none do. */
  readonly key: readonly number[];
  /** Per column: whether any record shows it; the others are read as NULL. */
  readonly wanted: readonly boolean[];
  /** SELECT that replaces the table (`snapshot.select.statement.overrides`). */
  readonly override?: string;
  /** Condition of an ad-hoc snapshot. */
  readonly filter?: string;
}

/**
 * The columns that identify a row both in the table and in the stream: those of the replica
 * identity where another index stands in for the key (a delete carries nothing else), else the key.
 */
export function rowKey(table: Table): readonly number[] {
  return table.replicaIdentity === 'i' && table.identity.length > 0 ? table.identity : table.key;
}

/** `ONLY` keeps the rows of inheriting tables out: they are tables of their own. */
export function relationName(table: Pick<Table, 'schema' | 'name' | 'partitioned'>): string {
  return `${table.partitioned ? '' : 'ONLY '}${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`;
}

/** The statement that reads a chunk. */
export function copyChunk(selection: Selection, chunk: Chunk): string {
  const columns = selectedColumns(selection).join(', ');
  const from = chunk.kind === 'pages' ? chunk.relation : selection.relation;
  const conditions = [...chunkConditions(selection, chunk), ...filters(selection)];
  return copy(`SELECT ${columns} FROM ${source(selection, from)} AS t${where(conditions)}`);
}

/** Rows of exactly these keys, or up to `limit` of a range in key order. */
export type WindowRange =
  | { readonly kind: 'keys'; readonly keys: readonly KeyTexts[] }
  | {
      readonly kind: 'range';
      readonly from?: KeyTexts;
      readonly to?: KeyTexts;
      /** Rows after this key. */
      readonly after?: KeyTexts;
      readonly limit: number;
    };

/**
 * The statement that reads a window: columns, then the text of each key column as the stream shows
 * it (`format` calls the type's output function, which a cast does not).
 */
export function copyWindow(selection: Selection, range: WindowRange): string {
  const names = keyNames(selection);
  const literal = literals(selection);
  const columns = [...selectedColumns(selection), ...names.map((name) => `format('%s', ${name})`)].join(', ');
  const conditions =
    range.kind === 'keys'
      ? [`${row(names)} IN (${range.keys.map(literal).join(', ')})`]
      : [
          ...(range.after === undefined ? [] : [`${row(names)} > ${literal(range.after)}`]),
          ...rangeConditions(selection, range.after === undefined ? range.from : undefined, range.to),
        ];
  const rest = range.kind === 'keys' ? '' : ` ORDER BY ${names.join(', ')} LIMIT ${range.limit}`;
  const from = source(selection, selection.relation);
  return copy(`SELECT ${columns} FROM ${from} AS t${where([...conditions, ...filters(selection)])}${rest}`);
}

/**
 * Bounds that cut a table into about `chunks` ranges, from a sample of its pages: the server sorts
 * the sample and picks from it. One row a bound, one column (`k0`, `k1`, …) a key column.
 */
export function boundsQuery(selection: Selection, chunks: number, percent: number): string {
  const { key, relation } = selection;
  const order = key.map((_, i) => `k${i}`).join(', ');
  const shown = key.map((_, i) => `format('%s', k${i}) AS k${i}`).join(', ');
  const named = keyNames(selection).map((name, i) => `${name} AS k${i}`);
  const sampled = percent >= 100 ? '' : ` TABLESAMPLE SYSTEM (${percent}) REPEATABLE (1)`;
  const sample = `SELECT ${named.join(', ')} FROM ${relation} AS t${sampled}`;
  const tiles = `SELECT ${order}, ntile(${chunks}) OVER (ORDER BY ${order}) AS tile FROM (${sample}) AS sample`;
  const firsts = `SELECT DISTINCT ON (tile) tile, ${order} FROM (${tiles}) AS tiles ORDER BY tile, ${order}`;
  return `SELECT ${shown} FROM (${firsts}) AS firsts WHERE tile > 1 ORDER BY tile`;
}

function chunkConditions(selection: Selection, chunk: Chunk): readonly string[] {
  if (chunk.kind === 'keys') return rangeConditions(selection, chunk.from, chunk.to);
  return [
    ...(chunk.from === 0 ? [] : [`t.ctid >= '(${chunk.from},0)'::tid`]),
    ...(chunk.to === undefined ? [] : [`t.ctid < '(${chunk.to},0)'::tid`]),
  ];
}

function rangeConditions(selection: Selection, from: KeyTexts | undefined, to: KeyTexts | undefined): string[] {
  const names = row(keyNames(selection));
  const literal = literals(selection);
  return [
    ...(from === undefined ? [] : [`${names} >= ${literal(from)}`]),
    ...(to === undefined ? [] : [`${names} < ${literal(to)}`]),
  ];
}

function keyNames({ table, key }: Selection): readonly string[] {
  return key.map((column) => `t.${quoteIdentifier(table.columns[column]?.name ?? '')}`);
}

/** Writes a row of key texts as typed literals. Types are named with their schema: no search path decides. */
function literals({ table, key }: Selection): (texts: KeyTexts) => string {
  const types = key.map((column) => {
    const type = table.columns[column]?.type;
    return `${quoteIdentifier(type?.schema ?? '')}.${quoteIdentifier(type?.name ?? '')}`;
  });
  return (texts) => row(texts.map((text, i) => `${quoteLiteral(text)}::${types[i] ?? 'text'}`));
}

function row(parts: readonly string[]): string {
  return parts.length === 1 ? (parts[0] ?? '') : `ROW(${parts.join(', ')})`;
}

function selectedColumns({ table, wanted }: Selection): readonly string[] {
  return table.columns.map(({ name, type }, i) => {
    const column = `t.${quoteIdentifier(name)}`;
    if (wanted[i] === false) return 'NULL';
    // The output function, as the stream has it: a cast shows inet with its mask, and xml as it was stored.
    return hasBinary(type) ? column : `CASE WHEN ${column} IS DISTINCT FROM NULL THEN format('%s', ${column}) END`;
  });
}

function filters(selection: Selection): readonly string[] {
  return selection.filter === undefined ? [] : [`(${selection.filter})`];
}

function source(selection: Selection, relation: string): string {
  return selection.override === undefined ? relation : `(${selection.override})`;
}

function where(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
}

function copy(select: string): string {
  return `COPY (${select}) TO STDOUT (FORMAT binary)`;
}
