import type { DuckDBConnection } from '@duckdb/node-api';
import {
  FIELD_SEPARATOR,
  LONG_TEXT_BYTES,
  type CanonicalForm,
  type TruthColumn,
  type TruthTable,
} from '../../connector/truth.ts';
import { MillraceError } from '../../record/error.ts';
import { hashedField } from './canonical-text.ts';
import type { TableCopy } from './comparison.ts';

/** How the archive of a topic is stored: the S3 sink's formats, with `millrace.envelope=true`. */
export type ArchiveFormat = 'json' | 'parquet';

/**
 * Rebuilds one table from archived change events. DuckDB reads the files and computes keys and
 * hashes, so nothing of this runtime's own decoding is trusted.
 */
export async function readArchive(files: string, format: ArchiveFormat, table: TruthTable): Promise<TableCopy> {
  const { DuckDBInstance } = await loadDuckdb();
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    return await rebuild(connection, files, format, table);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function loadDuckdb(): Promise<typeof import('@duckdb/node-api')> {
  try {
    return await import('@duckdb/node-api');
  } catch (cause) {
    throw new MillraceError('VERIFY_NO_DUCKDB', 'reading an archive needs DuckDB, which is not installed', {
      kind: 'missing',
      remedy: 'Run "npm install @duckdb/node-api".',
      cause,
    });
  }
}

async function rebuild(
  connection: DuckDBConnection,
  files: string,
  format: ArchiveFormat,
  table: TruthTable,
): Promise<TableCopy> {
  const reader = await connection.runAndReadAll(archiveQuery(files, format, table));
  const rows = new Map<string, bigint>();
  let checksum = 0n;
  for (const [key, hash] of reader.getRows() as [string, bigint][]) {
    rows.set(key, hash);
    checksum += hash;
  }
  return { rows: BigInt(rows.size), checksum, hashOf: (key) => rows.get(key), keys: () => rows.keys() };
}

/**
 * The last event per key, offsets in order per partition; deletes, and what lies before a
 * truncate, left out.
 */
function archiveQuery(files: string, format: ArchiveFormat, table: TruthTable): string {
  const key = joined(keyColumns(table).map((column) => canonicalSql(column, 'k')));
  const hash = `concat(${table.columns.map((column) => fieldSql(column, 'a')).join(', ')})`;
  return `
    with event as (${format === 'json' ? jsonEvents(files) : parquetEvents(files)}),
    emptied as (select p, max(o) as at from event where (v->>'$.op') = 't' group by p),
    change as (
      select ${key} as id, event.p, event.o, v from event left join emptied on emptied.p = event.p
      where json_type(v) = 'OBJECT' and (v->>'$.op') in ('c', 'r', 'u', 'd') and event.o > coalesce(emptied.at, -1)),
    last as (select id, max_by(v, o) as v from change group by id),
    row as (select id, v->'$.after' as a from last where (v->>'$.op') <> 'd')
    select id, ('0x' || substr(md5(${hash}), 1, 15))::ubigint from row`;
}

function jsonEvents(files: string): string {
  return `select (json->>'$.partition')::int as p, (json->>'$.offset')::bigint as o, json->'$.key' as k, json->'$.value' as v
    from read_ndjson_objects(${literal(files)})`;
}

function parquetEvents(files: string): string {
  return `select "partition"::int as p, "offset"::bigint as o, to_json("key") as k, to_json("value") as v
    from read_parquet(${literal(files)}, union_by_name = true)`;
}

function keyColumns(table: TruthTable): TruthColumn[] {
  return table.key.map((name) => {
    const column = table.columns.find((candidate) => candidate.name === name);
    if (column === undefined) throw new Error(`key column ${name} of ${table.name} is not compared`);
    return column;
  });
}

/** A field of the row's hash. */
function fieldSql(column: TruthColumn, from: string): string {
  const text = formSql(column.form, textSql(column, from));
  return `case json_type(${from}, ${pathSql(column)}) when 'NULL' then 'n'
    else case when json_type(${from}, ${pathSql(column)}) is null then ${literal(hashedField(column.missing))}
    when strlen(${text}) > ${LONG_TEXT_BYTES} then 'm' || md5(${text}) else strlen(${text}) || ':' || ${text} end end`;
}

function joined(parts: readonly string[]): string {
  return `concat_ws(${literal(FIELD_SEPARATOR)}, ${parts.join(', ')})`;
}

/** Canonical text of a field of the JSON object `from`. */
function canonicalSql(column: TruthColumn, from: string): string {
  return formSql(column.form, textSql(column, from));
}

function textSql(column: TruthColumn, from: string): string {
  return `(${from}->>${pathSql(column)})`;
}

function pathSql({ name }: TruthColumn): string {
  return literal(`$."${name.replaceAll('"', '\\"')}"`);
}

function formSql(form: CanonicalForm, text: string): string {
  switch (form) {
    case 'text':
    case 'integer':
    case 'boolean':
      return text;
    case 'days':
      return `case when ${text} like '____-__-__' then (${text}::date - date '1970-01-01')::varchar else ${text} end`;
    case 'decimal':
      return `case when contains(${text}, '.') then regexp_replace(${text}, '\\.?0+$', '') else ${text} end`;
    case 'bytes':
      return `lower(hex(from_base64(${text})))`;
    case 'micros':
      return `case when regexp_full_match(${text}, '-?[0-9]+') then ${text} else epoch_us(${text}::timestamptz)::varchar end`;
    case 'double':
    case 'float':
      throw new MillraceError('VERIFY_ARCHIVE_TYPE', `DuckDB cannot print the ${form} values' bytes`, {
        kind: 'config',
        remedy: 'Compare this table with the hub only.',
      });
  }
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
