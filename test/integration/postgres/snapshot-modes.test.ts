import pg from 'pg';
import { describe, expect, test } from 'vitest';
import type { SnapshotRun } from './snapshot-run.ts';
import { snapshotServer } from './snapshot-server.ts';

const EQUAL = { missing: [], extra: [] };

const { newRun, sql, server } = snapshotServer();

async function session(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: server().url });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

const reads = (run: SnapshotRun, table: string): number =>
  run.changes.filter(({ topic, op }) => topic === `p.public.${table}` && op === 'r').length;

describe('the guard', () => {
  test('names the table it cannot lock, and the session in its way', async () => {
    await sql('CREATE TABLE a (id int PRIMARY KEY)');
    const other = await session();
    const run = newRun({ 'snapshot.lock.timeout.ms': '100', 'snapshot.delay.ms': '300' });
    let locked: Promise<unknown> | undefined;
    const lock = (): boolean => {
      locked ??= other.query('BEGIN; LOCK TABLE a IN ACCESS EXCLUSIVE MODE');
      return false;
    };
    await run.start({}, { kill: lock });
    await run.until(() => run.failure !== undefined).catch(() => undefined);
    await locked;
    await other.end();
    expect(run.failure).toMatchObject({ code: 'POSTGRES_SNAPSHOT_LOCK_TIMEOUT', kind: 'busy' });
    expect(run.failure?.message).toMatch(/public\.a.*session \d+ .*LOCK TABLE a/);
    run.failure = undefined;
  });

  for (const change of ['ALTER TABLE a ALTER t TYPE varchar', 'TRUNCATE a']) {
    test(`keeps the rows readable when ${change.split(' ')[0]} comes between slot and first chunk`, async () => {
      await sql('CREATE TABLE a (id int PRIMARY KEY, t text)');
      await sql(`INSERT INTO a SELECT i, 'row ' || i FROM generate_series(1, 20000) i`);
      await sql('ANALYZE a');
      const run = newRun({ 'snapshot.max.threads': '3', 'millrace.snapshot.chunk.bytes': '65536' });
      let changed: Promise<unknown> | undefined;
      const other = await session();
      await run.start(
        {},
        {
          kill: (batch) => {
            // The plan: the slot exists, no rows were handed over.
            const planned = batch.progress?.some(({ position }) => position.toOffset()['phase'] === 'planned');
            if (planned === true) changed = other.query(change);
            return false;
          },
        },
      );
      await run.until(() => reads(run, 'a') === 20000);
      await changed;
      await run.catchUp();
      expect(changed).toBeDefined();
      if (change.startsWith('TRUNCATE'))
        expect(run.changes.some(({ op }) => op === 't') || run.state('a').size > 0).toBe(true);
      else expect(await run.differences('a')).toEqual(EQUAL);
      await other.end();
    });
  }
});

describe('snapshot.mode', () => {
  test('no_data streams only', async () => {
    await sql('CREATE TABLE a (id int PRIMARY KEY)');
    await sql('INSERT INTO a VALUES (1)');
    const run = newRun({ 'snapshot.mode': 'no_data' });
    await run.start();
    await run.until(async () => (await sql('SELECT 1 FROM pg_replication_slots WHERE active')).length > 0);
    await sql('INSERT INTO a VALUES (2)');
    await run.catchUp();
    expect(run.changes.filter(({ topic }) => topic === 'p.public.a').map(({ op }) => op)).toEqual(['c']);
    await run.stop();
    await run.start();
    await run.catchUp();
    expect(reads(run, 'a')).toBe(0);
  });

  test('initial_only ends after the snapshot, and begins anew after a kill', async () => {
    await sql('CREATE TABLE a (id int PRIMARY KEY, t text)');
    await sql(`INSERT INTO a SELECT i, repeat('x', 100) FROM generate_series(1, 1000) i`);
    await sql('ANALYZE a');
    const run = newRun({ 'snapshot.mode': 'initial_only', 'millrace.snapshot.chunk.bytes': '16384' });
    let left = 4;
    await run.start({}, { kill: () => left-- === 0 });
    await run.untilKilled();
    await run.start();
    await run.until(() => run.ended);
    expect(await run.differences('a')).toEqual(EQUAL);
    const before = run.changes.length;
    await run.stop();
    await run.start();
    await run.until(() => run.ended);
    expect(run.changes.length).toBe(before);
  });

  test('initial reads nothing again after it is done', async () => {
    await sql('CREATE TABLE a (id int PRIMARY KEY)');
    await sql('INSERT INTO a VALUES (1)');
    const run = newRun();
    await run.start();
    await run.untilRead();
    await run.kill();
    await sql('INSERT INTO a VALUES (2)');
    await run.start();
    await run.catchUp();
    expect(run.changes.filter(({ topic }) => topic === 'p.public.a').map(({ op }) => op)).toEqual(['r', 'c']);
  });

  test('always reads the tables again beside the stream', async () => {
    await sql('CREATE TABLE a (id int PRIMARY KEY)');
    await sql('CREATE TABLE b (x int)');
    await sql('INSERT INTO a VALUES (1)');
    await sql('INSERT INTO b VALUES (1)');
    const run = newRun({ 'snapshot.mode': 'always' });
    await run.start();
    await run.catchUp();
    await run.stop();
    await run.start();
    await run.until(() => reads(run, 'a') === 2 && reads(run, 'b') === 2);
    await run.catchUp();
    expect(await run.differences('a')).toEqual(EQUAL);
  });

  test('when_needed reads anew where the slot is lost; initial stops and names it', async () => {
    await sql('CREATE TABLE a (id int PRIMARY KEY)');
    await sql('INSERT INTO a VALUES (1)');
    const run = newRun();
    await run.start();
    await run.catchUp();
    await run.stop();
    await sql(`SELECT pg_drop_replication_slot('snap')`);
    await sql('INSERT INTO a VALUES (2)');
    await run.start();
    await run.until(() => run.failure !== undefined).catch(() => undefined);
    expect(run.failure).toMatchObject({ code: 'POSTGRES_SLOT_MISSING', kind: 'position' });
    await run.stop().catch(() => undefined);
    await run.start({ 'snapshot.mode': 'when_needed' });
    await run.until(() => reads(run, 'a') === 3);
    await run.catchUp();
    expect(await run.differences('a')).toEqual(EQUAL);
    await run.stop();
    await run.start({ 'snapshot.mode': 'when_needed' });
    await run.catchUp();
    expect(reads(run, 'a')).toBe(3);
  });

  test('a slot without offsets is taken over only by choice, and then everything is read', async () => {
    await sql('CREATE TABLE a (id int PRIMARY KEY)');
    await sql('INSERT INTO a VALUES (1)');
    await sql(`SELECT pg_create_logical_replication_slot('snap', 'pgoutput')`);
    const run = newRun();
    await expect(run.start()).rejects.toMatchObject({ code: 'POSTGRES_SLOT_WITHOUT_OFFSET', key: 'slot.name' });
    await sql('INSERT INTO a VALUES (2)');
    await run.start({ 'millrace.slot.adopt': 'true' });
    await run.untilRead();
    await run.catchUp();
    expect(await run.differences('a')).toEqual(EQUAL);
  });

  test('a slot left by a kill before its plan was stored is replaced', async () => {
    await sql('CREATE TABLE a (id int PRIMARY KEY)');
    await sql('INSERT INTO a VALUES (1)');
    const run = newRun();
    await run.start(
      {},
      { kill: (batch) => batch.progress?.some(({ position }) => position.toOffset()['phase'] === 'planned') === true },
    );
    await run.untilKilled();
    expect(await sql('SELECT slot_name FROM pg_replication_slots')).toHaveLength(1);
    await run.start();
    await run.untilRead();
    await run.catchUp();
    expect(await run.differences('a')).toEqual(EQUAL);
  });
});

describe('what is read', () => {
  test('follows include list, overrides and column filters', async () => {
    await sql('CREATE TABLE a (id int PRIMARY KEY, t text)');
    await sql('CREATE TABLE b (id int PRIMARY KEY, t text)');
    await sql(`INSERT INTO a VALUES (1, 'keep'), (2, 'drop')`);
    await sql(`INSERT INTO b VALUES (1, 'x')`);
    const run = newRun({
      'snapshot.include.collection.list': 'public\\.a',
      'snapshot.select.statement.overrides': 'public.a',
      'snapshot.select.statement.overrides.public.a': `SELECT * FROM public.a WHERE t = 'keep'`,
    });
    await run.start();
    await run.untilRead();
    await run.catchUp();
    expect(run.changes.filter(({ topic }) => topic === 'p.public.a').map(({ key }) => key)).toEqual(['{"id":"1"}']);
    expect(reads(run, 'b')).toBe(0);
    await run.stop();
    await run.start();
    await run.catchUp();
    expect(reads(run, 'b')).toBe(0);
  });

  test('a table that is added to the list is read beside the stream, with or without a key', async () => {
    await sql('CREATE TABLE a (id int PRIMARY KEY)');
    await sql('CREATE TABLE b (id int PRIMARY KEY, t text)');
    await sql('CREATE TABLE c (x int)');
    await sql('INSERT INTO a VALUES (1)');
    await sql(`INSERT INTO b SELECT i, 'row' FROM generate_series(1, 3000) i`);
    await sql('INSERT INTO c VALUES (1), (2)');
    const run = newRun({ 'table.include.list': 'public.a,public.sync', 'publication.autocreate.mode': 'filtered' });
    await sql('CREATE TABLE sync (id serial PRIMARY KEY, t text)');
    await run.start();
    await run.untilRead();
    await run.catchUp();
    await run.stop();
    await run.start({ 'table.include.list': 'public.*' });
    await sql(`UPDATE b SET t = 'new' WHERE id % 3 = 0`);
    await sql('INSERT INTO c VALUES (3)');
    await run.until(async () => (await run.differences('b')).missing.length === 0 && reads(run, 'c') >= 2);
    await run.untilRead();
    await run.catchUp();
    for (const table of ['a', 'b', 'c']) expect(await run.differences(table)).toEqual(EQUAL);
    const before = run.changes.length;
    await run.stop();
    await run.start({ 'table.include.list': 'public.*' });
    await run.catchUp();
    expect(run.changes.slice(before).filter(({ op }) => op === 'r')).toEqual([]);
  });
});
