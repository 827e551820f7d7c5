import { describe, expect, test } from 'vitest';
import { SNAPSHOT_CRASH_POINTS } from '../../../connectors/postgres/snapshot/crash-points.ts';
import { dropSlots } from '../../services/drop-slots.ts';
import { snapshotServer } from './snapshot-server.ts';

const SMALL = { 'millrace.snapshot.chunk.bytes': '16384', 'incremental.snapshot.chunk.size': '50' };
const EQUAL = { missing: [], extra: [] };

const { newRun, sql, server } = snapshotServer(SMALL);

/** Kills while rows are read, once some chunks are done. */
const afterReads = (count: number): { kill: (batch: unknown, changes: readonly { op: string }[]) => boolean } => {
  let seen = 0;
  return { kill: (_, changes) => changes.some(({ op }) => op === 'r') && ++seen > count };
};

describe('after a kill with open chunks', () => {
  test('the rest is read in windows beside the stream', async () => {
    await sql('CREATE TABLE a (id int PRIMARY KEY, t text)');
    await sql(`INSERT INTO a SELECT i, repeat('x', 50) || i FROM generate_series(1, 3000) i`);
    await sql('ANALYZE a');
    const run = newRun();
    await run.start({}, afterReads(3));
    await run.untilKilled();
    const before = run.changes.length;
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(3000);
    await sql(`UPDATE a SET t = 'between' WHERE id % 7 = 0`);
    await sql(`DELETE FROM a WHERE id % 11 = 0`);
    await run.start();
    await sql(`UPDATE a SET t = 'after' WHERE id % 5 = 0`);
    await run.untilRead();
    await run.catchUp();
    expect(await run.differences('a')).toEqual(EQUAL);
    expect(run.changes.some(({ snapshot }) => snapshot === 'incremental')).toBe(true);
  });

  test('a row that moved from an open chunk into a done one keeps its unchanged TOAST value', async () => {
    await sql('CREATE TABLE a (id int PRIMARY KEY, small int, big text)');
    await sql('ALTER TABLE a ALTER big SET STORAGE EXTERNAL');
    await sql(`INSERT INTO a SELECT i, 0, repeat('b', 3000) || i FROM generate_series(10, 500) i`);
    await sql('ANALYZE a');
    const run = newRun({ 'millrace.snapshot.chunk.bytes': '8192' });
    await run.start({}, afterReads(2));
    await run.untilKilled();
    await sql('UPDATE a SET id = 1 WHERE id = 500');
    await sql('UPDATE a SET id = 2 WHERE id = 499');
    await sql('UPDATE a SET small = 1 WHERE id IN (11, 490, 480)');
    await run.start({}, { kill: (_, changes) => changes.some(({ key }) => key === '{"id":"490"}') });
    await run.untilKilled();
    await run.start();
    await sql('UPDATE a SET id = 3 WHERE id = 498');
    await sql('UPDATE a SET small = 2 WHERE id IN (12, 470, 460)');
    await run.untilRead();
    await run.catchUp();
    expect(await run.differences('a')).toEqual(EQUAL);
  });

  test('a table without a key is read whole, and its changes come once', async () => {
    await sql('CREATE TABLE a (x int, y text)');
    await sql(`INSERT INTO a SELECT i, repeat('x', 50) FROM generate_series(1, 2000) i`);
    await sql('ANALYZE a');
    const run = newRun();
    await run.start({}, afterReads(2));
    await run.untilKilled();
    await sql(`INSERT INTO a VALUES (-1, 'while it was down')`);
    run.changes.length = 0;
    await run.start();
    await run.untilRead();
    await sql(`INSERT INTO a VALUES (-2, 'streamed')`);
    await run.catchUp();
    const rows = run.changes.filter(({ topic }) => topic === 'p.public.a');
    expect(rows.length).toBe(2002);
    expect(rows.filter(({ after }) => after?.['x'] === '-1').map(({ op }) => op)).toEqual(['r']);
    expect(rows.filter(({ after }) => after?.['x'] === '-2').map(({ op }) => op)).toEqual(['c']);
  });

  test('keys of any type and several columns are read to the end', async () => {
    await sql('CREATE TABLE "Mixed Case" ("Key A" text, "key-b" numeric, "v" int, PRIMARY KEY ("key-b", "Key A"))');
    await sql(`INSERT INTO "Mixed Case" SELECT 'a''\\ü' || i % 10, i / 3.0, i FROM generate_series(1, 2000) i`);
    await sql('CREATE TABLE u (id uuid PRIMARY KEY, v int)');
    await sql(`INSERT INTO u SELECT md5(i::text)::uuid, i FROM generate_series(1, 2000) i`);
    await sql('CREATE TABLE n (a int UNIQUE, v int)');
    await sql(`INSERT INTO n SELECT nullif(i % 500, 0), i FROM generate_series(1, 499) i`);
    await sql(`INSERT INTO n VALUES (NULL, 1000), (NULL, 1001)`);
    await sql('CREATE TABLE p (id int, region text, v int, PRIMARY KEY (id, region)) PARTITION BY LIST (region)');
    await sql(`CREATE TABLE p_eu PARTITION OF p FOR VALUES IN ('eu')`);
    await sql(`CREATE TABLE p_us PARTITION OF p FOR VALUES IN ('us')`);
    await sql(`INSERT INTO p SELECT i, CASE i % 2 WHEN 0 THEN 'eu' ELSE 'us' END, i FROM generate_series(1, 2000) i`);
    await sql('ANALYZE');
    for (const readers of ['1', '3']) {
      for (const kill of [1, 9, 17]) {
        const run = newRun({ 'snapshot.max.threads': readers, 'millrace.snapshot.chunk.bytes': '16384' });
        await run.start({}, afterReads(kill));
        await run.untilKilled();
        await sql(`UPDATE "Mixed Case" SET v = v + 1 WHERE v % 3 = 0`);
        await sql(`UPDATE u SET v = v + 1 WHERE v % 3 = 0`);
        await run.start();
        await run.untilRead();
        await run.catchUp();
        const mixed = await sql(`SELECT "Key A", "key-b", v FROM "Mixed Case"`);
        expect(run.state('Mixed_Case').size).toBe(mixed.length);
        for (const table of ['u', 'p_eu', 'p_us']) expect(await run.differences(table)).toEqual(EQUAL);
        const nulls = run.changes.filter(({ topic }) => topic === 'p.public.n');
        expect(new Set(nulls.map(({ after }) => after?.['v'])).size).toBe(501);
        const root = run.changes.filter(({ topic, op }) => topic === 'p.public.p' && op === 'r');
        expect(new Set(root.map(({ key }) => key)).size).toBe(2000);
        await run.stop();
        await dropSlots({ sql });
      }
    }
  });
});

describe('when the server goes away in the middle of a snapshot', () => {
  for (const how of ['the readers are terminated', 'it crashes']) {
    test(`${how}: the task fails as unavailable, and the next start completes it`, async () => {
      await sql('CREATE TABLE a (id int PRIMARY KEY, t text)');
      await sql(`INSERT INTO a SELECT i, repeat('x', 80) || i FROM generate_series(1, 100000) i`);
      await sql('ANALYZE a');
      const run = newRun({ 'millrace.snapshot.chunk.bytes': '1048576', 'incremental.snapshot.chunk.size': '4000' });
      let gone: Promise<unknown> | undefined;
      const away = (): Promise<unknown> =>
        how === 'it crashes'
          ? server().restart('immediate')
          : sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%'`);
      await run.start(
        {},
        {
          kill: (_, changes) => {
            if (changes.some(({ op }) => op === 'r')) gone ??= away();
            return false;
          },
        },
      );
      await run.until(() => run.failure !== undefined).catch(() => undefined);
      await gone;
      expect(run.failure).toMatchObject({ kind: 'unavailable' });
      expect(run.changes.length).toBeLessThan(100000);
      await run.stop().catch(() => undefined);
      await sql('UPDATE a SET t = $1 WHERE id % 1000 = 0', ['new']);
      await run.start();
      await run.untilRead();
      await run.catchUp();
      expect(await run.differences('a')).toEqual(EQUAL);
    });
  }
});

/** Kills at the n-th visit of a place. */
const at = (point: string, visit: number): { crash: (name: string) => boolean } => {
  let left = visit;
  return { crash: (name) => name === point && --left === 0 };
};

describe('killed at a named place', () => {
  /** Beside the stream: passed only where an earlier run left something open. */
  const isOfWindows = (point: string): boolean => point.startsWith('snapshot.window');
  test.each(SNAPSHOT_CRASH_POINTS)('%s, a snapshot is in the end as the source has it', async (point) => {
    await sql('CREATE TABLE a (id int PRIMARY KEY, small int, big text)');
    await sql('ALTER TABLE a ALTER big SET STORAGE EXTERNAL');
    await sql(`INSERT INTO a SELECT i, 0, repeat('b', 2500) || i FROM generate_series(1, 300) i`);
    await sql('CREATE TABLE k (x int, y text)');
    await sql(`INSERT INTO k SELECT i, repeat('y', 50) FROM generate_series(1, 500) i`);
    await sql('ANALYZE');
    const run = newRun({ 'millrace.snapshot.chunk.bytes': '8192', 'incremental.snapshot.chunk.size': '8' });
    if (isOfWindows(point)) {
      await run.start({}, at('snapshot.batch', 2));
      await run.untilKilled();
    }
    let killed = 0;
    for (const visit of [1, 2, 3]) {
      // The others come by once a run.
      const again = isOfWindows(point) || point === 'snapshot.batch';
      await run.start({}, at(point, again ? visit : 1));
      await sql(`UPDATE a SET id = id + 1000 WHERE id % 50 = ${visit}`);
      await sql(`UPDATE a SET small = small + 1 WHERE id % 7 = ${visit}`);
      await sql(`DELETE FROM a WHERE id = ${visit * 20}`);
      await sql(`INSERT INTO k VALUES (${-visit}, 'new')`);
      if (!(await run.killedBeforeRead())) {
        await run.stop();
        break;
      }
      killed++;
    }
    expect(killed).toBeGreaterThan(0);
    await run.start();
    await run.untilRead();
    await run.catchUp();
    expect(await run.differences('a')).toEqual(EQUAL);
    const kept = new Set(run.changes.filter(({ topic }) => topic === 'p.public.k').map(({ after }) => after?.['x']));
    expect(kept.size).toBe((await sql('SELECT DISTINCT x FROM k')).length);
  });
});

describe('killed at every place', () => {
  test('a table under writes is in the end as the source has it', async () => {
    await sql('CREATE TABLE a (id int PRIMARY KEY, small int, big text)');
    await sql('ALTER TABLE a ALTER big SET STORAGE EXTERNAL');
    await sql(`INSERT INTO a SELECT i, 0, repeat('b', 2500) || i FROM generate_series(1, 200) i`);
    await sql('ANALYZE a');
    for (let place = 0; place < 12; place++) {
      const run = newRun({ 'millrace.snapshot.chunk.bytes': '8192', 'incremental.snapshot.chunk.size': '8' });
      const writing = { on: true };
      const writer = (async () => {
        for (let i = 0; writing.on; i++) {
          await sql(`UPDATE a SET small = small + 1 WHERE id % 17 = ${i % 17}`);
          await sql(`UPDATE a SET id = -id WHERE abs(id) % 13 = ${i % 13}`);
          if (i % 5 === 0) await sql(`DELETE FROM a WHERE abs(id) = ${(i % 190) + 1}`);
          if (i % 7 === 0) await sql(`INSERT INTO a VALUES (${1000 + i + place * 10000}, 0, repeat('n', 2500))`);
        }
      })();
      let left = place;
      const hook = (): boolean => left-- === 0;
      for (const when of ['kill', 'killAfterRecords'] as const) {
        await run.start({}, { [when]: hook });
        await run.untilKilled();
        left = place * 2;
      }
      await run.start();
      await run.untilRead();
      writing.on = false;
      await writer;
      await run.catchUp();
      expect(await run.differences('a'), `killed at ${place}`).toEqual(EQUAL);
      await run.stop();
      await dropSlots({ sql });
    }
  });
});
