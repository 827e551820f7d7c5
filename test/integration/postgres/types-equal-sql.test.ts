import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PostgresTask } from '../../../connectors/postgres/task.ts';
import { databaseOptions, startPostgres, type PostgresServer } from '../../services/postgres.ts';
import { TESTED_VERSIONS } from '../../services/postgres-versions.ts';
import { EventRun } from '../change/event-run.ts';
import { SESSION, typeSamples } from './type-samples.ts';

const ROWS = 40;

/**
 * What SQL says a column's JSON is, by the type's name: an expression over `c` that gives JSON.
 * Written from the types' documentation, not from our codecs.
 */
const ORACLE: Readonly<Record<string, string>> = {
  boolean: 'to_json(c)',
  smallint: 'to_json(c)',
  integer: 'to_json(c)',
  bigint: 'to_json(c)',
  oid: 'to_json(c::int8)',
  'numeric(10,2)': 'to_json(c::text)',
  'numeric(38,20)': 'to_json(c::text)',
  cents: 'to_json(c::text)',
  money: "to_json(replace(replace(c::text, '$', ''), ',', ''))",
  text: 'to_json(c)',
  'varchar(10)': 'to_json(c)',
  'char(5)': 'to_json(rpad(c::text, 5))',
  name: 'to_json(c)',
  citext: 'to_json(c::text)',
  json: 'to_json(c::text)',
  jsonb: 'to_json(c::text)',
  uuid: 'to_json(c)',
  bytea: "to_json(translate(encode(c, 'base64'), E'\\n', ''))",
  date: "CASE WHEN c IS NULL THEN 'null' WHEN isfinite(c) THEN to_json(c - date '1970-01-01') WHEN c > 'now' THEN '2147483647' ELSE '-2147483648' END",
  time: 'to_json((extract(epoch FROM c) * 1000000)::int8)',
  'time(3)': 'to_json((extract(epoch FROM c) * 1000)::int8)',
  'timestamp(3)':
    "CASE WHEN c IS NULL THEN 'null' WHEN isfinite(c) THEN to_json(floor(extract(epoch FROM c)::numeric * 1000)::int8) WHEN c > 'now' THEN '9223372036825200' ELSE '-9223372036832400' END",
  timestamptz: `CASE WHEN NOT isfinite(c) THEN to_json(c::text) ELSE to_json(
    CASE WHEN extract(year FROM c) > 9999 THEN '+' || extract(year FROM c)::int WHEN extract(year FROM c) < 0
      THEN CASE extract(year FROM c) WHEN -1 THEN '0000' ELSE '-' || lpad((-extract(year FROM c) - 1)::int::text, 4, '0') END
      ELSE lpad(extract(year FROM c)::int::text, 4, '0') END || to_char(c, '-MM-DD"T"HH24:MI:SS.US"Z"')) END`,
  interval:
    "CASE WHEN NOT isfinite(c) THEN to_json(c::text) WHEN abs(extract(year FROM c)) > 200000 THEN 'null' ELSE to_json(((extract(year FROM c) * 12 + extract(month FROM c)) * 2629800000000 + extract(day FROM c) * 86400000000 + (extract(hour FROM c) * 3600000000 + extract(minute FROM c) * 60000000 + extract(microseconds FROM c)))::numeric) END",
  hstore: 'to_json(hstore_to_json(c)::text)',
  ltree: 'to_json(c::text)',
  mood: 'to_json(c)',
  inet: 'to_json(CASE WHEN masklen(c) = CASE family(c) WHEN 4 THEN 32 ELSE 128 END THEN host(c) ELSE c::text END)',
  int4range: 'to_json(c::text)',
  'int4[]': 'to_json(c)',
  'int8[]': 'to_json(c)',
  'int4[][]': 'to_json(c)',
  'text[]': 'to_json(c)',
  'text[][]': 'to_json(c)',
  'bool[]': 'to_json(c)',
  'uuid[]': 'to_json(c)',
  'mood[]': 'to_json(c)',
  cidr: 'to_json(c::text)',
  macaddr: 'to_json(c::text)',
  tsvector: 'to_json(c::text)',
  tsrange: 'to_json(c::text)',
  daterange: 'to_json(c::text)',
  year_range: 'to_json(c::text)',
  'int2[]': 'to_json(c)',
  'name[]': 'to_json(c)',
  'citext[]': 'to_json(c::text[])',
  'cents[]': 'to_json(c::text[])',
  'json[]': 'to_json(c::text[])',
};

/** Compared as parsed documents where the oracle's text may differ in form. */
const PARSED: ReadonlySet<string> = new Set(['hstore']);

/** Values that a task would stop at. */
const REFUSED = /^(?:NaN|-?Infinity|294276.*|-?2562047788.*|178000000 years|-?infinity)$/;

describe.each(TESTED_VERSIONS)('events of PostgreSQL %i', (version) => {
  let server: PostgresServer;
  let run: EventRun | undefined;
  const samples = typeSamples(version).map(({ type, values }, i) => ({
    type,
    name: `c${i}`,
    values: usable(type, values),
  }));
  const read = new Map<number, Record<string, unknown>>();
  const oracle = new Map<number, Record<string, unknown>>();

  beforeAll(async () => {
    server = await startPostgres({ version });
    const client = new pg.Client(server.url);
    await client.connect();
    await client.query(SESSION);
    const columns = samples.map(({ type, name }) => `${name} ${type}`).join(', ');
    await client.query(`CREATE TABLE all_types (id int PRIMARY KEY, ${columns})`);
    await fill(client, samples, 0);
    run = new EventRun(
      new PostgresTask({
        name: 'sql',
        'topic.prefix': 's',
        ...databaseOptions(server),
        'plugin.name': 'pgoutput',
        'decimal.handling.mode': 'string',
      }),
    );
    await run.start();
    await run.until((records) => records.length === ROWS);
    const names = samples.map(({ name }) => name).join(', ');
    await client.query(`INSERT INTO all_types SELECT id + 1000, ${names} FROM all_types`);
    await run.until((records) => records.length === ROWS * 2);
    for (const { value } of run.records) {
      const { after } = (JSON.parse(value ?? '', exact) as { payload: { after: Record<string, unknown> } }).payload;
      read.set(Number(String(after['id']).replace('#', '')), after);
    }
    const checked = samples.filter(({ type }) => type in ORACLE);
    const expressions = checked.map(
      ({ type, name }) => `(${(ORACLE[type] ?? '').replaceAll(/\bc\b/g, name)})::text AS ${name}`,
    );
    const rows = await client.query<Record<string, string | null>>(
      `SELECT id, ${expressions.join(', ')} FROM all_types WHERE id < 1000`,
    );
    for (const row of rows.rows) {
      const made: Record<string, unknown> = {};
      for (const { name } of checked) made[name] = row[name] === null ? null : JSON.parse(row[name] ?? 'null', exact);
      oracle.set(Number(row['id']), made);
    }
    await client.end();
  }, 120_000);

  afterAll(async () => {
    await run?.close();
    await server?.stop();
  });

  it.each(samples)('show $type alike in snapshot and stream', ({ name }) => {
    for (let id = 0; id < ROWS; id++)
      expect({ id, value: read.get(id + 1000)?.[name] }).toEqual({ id, value: read.get(id)?.[name] });
  });

  it.each(samples.filter(({ type }) => type in ORACLE))('show $type as SQL says', ({ type, name }) => {
    const form = (value: unknown): unknown =>
      PARSED.has(type) && typeof value === 'string' ? JSON.parse(value) : value;
    for (let id = 0; id < ROWS; id++) {
      const expected = oracle.get(id)?.[name];
      if (type === 'interval' && expected === null) continue;
      expect({ id, value: form(read.get(id)?.[name]) }).toEqual({ id, value: form(expected) });
    }
  });
});

interface Sample {
  readonly type: string;
  readonly name: string;
  readonly values: fc.Arbitrary<string>;
}

function usable(type: string, values: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const finite = /^(?:numeric|timestamp(?!tz)|interval|cents)/.test(type);
  return values.filter(
    (value) =>
      !(finite && REFUSED.test(value)) &&
      !(type.endsWith('[]') && /infinity|294276|2562047788|178000000/.test(value) && !type.startsWith('timestamptz')),
  );
}

async function fill(client: pg.Client, samples: readonly Sample[], from: number): Promise<void> {
  const columns = samples.map(({ values }, i) => fc.sample(values, { numRuns: ROWS, seed: 7 + i }));
  const names = samples.map(({ name }) => name).join(', ');
  for (let row = 0; row < ROWS; row++) {
    const cells = columns.map((column, i) => ((row + i) % 9 === 0 ? null : (column[row] ?? null)));
    const places = samples.map(({ type }, i) => `$${i + 2}::text::${type}`).join(', ');
    await client.query(`INSERT INTO all_types (id, ${names}) VALUES ($1, ${places})`, [from + row, ...cells]);
  }
}

/** Integers beyond 2^53 as text. */
function exact(_key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
    ? `#${context?.source}`
    : value;
}
