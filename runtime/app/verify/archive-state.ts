import type { DuckDBConnection } from '@duckdb/node-api';
import { FIELD_SEPARATOR, type SourceTruth, type TruthTable } from '../../connector/truth.ts';
import { MillraceError } from '../../record/error.ts';
import { messageOf } from '../../record/thrown.ts';
import { struct, type StructValue, type Value } from '../../record/value.ts';
import {
  changeSql,
  filesSql,
  literal,
  MACROS,
  openColumns,
  recordsSql,
  rowsSql,
  type ArchiveFormat,
  type Instants,
} from './archive-sql.ts';
import { hashedField } from './canonical-text.ts';
import type { RowDifference, TableCopy, Uncompared } from './comparison.ts';
import { loadDuckdb } from './duckdb.ts';
import { placeholderText } from './event-image.ts';
import { KeylessCounts } from './keyless-counts.ts';
import { addLongIntegers } from './long-decimals.ts';
import type { OffsetRange } from './offset-ranges.ts';
import { canBe, type OpenRow } from './open-row.ts';
import { Truncates } from './truncates.ts';
import { FORMER_KEY, foreignRecords } from './uncompared.ts';

export interface ArchivedTable {
  readonly files: readonly string[];
  readonly format: ArchiveFormat;
  readonly table: TruthTable;
  readonly truth: SourceTruth;
  /** Offsets of the records that the archive must have; undefined: that is not known. */
  readonly expected?: readonly OffsetRange[];
}

/** Doubled, and lost, records of a table that are named. */
const MOST_RECORDS = 1000;

/**
 * Rebuilds one table from archived change events, up to the position of the truth. DuckDB reads the
 * files and computes keys and hashes, so nothing of this runtime's own decoding is trusted. What it cannot
 * read cannot be compared.
 */
export async function readArchive(archived: ArchivedTable): Promise<TableCopy> {
  if (archived.files.length === 0) return { ...EMPTY, records: lostOf(archived) };
  const { DuckDBInstance } = await loadDuckdb();
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    return await new Rebuild(connection, archived).run();
  } catch (cause) {
    if (cause instanceof MillraceError) throw cause;
    return { ...EMPTY, uncompared: unreadable(messageOf(cause)) };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const EMPTY: TableCopy = { rows: 0n, checksum: 0n, hashOf: () => undefined, keys: () => [] };

/** It says nothing of rows, nor of other tables. DuckDB tells over several lines. */
function unreadable(message: string): Uncompared {
  const told = message.split(/\s+/).join(' ').slice(0, 500).trim();
  const reason = `its archive cannot be read: ${told}; see that every file below the folder is a complete one of the archive`;
  return { reason, always: true };
}

function lostOf({ expected = [], table }: ArchivedTable): RowDifference[] {
  return expected.flatMap(({ partition, from, to }) => {
    const length = Math.min(Number(to - from), MOST_RECORDS);
    return Array.from({ length }, (_, n) => ({
      key: [],
      kind: 'lost' as const,
      record: `${table.topic}-${partition}@${from + BigInt(n)}`,
    }));
  });
}

type Cell = string | number | bigint | boolean | null;

class Rebuild {
  readonly #connection: DuckDBConnection;
  readonly #archived: ArchivedTable;

  constructor(connection: DuckDBConnection, archived: ArchivedTable) {
    this.#connection = connection;
    this.#archived = archived;
  }

  async run(): Promise<TableCopy> {
    const { files, format, table, truth } = this.#archived;
    await addLongIntegers(this.#connection);
    await this.#connection.run(`set TimeZone = 'UTC'; ${MACROS}`);
    const columns = await this.#columns();
    const records = recordsSql(files, format, new Set(columns.keys()), await this.#instants(columns));
    await this.#connection.run(changeSql(records, format, table, truth));
    const uncompared = await this.#uncompared();
    const named = [...(await this.#doubled()), ...(await this.#lost())];
    await this.#leaveOutLater();
    const truncates = await this.#truncates();
    const copy = table.key.length > 0 ? await this.#rows(truncates) : await this.#counts(truncates);
    return { ...copy, records: named, uncompared };
  }

  /** Columns and their types, or fields of the first line. Without `millrace.envelope` they tell neither key nor place of a record. */
  async #columns(): Promise<ReadonlyMap<string, string>> {
    const { files, format, table } = this.#archived;
    const from = filesSql(files, format);
    const rows = await this.#query(
      format === 'json'
        ? `select unnest(json_keys(json)), 'JSON' from (select json from ${from} limit 1)`
        : `select column_name, column_type from (describe select * from ${from})`,
    );
    const columns = new Map(rows.map(([name, type]) => [String(name), String(type)]));
    if (columns.size === 0 || (columns.has('partition') && columns.has('offset'))) return columns;
    throw new MillraceError(
      'VERIFY_ARCHIVE_VALUES',
      `the archive of ${table.topic} holds values without keys and offsets`,
      {
        kind: 'config',
        key: 'millrace.envelope',
        remedy: 'Archive with millrace.envelope=true; only such an archive can be compared.',
      },
    );
  }

  async #instants(columns: ReadonlyMap<string, string>): Promise<Instants> {
    const value = await this.#fields('"value"', columns.get('value'));
    const of = async (from: string, type: string | undefined): Promise<string[]> => {
      const fields = await this.#fields(from, type);
      return [...fields].flatMap(([name, kind]) => (/^TIMESTAMP( WITH TIME ZONE)?$/.test(kind) ? [name] : []));
    };
    return {
      key: await of('"key"', columns.get('key')),
      before: await of('"value".before', value.get('before')),
      after: await of('"value".after', value.get('after')),
    };
  }

  /** Names and types of the fields of a structure in Parquet files; none: it is no structure. */
  async #fields(from: string, type = ''): Promise<ReadonlyMap<string, string>> {
    const { files, format } = this.#archived;
    if (!type.startsWith('STRUCT(') || type.endsWith(']')) return new Map();
    const rows = await this.#query(
      `select column_name, column_type from (describe select unnest(${from}) from ${filesSql(files, format)})`,
    );
    return new Map(rows.map(([name, kind]) => [String(name), String(kind)]));
  }

  async #uncompared(): Promise<Uncompared | undefined> {
    const [counts = []] = await this.#query(
      `select count(*) filter (valued and not coalesce(tells, false)), count(*) filter (valued), count(*) filter (former) from change`,
    );
    const [foreign, records, former] = counts.map(Number);
    return foreignRecords(foreign ?? 0, records ?? 0) ?? ((former ?? 0) > 0 ? FORMER_KEY : undefined);
  }

  async #doubled(): Promise<RowDifference[]> {
    const { topic } = this.#archived.table;
    const rows = await this.#query(
      `select p, o, max(id) from change group by p, o having count(*) > 1 order by p, o limit ${MOST_RECORDS}`,
    );
    return rows.map(([partition, offset, id]) => ({
      key: typeof id === 'string' && id !== '' ? id.split(FIELD_SEPARATOR) : [],
      kind: 'doubled',
      record: `${topic}-${partition}@${offset}`,
    }));
  }

  async #lost(): Promise<RowDifference[]> {
    const { expected = [], table } = this.#archived;
    if (expected.length === 0) return [];
    const ranges = JSON.stringify(expected.map(({ partition, from, to }) => [partition, Number(from), Number(to)]));
    const rows = await this.#query(`
      with expected as (select r[1] as p, r[2] as lo, r[3] as hi
        from (select unnest(from_json(${literal(ranges)}::json, '[["BIGINT"]]')) as r)),
      short as (select expected.p, lo, hi from expected
        left join (select distinct p, o from change) held on held.p = expected.p and held.o >= lo and held.o < hi
        group by expected.p, lo, hi having count(held.o) < hi - lo)
      select p, o from (select p, unnest(range(lo, hi)) as o from short) wanted
      where not exists (select 1 from change where change.p = wanted.p and change.o = wanted.o)
      order by p, o limit ${MOST_RECORDS}`);
    return rows.map(([partition, offset]) => ({
      key: [],
      kind: 'lost',
      record: `${table.topic}-${partition}@${offset}`,
    }));
  }

  async #leaveOutLater(): Promise<void> {
    const { truth } = this.#archived;
    const decisions = await this.#query(`select distinct included from change where op is not null`);
    const later = decisions.flatMap(([text]) =>
      typeof text === 'string' && !truth.includes(parseSource(text)) ? [text] : [],
    );
    if (later.length === 0) return;
    await this.#connection.run(
      `delete from change where included in (select unnest(from_json(${literal(JSON.stringify(later))}::json, '["VARCHAR"]')))`,
    );
  }

  async #truncates(): Promise<Truncates> {
    const truncates = new Truncates(this.#archived.truth);
    for (const [partition, offset, placed] of await this.#query(`select p, o, placed from change where op = 't'`)) {
      truncates.add(Number(partition), BigInt(offset ?? 0), parseSource(placed));
    }
    return truncates;
  }

  async #rows(truncates: Truncates): Promise<TableCopy> {
    const { table } = this.#archived;
    const open = openColumns(table);
    const rows = new Map<string, bigint>();
    const readings = new Map<string, OpenRow>();
    let checksum = 0n;
    for (const [id, hash, partition, offset, placed, left] of await this.#query(rowsSql(table))) {
      if (typeof id !== 'string') continue;
      if (truncates.any && truncates.undid(Number(partition), BigInt(offset ?? 0), parseSource(placed))) continue;
      rows.set(id, BigInt(hash ?? 0));
      checksum += BigInt(hash ?? 0);
      if (typeof left === 'string') readings.set(id, openRow(JSON.parse(left) as LeftOut, open));
    }
    const literalOf = (index: number): string => {
      const column = table.columns[index];
      return hashedField(column === undefined ? null : placeholderText(table.unavailable ?? '', column));
    };
    return {
      rows: BigInt(rows.size),
      checksum,
      hashOf: (key) => rows.get(key),
      keys: () => rows.keys(),
      mayBe: (key, hash) => canBe(readings.get(key), hash, literalOf),
    };
  }

  async #counts(truncates: Truncates): Promise<TableCopy> {
    const counts = new KeylessCounts(this.#archived.truth);
    const rows = await this.#query(
      `select distinct on (p, o) p, o, op, placed, before, after, place from change where op in ('c', 'r', 'u', 'd') order by p, o`,
    );
    for (const [partition, offset, op, placed, before, after, order] of rows) {
      if (op !== 'c' && op !== 'r' && op !== 'u' && op !== 'd') continue;
      const source = parseSource(placed);
      const at = { partition: Number(partition), offset: BigInt(offset ?? 0) };
      if (truncates.undid(at.partition, at.offset, source)) continue;
      const hash = (of: Cell | undefined): bigint | null => (typeof of === 'bigint' ? of : null);
      counts.add({
        op,
        before: hash(before),
        after: hash(after),
        source,
        order: typeof order === 'string' ? order : null,
        ...at,
      });
    }
    return {
      rows: counts.rows,
      checksum: counts.checksum,
      hashOf: () => undefined,
      keys: () => [],
      recount: async () => counts,
    };
  }

  async #query(sql: string): Promise<Cell[][]> {
    const reader = await this.#connection.runAndReadAll(sql);
    return reader.getRows() as Cell[][];
  }
}

interface LeftOut {
  readonly fields: readonly string[];
  readonly open: readonly boolean[];
  readonly stayed: readonly (string | null)[];
  readonly moved: boolean;
}

function openRow({ fields, open, stayed, moved }: LeftOut, columns: readonly number[]): OpenRow {
  const could = columns.filter((_column, at) => open[at] === true && stayed[at] !== hashedField(null));
  const unknown = moved && columns.some((_column, at) => open[at] === true && stayed[at] === null);
  return { fields, columns: could, unknown };
}

function parseSource(text: Cell | undefined): StructValue {
  return struct(typeof text === 'string' ? (JSON.parse(text) as Record<string, Value>) : {});
}
