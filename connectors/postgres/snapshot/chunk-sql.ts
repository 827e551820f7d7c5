import type { Table } from '../catalog/table.ts';

/**
 * A piece of a table that one COPY reads. Keys are compared by the server only: bounds are texts
 * that it printed, and go back to it as literals of the column's type.
 *
 * - `keys`: rows whose key is ≥ `from` and < `to`; without `from`: from the start; without `to`: open.
 * - `pages`: rows on heap pages `from` ≤ page < `to` of the relation `oid`, valid in one snapshot only.
 */
export type Chunk =
  | { readonly kind: 'keys'; readonly from?: readonly string[]; readonly to?: readonly string[] }
  | { readonly kind: 'pages'; readonly relation: string; readonly from: number; readonly to?: number };

/** What is read of a table. */
export interface Selection {
  readonly table: Table;
  /** Quoted name; a partitioned table's rows are those of its partitions. */
  readonly relation: string;
  /** Per column of the table: read as text. */
  readonly asText: readonly boolean[];
  /** SELECT that replaces the table (`snapshot.select.statement.overrides`). */
  readonly override?: string;
  /** Condition of an ad-hoc snapshot. */
  readonly filter?: string;
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A literal that means the same whatever `standard_conforming_strings` says. */
export function quoteText(text: string): string {
  const doubled = text.replaceAll("'", "''");
  return doubled.includes('\\') ? ` E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}

/** `ONLY` keeps the rows of inheriting tables out: they are tables of their own. */
export function relationName(schema: string, name: string, partitioned: boolean): string {
  return `${partitioned ? '' : 'ONLY '}${quoteName(schema)}.${quoteName(name)}`;
}

/** The statement that reads a chunk. */
export function copyChunk(selection: Selection, chunk: Chunk): string {
  return `COPY (${selectChunk(selection, chunk)}) TO STDOUT (FORMAT binary)`;
}

export function selectChunk(selection: Selection, chunk: Chunk): string {
  const columns = selectedColumns(selection).join(', ');
  const conditions = [...chunkConditions(selection.table, chunk), ...filters(selection)];
  const from = source(selection, chunk.kind === 'pages' ? chunk.relation : selection.relation);
  return `SELECT ${columns} FROM ${from} AS t${where(conditions)}`;
}

export interface WindowQuery {
  /** Rows of exactly these keys, or of the range. */
  readonly keys?: readonly (readonly string[])[];
  /** Rows after this key (not included). */
  readonly after?: readonly string[];
  readonly from?: readonly string[];
  readonly to?: readonly string[];
  readonly limit: number;
}

/**
 * The statement that reads a window: columns, then the text of each key column as the stream shows
 * it (`format` uses the type's output function, which a cast does not). In key order, so that
 * a limit cuts at a key.
 */
export function copyWindow(selection: Selection, key: readonly number[], query: WindowQuery): string {
  const names = keyNames(selection.table, key);
  const columns = [...selectedColumns(selection), ...names.map((name) => `format('%s', ${name})`)].join(', ');
  const conditions = [
    ...(query.keys === undefined
      ? []
      : [`${row(names)} IN (${query.keys.map(literals(selection.table, key)).join(', ')})`]),
    ...(query.after === undefined ? [] : [`${row(names)} > ${literals(selection.table, key)(query.after)}`]),
    ...rangeConditions(selection.table, key, query.from, query.to),
    ...filters(selection),
  ];
  const order = names.join(', ');
  const text = `SELECT ${columns} FROM ${source(selection, selection.relation)} AS t${where(conditions)} ORDER BY ${order} LIMIT ${query.limit}`;
  return `COPY (${text}) TO STDOUT (FORMAT binary)`;
}

/**
 * Bounds that cut a table into about `chunks` ranges, from a sample of its pages: the server sorts
 * the sample and picks from it. One row a bound, one column (`k0`, `k1`, …) a key column.
 */
export function boundsQuery(
  table: Table,
  relation: string,
  key: readonly number[],
  chunks: number,
  percent: number,
): string {
  const order = key.map((_, i) => `k${i}`).join(', ');
  const shown = key.map((_, i) => `format('%s', k${i}) AS k${i}`).join(', ');
  const named = keyNames(table, key).map((name, i) => `${name} AS k${i}`);
  const sampled = percent >= 100 ? '' : ` TABLESAMPLE SYSTEM (${percent}) REPEATABLE (1)`;
  const sample = `SELECT ${named.join(', ')} FROM ${relation} AS t${sampled}`;
  const tiles = `SELECT ${order}, ntile(${chunks}) OVER (ORDER BY ${order}) AS tile FROM (${sample}) AS sample`;
  const firsts = `SELECT DISTINCT ON (tile) tile, ${order} FROM (${tiles}) AS tiles ORDER BY tile, ${order}`;
  return `SELECT ${shown} FROM (${firsts}) AS firsts WHERE tile > 1 ORDER BY tile`;
}

function chunkConditions(table: Table, chunk: Chunk): readonly string[] {
  if (chunk.kind === 'keys') return rangeConditions(table, table.key, chunk.from, chunk.to);
  return [
    ...(chunk.from === 0 ? [] : [`t.ctid >= '(${chunk.from},0)'::tid`]),
    ...(chunk.to === undefined ? [] : [`t.ctid < '(${chunk.to},0)'::tid`]),
  ];
}

function rangeConditions(
  table: Table,
  key: readonly number[],
  from: readonly string[] | undefined,
  to: readonly string[] | undefined,
): readonly string[] {
  const names = row(keyNames(table, key));
  const literal = literals(table, key);
  return [
    ...(from === undefined ? [] : [`${names} >= ${literal(from)}`]),
    ...(to === undefined ? [] : [`${names} < ${literal(to)}`]),
  ];
}

function keyNames(table: Table, key: readonly number[]): readonly string[] {
  return key.map((column) => `t.${quoteName(table.columns[column]?.name ?? '')}`);
}

/** A row of key texts as typed literals. Types are named with their schema: no search path decides. */
function literals(table: Table, key: readonly number[]): (texts: readonly string[]) => string {
  const types = key.map((column) => {
    const type = table.columns[column]?.type;
    return `${quoteName(type?.schema ?? '')}.${quoteName(type?.name ?? '')}`;
  });
  return (texts) => row(texts.map((text, i) => `${quoteText(text)}::${types[i] ?? 'text'}`));
}

function row(parts: readonly string[]): string {
  return parts.length === 1 ? (parts[0] ?? '') : `ROW(${parts.join(', ')})`;
}

function selectedColumns(selection: Selection): readonly string[] {
  return selection.table.columns.map(({ name }, i) => {
    const column = `t.${quoteName(name)}`;
    return selection.asText[i] === true
      ? `CASE WHEN ${column} IS DISTINCT FROM NULL THEN format('%s', ${column}) END`
      : column;
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
