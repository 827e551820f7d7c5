import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { VerifyReport } from '../../runtime/app/verify/verify.ts';
import { databaseOptions, startPostgres, type PostgresServer } from '../services/postgres.ts';
import { millrace, WorkerProcess, type Finished } from './worker-process.ts';

let server: PostgresServer;
let folder: string;
let worker: WorkerProcess;

const PLAIN = { transforms: '' };
const UNWRAPPED = { transforms: 'rows', 'transforms.rows.type': 'io.debezium.transforms.ExtractNewRecordState' };

beforeAll(async () => {
  server = await startPostgres();
  await server.sql(`create table items (id int primary key, note text);
    insert into items select i, 'a' from generate_series(1, 20) i`);
  folder = mkdtempSync(join(tmpdir(), 'mr-uncompared-'));
  writeFileSync(join(folder, 'mine.json'), JSON.stringify({ name: 'mine', config: source(UNWRAPPED) }));
  worker = await WorkerProcess.start(['--set', 'offset.flush.interval.ms=200', 'mine.json'], folder, {
    TABLES: 'public.items',
  });
  await worker.until('streaming', async () => {
    return (await server.sql('select 1 from pg_replication_slots where active')).length > 0;
  });
});

afterAll(async () => {
  await worker?.stop();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function source(more: Record<string, string>): Record<string, string> {
  return {
    'connector.class': 'postgres',
    ...databaseOptions(server),
    'topic.prefix': 'mine',
    'plugin.name': 'pgoutput',
    'publication.autocreate.mode': 'filtered',
    'status.update.interval.ms': '300',
    'table.include.list': 'public.items',
    ...more,
  };
}

const verify = (...more: string[]): Promise<Finished> =>
  millrace(['verify', 'mine', '--hub', 'millrace-data', ...more], folder);

/** Configures the running connector anew. */
async function configure(more: Record<string, string>): Promise<void> {
  writeFileSync(join(folder, 'mine.json'), JSON.stringify({ name: 'mine', config: source(more) }));
  const { code, err } = await millrace(['apply', 'mine.json', '--url', worker.url], folder);
  if (code !== 0) throw new Error(err);
}

test.each([
  ['a transform takes the envelope off', UNWRAPPED, 'transforms'],
  ['a transform masks the operation', mask(), 'transforms'],
  ['topics are renamed', route(), 'transforms'],
  ['values are written as text', { ...PLAIN, 'value.converter': 'string' }, 'value.converter'],
])('nothing is called missing where %s: it is refused by name', async (_name, config, key) => {
  await configure(config);
  const { code, out, err } = await verify();
  expect(out).toBe('');
  expect(err).toContain('mine cannot be compared');
  expect(err).toMatch(new RegExp(`key: +${key}\\n`));
  expect(code).toBe(2);
});

test('a variable that only the worker has is asked for by the command that lacks it', async () => {
  await configure({ ...PLAIN, 'table.include.list': '${env:TABLES}' });
  for (const command of ['verify', 'reindex']) {
    const { code, err } = await millrace([command, 'mine', '--hub', 'millrace-data'], folder);
    expect(err).toContain(`remedy: Start \`millrace ${command}\` with TABLES in its environment`);
    expect(err).toContain('CONFIG_VARIABLE_UNRESOLVED');
    expect(code).toBe(2);
  }
});

test('rows that were written without their envelope before are not called missing', async () => {
  await configure(PLAIN);
  const { code, out } = await verify('--json');
  expect(JSON.parse(out) as VerifyReport).toMatchObject({
    equal: false,
    comparisons: [{ compared: false, equal: false, differences: [], inconclusive: [{ key: [] }] }],
  });
  expect(code).toBe(7);
  expect((await verify()).out).toContain('CANNOT BE COMPARED');
});

function mask(): Record<string, string> {
  return {
    transforms: 'mask',
    'transforms.mask.type': 'org.apache.kafka.connect.transforms.MaskField$Value',
    'transforms.mask.fields': 'op',
  };
}

function route(): Record<string, string> {
  return {
    transforms: 'route',
    'transforms.route.type': 'RegexRouter',
    'transforms.route.regex': '(.*)',
    'transforms.route.replacement': 'other.$1',
  };
}
