import { describe, expect, test } from 'vitest';
import { TESTED_VERSION } from '../../services/postgres-versions.ts';
import type { SnapshotRun } from './snapshot-run.ts';
import { snapshotServer } from './snapshot-server.ts';

const EQUAL = { missing: [], extra: [] };

const { newRun, sql } = snapshotServer();

let run: SnapshotRun;

async function start(config: Record<string, string> = {}): Promise<void> {
  run = newRun(config);
  await sql('CREATE TABLE a (id int PRIMARY KEY, t text)');
  await sql('CREATE TABLE b (id int PRIMARY KEY, t text)');
  await sql('CREATE TABLE sync (id serial PRIMARY KEY, t text)');
  await sql(`INSERT INTO a SELECT i, 'first' FROM generate_series(1, 20) i`);
  await sql(`INSERT INTO b VALUES (1, 'first')`);
  await run.start();
  await run.untilRead();
  await run.catchUp();
}

/** Starts again, and waits until what there was before has come. */
async function again(config: Record<string, string> = {}): Promise<void> {
  await run.start(config);
  await run.catchUp();
}

/** Waits until a consumer holds the table as it is. */
async function untilEqual(table: string): Promise<void> {
  const deadline = Date.now() + 8000;
  while (Date.now() < deadline && (await run.differences(table)).missing.length > 0) await run.catchUp();
  expect(await run.differences(table)).toEqual(EQUAL);
}

describe('a table that was out of sight', () => {
  test.each(['all_tables', 'filtered'])(
    'is read whole when it comes back into the capture lists (%s)',
    async (mode) => {
      const autocreate = { 'publication.autocreate.mode': mode };
      await start(autocreate);
      await run.stop();
      await again({ 'table.include.list': 'public\\.(b|sync)' });
      await sql(`INSERT INTO a VALUES (1000, 'not captured')`);
      await run.catchUp();
      await run.stop();
      await again();
      await sql(`INSERT INTO a VALUES (1001, 'captured again')`);
      await untilEqual('a');
      expect(run.changes.filter(({ topic }) => topic === 'p.public.b')).toHaveLength(1);
    },
  );

  test('is read whole when it was dropped and created anew', async () => {
    await start();
    await run.stop();
    await sql(`DROP TABLE a; CREATE TABLE a (id int PRIMARY KEY, t text)`);
    await sql(`INSERT INTO a SELECT i, 'second' FROM generate_series(1, 20) i`);
    run.changes.length = 0;
    await again();
    await untilEqual('a');
    expect(run.warnings.join()).toContain('public.a (created anew)');
    expect(run.changes.filter(({ topic }) => topic === 'p.public.b')).toEqual([]);
  });

  test.each([
    ...(TESTED_VERSION < 18 ? [] : [['all_tables', 'DROP PUBLICATION snap', 'SELECT 1']]),
    ['filtered', 'ALTER PUBLICATION snap DROP TABLE a', 'SELECT 1'],
    ['filtered', 'ALTER PUBLICATION snap DROP TABLE a', 'ALTER PUBLICATION snap ADD TABLE a'],
  ])(
    'stops the task when it is published no longer, and is read at the restart (%s, %s, %s)',
    async (mode, out, back) => {
      await start({ 'publication.autocreate.mode': mode, 'millrace.slot.poll.interval.ms': '100' });
      await sql(out);
      await sql(`INSERT INTO a VALUES (2000, 'not published')`);
      await sql(back);
      await expect(run.until(() => false, 10_000)).rejects.toMatchObject({
        code: 'POSTGRES_PUBLICATION_GAP',
        kind: 'position',
        message: expect.stringContaining('public.a'),
      });
      await run.stop().catch(() => undefined);
      await again();
      await untilEqual('a');
      expect(run.warnings.join()).toContain('public.a (not published)');
    },
  );

  test('whose publication was dropped is not read on before PostgreSQL 18, and what to do is said', async ({
    skip,
  }) => {
    skip(TESTED_VERSION >= 18, 'it reads on');
    await start({ 'publication.autocreate.mode': 'all_tables' });
    await sql('DROP PUBLICATION snap');
    await sql(`INSERT INTO a VALUES (2000, 'not published')`);
    const missing = {
      code: 'POSTGRES_OBJECT_MISSING',
      key: 'publication.name',
      remedy: expect.stringContaining('drop the slot and delete the offsets') as string,
    };
    await expect(run.until(() => false, 10_000)).rejects.toMatchObject(missing);
    await run.stop().catch(() => undefined);
    // The server looks at the publications as they were when the row was written.
    await expect(again().then(() => run.until(() => false, 10_000))).rejects.toMatchObject(missing);
  });
});
