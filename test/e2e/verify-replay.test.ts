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
    create table single (body text);
    create table together (body text);
    alter table single replica identity full`);
  folder = mkdtempSync(join(tmpdir(), 'mr-verify-replay-'));
  const config = {
    'connector.class': 'postgres',
    ...databaseOptions(server),
    'topic.prefix': 'mine',
    'plugin.name': 'pgoutput',
    'status.update.interval.ms': '300',
    'table.include.list': 'public.single,public.together',
  };
  writeFileSync(join(folder, 'mine.json'), JSON.stringify({ name: 'mine', config }));
});

afterAll(async () => {
  await worker?.stop();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function started(flushMs: number): Promise<void> {
  worker = await WorkerProcess.start(['--set', `offset.flush.interval.ms=${flushMs}`, 'mine.json'], folder);
  await worker.until('streaming', async () => {
    return (await server.sql('select 1 from pg_replication_slots where active')).length > 0;
  });
}

async function inHub(table: string, records: number): Promise<void> {
  await worker.until(`${records} records of ${table} in the hub`, async () => {
    const args = ['topics', 'describe', `mine.public.${table}`, '--hub', 'millrace-data', '--json'];
    const { out } = await millrace(args, folder);
    const { offsets } = JSON.parse(out) as { offsets: { latest: string }[] };
    return offsets.some(({ latest }) => Number(latest) >= records);
  });
}

test('events of tables without a key that came twice after a kill are no differences', async () => {
  await started(200);
  await worker.until('a stored offset', async () => {
    const { code } = await millrace(['verify', 'mine', '--hub', 'millrace-data', '--wait', '1'], folder);
    return code === 0;
  });
  await worker.stop();
  await started(600_000);
  await server.sql(`
    insert into single select 'one ' || i from generate_series(1, 20) i;
    insert into single values ('same');
    insert into single values ('same');
    update single set body = 'changed' where body = 'one 3';
    delete from single where body = 'one 4'`);
  await server.sql(String.raw`copy together from program 'printf "twice\ntwice\nonce\n"'`);
  await inHub('single', 24);
  await inHub('together', 3);
  await worker.kill();
  await started(200);
  await inHub('single', 48);
  const { code, out, err } = await millrace(['verify', 'mine', '--hub', 'millrace-data', '--json'], folder);
  expect(err).not.toContain('error:');
  const { comparisons, equal } = JSON.parse(out) as VerifyReport;
  expect(comparisons).toMatchObject([
    { table: 'public.single', equal: true, sourceRows: '21', copyRows: '42', differences: [], inconclusive: [] },
    {
      table: 'public.together',
      equal: true,
      sourceRows: '3',
      copyRows: '6',
      differences: [],
      inconclusive: [{ key: [] }],
    },
  ]);
  expect(equal).toBe(true);
  expect(code).toBe(0);
});
