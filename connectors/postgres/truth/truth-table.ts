import {
  FIELD_SEPARATOR,
  LONG_TEXT_BYTES,
  type Totals,
  type TruthColumn,
  type TruthTable,
} from '../../../runtime/connector/truth.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import type { CatalogReader } from '../catalog/catalog-reader.ts';
import { tableName, type Column, type Table } from '../catalog/table.ts';
import type { TableRows } from '../row/table-rows.ts';
import { quoteIdentifier, quoteLiteral } from '../quoting.ts';
import type { TypeOptions } from '../type/options.ts';
import { canonicalColumn } from './canonical-sql.ts';

const FETCH_ROWS = 5000;

/** A compared column, and the SQL of its canonical text. */
interface ComparedColumn extends TruthColumn {
  readonly text: string;
  /** The column itself in SQL. */
  readonly reference: string;
}

type NotCompared = TruthTable['notCompared'][number];

/** One table under the transaction's snapshot. All statements run one after the other on `reader`. */
export async function truthTable(
  rows: TableRows,
  topic: string,
  types: TypeOptions,
  reader: CatalogReader,
): Promise<TruthTable> {
  const { table } = rows;
  const missing = await missingTexts(table, reader);
  const wide = await columnsOfAnyWidth(table, reader);
  const columns: ComparedColumn[] = [];
  const notCompared: NotCompared[] = [];
  for (const { name, cell, schema } of rows.columns) {
    const column = table.columns[cell];
    if (column === undefined) continue;
    const canonical = canonicalColumn(column);
    const reason = lossy(column, schema, types);
    if (canonical === undefined || reason !== undefined) {
      notCompared.push({ name, reason: reason ?? `no canonical text for type ${column.type.name}` });
      continue;
    }
    const reference = quoteIdentifier(column.name);
    columns.push({
      name,
      form: canonical.form,
      schema,
      missing: missing.get(column.name) ?? null,
      mayBeLeftOut: wide.has(column.name),
      text: canonical.sql(reference),
      reference,
    });
  }
  const about = { table, topic, key: rows.key.map(({ name }) => name), unavailable: types.unavailable, reader };
  return comparedTable(about, columns, notCompared);
}

interface About {
  readonly table: Table;
  readonly topic: string;
  readonly key: readonly string[];
  readonly unavailable: string;
  readonly reader: CatalogReader;
}

function comparedTable(
  about: About,
  columns: readonly ComparedColumn[],
  notCompared: readonly NotCompared[],
): TruthTable {
  const { table, topic, key, unavailable, reader } = about;
  const keys = key.flatMap((name) => columns.filter((column) => column.name === name).map(({ text }) => text));
  const comparable = keys.length === key.length;
  const from = `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`;
  const hash = `('x0' || substr(md5(${joined(columns.map(field), '')}), 1, 15))::bit(64)::bigint`;
  const id = joined(comparable ? keys : [], FIELD_SEPARATOR);
  return {
    name: tableName(table),
    topic,
    key: comparable ? key : [],
    columns,
    unavailable,
    notCompared,
    totals: () =>
      readTotals(reader, table, `select count(*) as rows, coalesce(sum(${hash}), 0) as checksum from ${from}`),
    rows: () => readRows(reader, table, `select ${id} as key, ${hash} as hash from ${from}`),
  };
}

async function readTotals(reader: CatalogReader, table: Table, sql: string): Promise<Totals> {
  const [row] = await reader.query(`counting ${tableName(table)}`, sql);
  return { rows: BigInt(row?.['rows'] ?? 0), checksum: BigInt(row?.['checksum'] ?? 0) };
}

async function* readRows(
  reader: CatalogReader,
  table: Table,
  sql: string,
): AsyncGenerator<{ readonly key: string; readonly hash: bigint }> {
  const doing = `reading the rows of ${tableName(table)}`;
  await reader.query(doing, `declare millrace_rows no scroll cursor for ${sql}`);
  try {
    for (;;) {
      const rows = await reader.query(doing, `fetch ${FETCH_ROWS} from millrace_rows`);
      for (const row of rows) yield { key: row['key'] ?? '', hash: BigInt(row['hash'] ?? 0) };
      if (rows.length < FETCH_ROWS) return;
    }
  } finally {
    await reader.query(doing, 'close millrace_rows');
  }
}

/**
 * What rows have in columns that were added after they were written (`attmissingval`): no event
 * tells it, the server supplies it on reading.
 */
async function missingTexts(table: Table, reader: CatalogReader): Promise<ReadonlyMap<string, string>> {
  const rows = await reader.query(
    `reading defaults of ${tableName(table)}`,
    `select attname as name, format_type(atttypid, atttypmod) as type, attmissingval::text as value
     from pg_attribute where attrelid = $1::oid and atthasmissing and not attisdropped`,
    [String(table.oid)],
  );
  const texts = new Map<string, string>();
  for (const { name, type, value } of rows) {
    const column = table.columns.find((candidate) => candidate.name === name);
    const canonical = column === undefined ? undefined : canonicalColumn(column);
    if (canonical === undefined || typeof name !== 'string' || typeof value !== 'string') continue;
    const reference = `(${quoteLiteral(value)}::${type}[])[1]`;
    const [row] = await reader.query(
      `reading the default of ${name}`,
      `select case when ${reference} is not null then ${canonical.sql(reference)} end as text`,
    );
    if (typeof row?.['text'] === 'string') texts.set(name, row['text']);
  }
  return texts;
}

/** Columns whose values may be stored out of line (TOAST): an update that leaves them as they are does not send them. */
async function columnsOfAnyWidth(table: Table, reader: CatalogReader): Promise<ReadonlySet<string>> {
  const rows = await reader.query(
    `reading the widths of ${tableName(table)}`,
    `select attname as name from pg_attribute
     where attrelid = $1::oid and attnum > 0 and not attisdropped and attlen = -1`,
    [String(table.oid)],
  );
  return new Set(rows.flatMap(({ name }) => (typeof name === 'string' ? [name] : [])));
}

/** Why events show another value than the column holds; undefined: they show it. */
function lossy(column: Column, { parameters }: Schema, types: TypeOptions): string | undefined {
  if (parameters?.['masked'] !== undefined) return 'masked';
  if (parameters?.['truncateLength'] !== undefined) return `truncated to ${parameters['truncateLength']} characters`;
  const { form } = canonicalColumn(column) ?? {};
  if (form === 'decimal' && types.decimal === 'double') return 'decimal.handling.mode=double';
  if (form === 'bytes' && (types.binary === 'hex' || types.binary === 'base64-url-safe')) {
    return `binary.handling.mode=${types.binary}`;
  }
  if (form === 'micros' && (types.time === 'isostring' || types.time === 'connect')) {
    return `time.precision.mode=${types.time}`;
  }
  return undefined;
}

/** A field of the row's hash. `format('%s', …)` of NULL is an empty text, so NULL is asked for first. */
function field({ reference, text }: ComparedColumn): string {
  return `case when ${reference} is null then 'n'
    when octet_length(${text}) > ${LONG_TEXT_BYTES} then 'm' || md5(${text})
    else octet_length(${text}) || ':' || ${text} end`;
}

/** Of any number of expressions: a function takes a hundred arguments, an array more columns than a table has. */
function joined(expressions: readonly string[], separator: string): string {
  return `array_to_string(array[${expressions.join(', ')}]::text[], ${quoteLiteral(separator)})`;
}
