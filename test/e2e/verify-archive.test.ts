import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { VerifyReport } from '../../runtime/app/verify/verify.ts';
import { databaseOptions, startPostgres, type PostgresServer } from '../services/postgres.ts';
import { connectorFiles } from './connector-files.ts';
import { millrace, WorkerProcess } from './worker-process.ts';

let server: PostgresServer;
let folder: string;
let worker: WorkerProcess;

const PLACEHOLDER = '__debezium_unavailable_value';

function sink(format: string, more: Record<string, string>): Record<string, string> {
  return {
    'connector.class': 's3',
    'topics.regex': 'mine\\..*',
    'store.url': `file://${folder}/${format}`,
    'format.class': format,
    'millrace.envelope': 'true',
    'flush.size': '50',
    'rotate.schedule.interval.ms': '500',
    timezone: 'UTC',
    ...more,
  };
}

beforeAll(async () => {
  server = await startPostgres();
  await server.sql(`
    create table items (id int primary key, note text, price numeric(12, 2), free numeric, f4 float4, f8 float8,
      data bytea, on_day date, at_time time, ms timestamp(3), us timestamp, zoned timestamptz, flag boolean, doc jsonb);
    create table notes (body text, n int);
    create table emptied (id int primary key, note text);
    insert into items select i, 'it''s "' || i, i * -1.25, i / 7.0, i / 3.0, i / 9.0, decode(lpad(to_hex(i), 8, '0'), 'hex'),
      date '2024-01-01' + i, time '10:00' + i * interval '1.001 s', '2024-01-01T10:00:00.5', '2024-01-01T10:00:00.123456',
      '2024-05-01T10:00:00.25+02', i % 2 = 0, jsonb_build_object('i', i) from generate_series(1, 100) i;
    insert into items (id, f8, us, price) values (1000, 'NaN', 'infinity', 99999999.99), (1001, '-0', null, -0.01);
    insert into items (id, note) values (2000, repeat(md5('a'), 4000)), (2001, '${PLACEHOLDER}');
    alter table items alter note set storage external;
    insert into notes values ('same', 1), ('same', 1), ('other', null);
    insert into emptied select i, 'x' from generate_series(1, 50) i;
    alter table notes replica identity full`);
  folder = mkdtempSync(join(tmpdir(), 'mr-verify-archive-'));
  const connectors = {
    mine: {
      'connector.class': 'postgres',
      ...databaseOptions(server),
      'topic.prefix': 'mine',
      'plugin.name': 'pgoutput',
      'publication.autocreate.mode': 'filtered',
      'skipped.operations': 'none',
      'status.update.interval.ms': '300',
      'topic.creation.default.partitions': '3',
      'topic.creation.default.replication.factor': '1',
      'table.include.list': 'public.items,public.notes,public.emptied',
    },
    lines: sink('JsonFormat', { 's3.compression.type': 'gzip' }),
    columns: sink('ParquetFormat', { 'parquet.codec': 'zstd', 'topics.dir': 'data' }),
    merged: sink('JsonFormat', {
      'topics.dir': 'merged',
      transforms: 'route',
      'transforms.route.type': 'RegexRouter',
      'transforms.route.regex': 'mine\\.public\\.(?:items|notes)',
      'transforms.route.replacement': 'shop',
    }),
    part: { ...sink('JsonFormat', { topics: 'mine.public.notes' }), 'topics.regex': '', 'topics.dir': 'part' },
    once: {
      'connector.class': 'postgres',
      ...databaseOptions(server),
      'topic.prefix': 'once',
      'status.update.interval.ms': '300',
      'slot.name': 'once',
      'publication.name': 'once',
      'publication.autocreate.mode': 'filtered',
      'table.include.list': 'public.items',
      'millrace.delivery': 'exactly-once',
    },
    'once-lines': sink('JsonFormat', { 'topics.regex': 'once\\..*', 'topics.dir': 'once' }),
    values: {
      ...sink('JsonFormat', { 'store.url': `file://${folder}/values` }),
      'millrace.envelope': 'false',
      'behavior.on.null.values': 'ignore',
    },
  };
  const files = connectorFiles(folder, connectors);
  worker = await WorkerProcess.start(['--set', 'offset.flush.interval.ms=200', ...files], folder);
  await worker.until('streaming', async () => {
    return (await server.sql('select 1 from pg_replication_slots where active')).length === 2;
  });
  await server.sql(`
    insert into items (id, note) select i, 'after' from generate_series(101, 200) i;
    update items set flag = null where id in (2000, 2001);
    update items set price = price + 1 where id <= 10;
    delete from items where id between 11 and 20;
    update items set id = 3000 where id = 21;
    update notes set n = 2 where body = 'other';
    insert into notes values ('more', 4);
    insert into emptied select i, 'y' from generate_series(51, 90) i;
    truncate emptied;
    insert into emptied select i, 'z' from generate_series(80, 100) i`);
});

afterAll(async () => {
  await worker?.stop();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Verified {
  readonly code: number | null;
  readonly report: VerifyReport;
  readonly err: string;
}

async function verified(...archives: string[]): Promise<Verified> {
  return verifiedSource('mine', ...archives);
}

async function verifiedSource(source: string, ...archives: string[]): Promise<Verified> {
  const named = archives.flatMap((archive) => ['--archive', archive]);
  const { code, out, err } = await millrace(['verify', source, '--hub', 'millrace-data', '--json', ...named], folder);
  if (out === '') throw new Error(err);
  return { code, report: JSON.parse(out) as VerifyReport, err };
}

function found(report: VerifyReport) {
  return report.comparisons.map(({ table, copy, equal, differences, inconclusive }) => {
    return { table, copy, equal, differences, inconclusive };
  });
}

test('source, hub, JSON Lines and Parquet are equal, named by their sinks', async () => {
  const { code, report } = await verified('lines', 'columns');
  expect(found(report).filter(({ equal, inconclusive }) => !equal || inconclusive.length > 0)).toEqual([]);
  expect(report.comparisons).toHaveLength(9);
  expect(report.comparisons[0]?.notCompared).toEqual([]);
  expect(report).toMatchObject({ equal: true, complete: true });
  expect(code).toBe(0);
});

test('tables that a transform put into one folder are told apart', async () => {
  const { code, report } = await verified('merged');
  expect(found(report).filter(({ equal, inconclusive }) => !equal || inconclusive.length > 0)).toEqual([]);
  expect(report).toMatchObject({ equal: true, complete: true });
  expect(code).toBe(0);
  expect(readdirSync(join(folder, 'JsonFormat', 'merged'), { encoding: 'utf8' })).toContain('shop');
});

test('an archive behind an exactly-once source is complete although its topic ends with a transaction’s marker', async () => {
  const { code, report } = await verifiedSource('once', 'once-lines');
  expect(found(report).map(({ copy, equal }) => [copy, equal])).toEqual([
    ['hub', true],
    ['once-lines', true],
  ]);
  expect(code).toBe(0);
});

/** A copy of the archive of JSON Lines in which one record of the table was changed. */
function changed(name: string, topic: string, change: (line: string) => string[] | undefined): string {
  const copy = join(folder, name);
  cpSync(join(folder, 'JsonFormat', 'topics'), copy, { recursive: true });
  for (const file of readdirSync(join(copy, topic), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.json.gz')) continue;
    const path = join(copy, topic, file);
    const lines = gunzipSync(readFileSync(path)).toString().trimEnd().split('\n');
    for (const [index, line] of lines.entries()) {
      const others = change(line);
      if (others === undefined) continue;
      lines.splice(index, 1, ...others);
      writeFileSync(path, gzipSync(lines.map((each) => `${each}\n`).join('')));
      return copy;
    }
  }
  throw new Error(`nothing to change in ${topic}`);
}

const isOf = (line: string, id: number): boolean => line.includes(`"key":{"id":${id}}`);

test('a row whose record the archive lost is named', async () => {
  const archive = changed('removed', 'mine.public.items', (line) => (isOf(line, 150) ? [] : undefined));
  const { code, report } = await verified(archive);
  expect(found(report).filter(({ equal }) => !equal)).toEqual([
    {
      table: 'public.items',
      copy: archive,
      equal: false,
      differences: [{ key: ['150'], kind: 'missing' }],
      inconclusive: [],
    },
  ]);
  expect(code).toBe(1);
});

test('rows of a Parquet file that the archive lost are named, beside tombstones and instants', async () => {
  const copy = join(folder, 'columns-removed');
  cpSync(join(folder, 'ParquetFormat', 'data'), copy, { recursive: true });
  const topic = join(copy, 'mine.public.items');
  const files = readdirSync(topic, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.parquet'));
  rmSync(join(topic, files.toSorted()[0] ?? ''));
  const { code, report } = await verified(copy);
  const [different, ...others] = found(report).filter(({ equal }) => !equal);
  expect(others).toEqual([]);
  expect(different).toMatchObject({ table: 'public.items', copy, inconclusive: [] });
  expect(different?.differences.length).toBeGreaterThan(0);
  expect(code).toBe(1);
});

test('a record that the archive has twice is named', async () => {
  const archive = changed('doubled', 'mine.public.items', (line) => (isOf(line, 151) ? [line, line] : undefined));
  const { code, report } = await verified(archive);
  expect(found(report).filter(({ equal }) => !equal)).toMatchObject([
    {
      table: 'public.items',
      differences: [{ key: ['151'], kind: 'doubled', record: expect.stringMatching(/^mine\.public\.items-\d@\d+$/) }],
    },
  ]);
  expect(code).toBe(1);
});

test('a lost row of a table without a key is counted', async () => {
  const archive = changed('keyless', 'mine.public.notes', (line) => (line.includes('"more"') ? [] : undefined));
  const { report } = await verified(archive);
  expect(found(report).filter(({ equal }) => !equal)).toMatchObject([
    { table: 'public.notes', differences: [{ key: [], kind: 'missing' }] },
  ]);
});

test('tables that the sink does not archive are said to be left out', async () => {
  const { code, report } = await verified('part');
  expect(report.notHeld).toEqual([
    { table: 'public.emptied', copy: 'part' },
    { table: 'public.items', copy: 'part' },
  ]);
  expect(report).toMatchObject({ equal: true, complete: false });
  expect(code).toBe(0);
});

test('a record that the archive of a sink lost is named, though a later one took its place', async () => {
  const topic = join(folder, 'JsonFormat', 'topics', 'mine.public.items');
  const path = join(
    topic,
    readdirSync(topic, { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('.gz')) ?? '',
  );
  const lines = gunzipSync(readFileSync(path)).toString().trimEnd().split('\n');
  const [first] = lines.splice(
    lines.findIndex((line) => /"key":\{"id":[1-9]\}/.test(line)),
    1,
  );
  const { offset, partition } = JSON.parse(first ?? '{}') as { offset: number; partition: number };
  writeFileSync(path, gzipSync(lines.map((each) => `${each}\n`).join('')));
  const { code, report } = await verified('lines');
  expect(found(report).filter(({ equal }) => !equal)).toMatchObject([
    { table: 'public.items', differences: [{ kind: 'lost', record: `mine.public.items-${partition}@${offset}` }] },
  ]);
  expect(code).toBe(1);
});

test('what is no archive that can be compared is refused with the remedy', async () => {
  await expect(verified('values')).rejects.toThrow(/VERIFY_ARCHIVE_VALUES/);
  await expect(verified('mine')).rejects.toThrow(/VERIFY_NO_ARCHIVE/);
  await expect(verified('nowhere')).rejects.toThrow(/VERIFY_UNKNOWN_ARCHIVE/);
});
