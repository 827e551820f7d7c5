import { tableName, type Table } from '../catalog/table.ts';
import type { Connection } from '../connection.ts';
import { boundsQuery, relationName, rowKey, type Chunk, type Selection } from './chunk-sql.ts';
import type { KeyTexts, TablePlan } from './state.ts';

const PAGE_BYTES = 8192;
const MAX_CHUNKS = 1000;
/** Bounds of a table are kept below this, so that its offset record stays small. */
const MAX_BOUNDS_BYTES = 256 << 10;
/** Sampled pages per chunk: enough for ranges of about the same size. */
const PAGES_PER_CHUNK = 16;

/** A table with what of it is read, and how. */
export interface TableWork {
  readonly table: Table;
  readonly selection: Selection;
  readonly plan: TablePlan;
  readonly chunks: readonly Chunk[];
  /** Rows as the server estimates them. */
  readonly estimatedRows: number;
}

export interface PlanOptions {
  /** Name of the plan: progress of another one does not count. */
  readonly id: string;
  /** Readers at work at once. */
  readonly readers: number;
  readonly chunkBytes: number;
  readonly published: ReadonlyMap<number, string>;
}

interface Size {
  readonly relation: string;
  readonly pages: number;
  readonly rows: number;
}

/** Cuts a table into chunks, at the snapshot of the connection's transaction. */
export async function planTable(
  connection: Connection,
  selection: Selection,
  options: PlanOptions,
): Promise<TableWork> {
  const { table } = selection;
  const sizes = await relationSizes(connection, table);
  const pages = sizes.reduce((sum, size) => sum + size.pages, 0);
  const estimatedRows = Math.round(sizes.reduce((sum, size) => sum + size.rows, 0));
  const wanted = Math.min(MAX_CHUNKS, Math.ceil((pages * PAGE_BYTES) / options.chunkBytes));
  const count = Math.max(wanted, wanted > 1 ? options.readers : 1);
  const keyed = selection.key.length > 0;
  const bounds =
    keyed && count > 1 && selection.override === undefined ? await findBounds(connection, selection, count, pages) : [];
  const chunks = keyed
    ? keyChunks(bounds)
    : selection.override === undefined
      ? pageChunks(sizes, count, pages)
      : keyChunks([]);
  return {
    table,
    selection,
    estimatedRows,
    chunks,
    plan: {
      table: tableName(table),
      plan: options.id,
      kind: keyed ? 'keys' : 'pages',
      fingerprint: table.fingerprint,
      oid: table.oid,
      published: options.published.get(table.oid) ?? '',
      bounds,
      chunks: chunks.length,
      ...(selection.filter === undefined ? {} : { filter: selection.filter }),
    },
  };
}

/** Ranges between bounds; the last one is open. */
export function keyChunks(bounds: readonly KeyTexts[]): readonly Chunk[] {
  return Array.from({ length: bounds.length + 1 }, (_, i) => {
    const from = bounds[i - 1];
    const to = bounds[i];
    return { kind: 'keys', ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  });
}

/** Page ranges; the last one of each relation is open. */
export function pageChunks(sizes: readonly Pick<Size, 'relation' | 'pages'>[], count: number, pages: number): Chunk[] {
  const step = Math.max(1, Math.ceil(pages / count));
  return sizes.flatMap(({ relation, pages: own }) => {
    const pieces = Math.max(1, Math.ceil(own / step));
    return Array.from({ length: pieces }, (_, i): Chunk => {
      const from = i * step;
      return { kind: 'pages', relation, from, ...(i === pieces - 1 ? {} : { to: from + step }) };
    });
  });
}

async function findBounds(
  connection: Connection,
  selection: Selection,
  count: number,
  pages: number,
): Promise<readonly KeyTexts[]> {
  const percent = Math.min(100, Math.max(0.01, (count * PAGES_PER_CHUNK * 100) / pages));
  const doing = `planning ${tableName(selection.table)}`;
  const rows = await connection.query(doing, boundsQuery(selection, count, Number(percent.toFixed(3))));
  const bounds = rows.map((row) => selection.key.map((_, i) => row[`k${i}`] ?? ''));
  return thinOut(bounds);
}

/** Leaves out bounds until their text is short enough. */
export function thinOut(bounds: readonly KeyTexts[]): readonly KeyTexts[] {
  let kept = bounds;
  while (kept.length > 0 && JSON.stringify(kept).length > MAX_BOUNDS_BYTES) kept = kept.filter((_, i) => i % 2 === 1);
  return kept;
}

/** The heaps that hold a table's rows. */
async function relationSizes(connection: Connection, table: Table): Promise<readonly Size[]> {
  const oids = table.partitioned ? table.leaves : [table.oid];
  if (oids.length === 0) return [];
  const rows = await connection.query(
    `measuring ${tableName(table)}`,
    `SELECT n.nspname AS schema, c.relname AS name, c.reltuples AS tuples, c.relpages AS relpages,
      pg_relation_size(c.oid) / ${PAGE_BYTES} AS pages
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid IN (${oids.join(', ')}) ORDER BY n.nspname, c.relname`,
  );
  return rows.map((row) => {
    const pages = Number(row['pages']);
    const tuples = Number(row['tuples']);
    const relpages = Number(row['relpages']);
    const perPage = tuples > 0 && relpages > 0 ? tuples / relpages : PAGE_BYTES / 200;
    const relation = relationName({ schema: row['schema'] ?? '', name: row['name'] ?? '', partitioned: false });
    return { relation, pages, rows: pages * perPage };
  });
}

export interface SelectionOptions {
  /** SELECT by `schema.table`. */
  readonly overrides: ReadonlyMap<string, string>;
}

export function selectTable(
  table: Table,
  wanted: readonly boolean[],
  options: SelectionOptions,
  filter?: string,
): Selection {
  const override = options.overrides.get(tableName(table));
  return {
    table,
    relation: relationName(table),
    key: rowKey(table),
    wanted,
    ...(override === undefined ? {} : { override }),
    ...(filter === undefined ? {} : { filter }),
  };
}
