import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { VerifyReport } from '../../runtime/app/verify/verify.ts';
import { databaseOptions, startPostgres, type PostgresServer } from '../services/postgres.ts';
import { millrace, WorkerProcess } from './worker-process.ts';

let server: PostgresServer;
let folder: string;
let worker: WorkerProcess;

beforeAll(async () => {
  server = await startPostgres();
  await server.sql(`
    create table items (id int primary key, note text, price numeric);
    create table notes (body text);
    insert into items select i, 'before', i / 7.0 from generate_series(1, 100) i;
    insert into notes values ('same'), ('same'), ('other')`);
  folder = mkdtempSync(join(tmpdir(), 'mr-verify-'));
  const config = {
    'connector.class': 'postgres',
    ...databaseOptions(server),
    'topic.prefix': 'mine',
    'plugin.name': 'pgoutput',
    'publication.autocreate.mode': 'filtered',
    // The connector itself would stop at a publication that lost a table: here verify has to see it.
    'millrace.slot.poll.interval.ms': '3600000',
    'status.update.interval.ms': '300',
    'table.include.list': 'public.items,public.notes',
  };
  const file = join(folder, 'mine.json');
  writeFileSync(file, JSON.stringify({ name: 'mine', config }));
  worker = await WorkerProcess.start(['--set', 'offset.flush.interval.ms=200', file], folder);
  await worker.until('streaming', async () => {
    return (await server.sql('select 1 from pg_replication_slots where active')).length > 0;
  });
});

afterAll(async () => {
  await worker?.stop();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function verified(): Promise<{ code: number | null; report: VerifyReport }> {
  const { code, out, err } = await millrace(['verify', 'mine', '--hub', 'millrace-data', '--json'], folder);
  if (out === '') throw new Error(err);
  return { code, report: JSON.parse(out) as VerifyReport };
}

test('rows of the snapshot and of the stream are equal, in a table without a key too', async () => {
  await server.sql(`
    insert into items select i, 'after', null from generate_series(101, 200) i;
    update items set note = 'changed' where id <= 10;
    delete from items where id between 11 and 20`);
  const { code, report } = await verified();
  expect(report.comparisons).toMatchObject([
    { table: 'public.items', copy: 'hub', equal: true, sourceRows: '190', copyRows: '190', differences: [] },
    { table: 'public.notes', copy: 'hub', equal: true, sourceRows: '3', copyRows: '3', differences: [] },
  ]);
  expect(report.equal).toBe(true);
  expect(code).toBe(0);
});

test('rows that the publication kept back are named', async () => {
  await server.sql('alter publication dbz_publication drop table items');
  await server.sql(`
    insert into items values (1000, 'nobody saw it', 1);
    update items set price = 0 where id = 1;
    delete from items where id = 2`);
  const { code, report } = await verified();
  const [items, notes] = report.comparisons;
  expect(items?.differences.toSorted((a, b) => Number(a.key[0]) - Number(b.key[0]))).toEqual([
    { key: ['1'], kind: 'stale' },
    { key: ['2'], kind: 'extra' },
    { key: ['1000'], kind: 'missing' },
  ]);
  expect(notes?.equal).toBe(true);
  expect(report.equal).toBe(false);
  expect(code).toBe(1);
});

test('the demo proves itself', async () => {
  const { code, out, err } = await millrace(['demo', '--data', 'demo', '--seconds', '2', '--orders', '500'], folder);
  expect(out + err).toContain('No row was lost');
  expect(out.match(/ equal$/gm)).toHaveLength(12);
  expect(code).toBe(0);
});
