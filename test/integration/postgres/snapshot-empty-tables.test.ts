import { afterEach, describe, expect, test } from 'vitest';
import type { RawConfig } from '../../../runtime/connector/options.ts';
import { databaseOptions } from '../../services/postgres.ts';
import { until } from '../../until.ts';
import { valueTexts } from '../rest/hub-records.ts';
import { startLocalWorker, type LocalWorker } from '../rest/local-worker.ts';
import { snapshotServer } from './snapshot-server.ts';

const { newRun, sql, server } = snapshotServer();
const EMPTY = 12;
const ROWS = 200;
const FULL = ['a', 'e05_full', 'z'];
const empty = (): string[] => Array.from({ length: EMPTY }, (_, i) => `e${String(i).padStart(2, '0')}`);

/** More empty tables than a reader has blocks: before, between and behind full ones. */
async function makeTables(): Promise<void> {
  for (const table of FULL) {
    await sql(`CREATE TABLE ${table} (id int PRIMARY KEY, t text)`);
    await sql(`INSERT INTO ${table} SELECT i, 'row ' || i FROM generate_series(1, ${ROWS}) i`);
  }
  for (const table of [...empty(), ...empty().map((name) => `z${name}`)]) {
    await sql(`CREATE TABLE ${table} (id int PRIMARY KEY, t text)`);
  }
}

/** Pages without a row, some in the middle of others: chunks of pages that hold nothing. */
async function makeHoles(): Promise<void> {
  await sql('CREATE TABLE holes (n int, t text) WITH (autovacuum_enabled = off)');
  await sql(`INSERT INTO holes SELECT i, repeat('x', 500) FROM generate_series(1, 4000) i`);
  await sql('DELETE FROM holes WHERE n BETWEEN 100 AND 1900 OR n BETWEEN 2100 AND 3900');
}

describe('a snapshot', () => {
  test.each([{ 'snapshot.max.threads': '1' }, { 'snapshot.max.threads': '3' }] as RawConfig[])(
    'comes past empty tables and chunks, killed in the middle too (%j)',
    async (threads) => {
      await makeTables();
      await makeHoles();
      const run = newRun({ ...threads, 'millrace.snapshot.chunk.bytes': '8192' });
      let batches = 0;
      await run.start({}, { kill: () => batches++ === 60 });
      await run.untilKilled();
      await run.start();
      await run.untilRead();
      await sql('INSERT INTO e03 VALUES (1)');
      await run.catchUp();
      for (const table of [...FULL, ...empty(), 'holes']) {
        expect(await run.differences(table), table).toEqual({ missing: [], extra: [] });
      }
    },
  );

  test('marks the last row of all, however many empty tables come after it', async () => {
    await makeTables();
    const run = newRun();
    await run.start();
    await run.untilRead();
    const reads = run.changes.filter(({ op }) => op === 'r');
    expect(reads).toHaveLength(FULL.length * ROWS);
    expect(reads.at(-1)?.snapshot).toBe('last');
    expect(reads.filter(({ snapshot }) => snapshot === 'last_in_data_collection')).toHaveLength(FULL.length - 1);
  });
});

describe('a worker', () => {
  let worker: LocalWorker | undefined;
  afterEach(async () => {
    await worker?.close();
    worker = undefined;
  });

  test.each(['at-least-once', 'exactly-once'])(
    'reads empty tables %s, over a restart in the middle',
    async (delivery) => {
      await makeTables();
      await makeHoles();
      worker = await startLocalWorker({ 'offset.flush.interval.ms': '100' });
      const { request } = worker;
      const { hub } = worker.worker;
      const read = (table: string): Promise<string[]> => valueTexts(hub, `p.public.${table}`);
      await request('PUT', '/connectors/shop/config', {
        'connector.class': 'postgres',
        ...databaseOptions(server()),
        'topic.prefix': 'p',
        'slot.name': 'snap',
        'publication.name': 'snap',
        'table.include.list': 'public\\..*',
        'millrace.delivery': delivery,
        'millrace.snapshot.chunk.bytes': '8192',
      });
      await until(async () => (await read('a')).length > 0);
      await request('POST', '/connectors/shop/restart?includeTasks=true');
      await until(async () => (await read('z')).length >= ROWS && (await read('holes')).length >= 398);
      await sql('INSERT INTO ze11 VALUES (7)');
      await until(async () => (await read('ze11')).length > 0);
      for (const table of FULL) expect((await read(table)).length, table).toBeGreaterThanOrEqual(ROWS);
    },
  );
});
