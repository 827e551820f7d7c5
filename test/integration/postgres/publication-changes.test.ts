import { describe, expect, test } from 'vitest';
import { openConnection } from '../../../connectors/postgres/connection.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { TESTED_VERSION } from '../../services/postgres-versions.ts';
import type { SnapshotRun } from './snapshot-run.ts';
import { snapshotServer } from './snapshot-server.ts';
import { connectionTo } from './stream-harness.ts';

const EQUAL = { missing: [], extra: [] };
const FAST = { 'millrace.slot.poll.interval.ms': '100' };
const FILTERED = { ...FAST, 'publication.autocreate.mode': 'filtered' };

const { newRun, sql, server } = snapshotServer(FILTERED);

let run: SnapshotRun;

async function start(config: Record<string, string> = {}): Promise<void> {
  run = newRun(config);
  await sql('CREATE TABLE a (id int PRIMARY KEY, t text); CREATE TABLE b (id int PRIMARY KEY, t text)');
  await sql('CREATE TABLE sync (id serial PRIMARY KEY, t text)');
  await sql(`INSERT INTO a SELECT i, 'first' FROM generate_series(1, 20) i`);
  await sql(`INSERT INTO b VALUES (1, 'first')`);
  await run.start();
  if (config['snapshot.mode'] === 'no_data') await run.until(() => run.offsets.size > 1);
  else await run.untilRead();
  await run.catchUp();
}

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

async function untilWarned(part: string): Promise<void> {
  await run.until(() => run.warnings.some((text) => text.includes(part)), 8000);
}

const reads = (table: string): number =>
  run.changes.filter(({ topic, op }) => topic === `p.public.${table}` && op === 'r').length;

describe('a table that is added by hand to the publication of a running connector', () => {
  test('has the rows it had before read at once', async () => {
    await start();
    await sql(
      `CREATE TABLE n (id int PRIMARY KEY, t text); INSERT INTO n SELECT i, 'x' FROM generate_series(1, 500) i`,
    );
    await untilWarned('leaves out captured tables: public.n');
    await sql(`ALTER PUBLICATION snap ADD TABLE n; INSERT INTO n VALUES (1000, 'added')`);
    await untilEqual('n');
    expect(run.warnings.join()).toContain('public.n (not published; read again)');
    expect(reads('b')).toBe(1);
  });

  test('has them read after a restart where the task stopped before', async () => {
    await start();
    await sql(
      `CREATE TABLE n (id int PRIMARY KEY, t text); INSERT INTO n SELECT i, 'x' FROM generate_series(1, 500) i`,
    );
    await sql(`ALTER PUBLICATION snap ADD TABLE n; INSERT INTO n VALUES (1000, 'added')`);
    await run.until(() => run.changes.some(({ after }) => after?.['t'] === 'added'));
    await run.kill();
    await again();
    await untilEqual('n');
  });

  test('waits for transactions that wrote to it before', async () => {
    await start();
    await sql(`CREATE TABLE n (id int PRIMARY KEY, t text); INSERT INTO n SELECT i, 'x' FROM generate_series(1, 50) i`);
    const writer = await openConnection(connectionTo(server()), realEnv);
    await writer.query('writing', `BEGIN; INSERT INTO n VALUES (2000, 'open')`);
    await sql(`ALTER PUBLICATION snap ADD TABLE n`);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(reads('n')).toBe(0);
    await writer.query('writing', 'COMMIT');
    await writer.close();
    await untilEqual('n');
  });

  test('is named in a warning where it has no key, and read at the next start', async () => {
    await start();
    await sql(`CREATE TABLE k (x int, t text); INSERT INTO k VALUES (1, 'before')`);
    await sql(`ALTER PUBLICATION snap ADD TABLE k; INSERT INTO k VALUES (2, 'added')`);
    await untilWarned('public.k (not published; not read: it has no key');
    await run.catchUp();
    await run.stop();
    await again();
    await run.until(() => run.changes.some(({ after }) => after?.['t'] === 'before'), 8000);
  });

  test('is named in a warning where snapshot.mode does not read', async () => {
    await start({ 'snapshot.mode': 'no_data' });
    await sql(`CREATE TABLE n (id int PRIMARY KEY, t text); INSERT INTO n VALUES (1, 'before')`);
    await sql(`ALTER PUBLICATION snap ADD TABLE n; INSERT INTO n VALUES (2, 'added')`);
    await untilWarned('public.n (not published; not read: snapshot.mode=no_data');
  });

  test('is not read again where the publication is of all tables and it was made in the stream’s sight', async () => {
    await start({ 'publication.autocreate.mode': 'all_tables' });
    await sql(`CREATE TABLE n (id int PRIMARY KEY, t text); INSERT INTO n VALUES (1, 'x')`);
    await run.catchUp();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await run.stop();
    await again();
    expect(reads('n')).toBe(0);
    expect(await run.differences('n')).toEqual(EQUAL);
  });
});

describe('a publication whose operations are changed while it is streamed', () => {
  test('stops the task where one is missing that is needed, and its tables are read at the restart', async () => {
    await start();
    await sql(`ALTER PUBLICATION snap SET (publish = 'insert, delete')`);
    await sql(`UPDATE a SET t = 'lost' WHERE id = 3`);
    await expect(run.until(() => false, 10_000)).rejects.toMatchObject({
      code: 'POSTGRES_PUBLICATION_GAP',
      kind: 'position',
    });
    await run.stop().catch(() => undefined);
    await sql(`ALTER PUBLICATION snap SET (publish = 'insert, update, delete')`);
    await again();
    await untilEqual('a');
    expect(run.warnings.join()).toContain('public.a (publication altered)');
  });

  test('at rest, has its tables read again, and names what is not published still', async () => {
    await start();
    await run.stop();
    await sql(`ALTER PUBLICATION snap SET (publish = 'insert, delete')`);
    await sql(`UPDATE a SET t = 'lost' WHERE id = 3`);
    await again();
    await untilEqual('a');
    expect(run.warnings.join()).toContain('does not publish update');
    await sql(`UPDATE a SET t = 'lost again' WHERE id = 4`);
    await sql(`ALTER PUBLICATION snap SET (publish = 'insert, update, delete')`);
    await untilEqual('a');
  });

  test('goes on where skipped.operations does without it', async () => {
    await start({ 'skipped.operations': 't,d' });
    await sql(`ALTER PUBLICATION snap SET (publish = 'insert, update')`);
    await untilWarned('the options of the publication snap were altered');
    await run.catchUp();
    expect(reads('a')).toBe(20);
  });

  test('is named in a warning where an operation was away for a moment', async () => {
    await start();
    await sql(`BEGIN; ALTER PUBLICATION snap SET (publish = 'insert'); COMMIT; DELETE FROM a WHERE id = 1;
      ALTER PUBLICATION snap SET (publish = 'insert, update, delete')`);
    await expect(
      Promise.race([untilWarned('the options of the publication snap were altered'), run.until(() => false, 5000)]),
    ).resolves.toBeUndefined();
    await run.stop();
    await again();
    await run.until(() => reads('a') === 39, 8000);
  });
});

test('a row filter that was set by hand stops the task, and is named at the restart', async ({ skip }) => {
  skip(TESTED_VERSION < 15, 'it has no row filters');
  await start();
  await sql('ALTER PUBLICATION snap SET TABLE a WHERE (id > 5), b, sync');
  await expect(run.until(() => false, 10_000)).rejects.toMatchObject({ code: 'POSTGRES_PUBLICATION_GAP' });
  await run.stop().catch(() => undefined);
  await again();
  expect(run.warnings.join()).toContain('has a row filter or column list for public.a');
});

describe('a table that is renamed away and back', () => {
  const captured = { 'table.include.list': 'public\\.(a|b|c|sync)' };

  test.each(['filtered', 'all_tables'])('while it streams, is read again (%s)', async (mode) => {
    await start({ ...captured, 'publication.autocreate.mode': mode });
    await sql('ALTER TABLE a RENAME TO away');
    await untilWarned('public.a (called public.away now, which is not captured)');
    await sql(`INSERT INTO away VALUES (100, 'away')`);
    await sql('ALTER TABLE away RENAME TO a');
    await untilEqual('a');
    expect(run.warnings.join()).toContain('public.a (renamed');
    expect(reads('b')).toBe(1);
  });

  test('at rest, is read again', async () => {
    await start(captured);
    await run.stop();
    await sql(`ALTER TABLE a RENAME TO away; INSERT INTO away VALUES (100, 'away'); ALTER TABLE away RENAME TO a`);
    await again();
    await untilEqual('a');
  });

  test('is read after a crash that comes before it is', async () => {
    await start(captured);
    await sql('ALTER TABLE a RENAME TO away');
    await sql(`INSERT INTO away VALUES (100, 'away')`);
    await run.catchUp();
    await run.kill();
    await sql('ALTER TABLE away RENAME TO a');
    await again();
    await untilEqual('a');
  });

  test('is not read again where nothing was written meanwhile', async () => {
    await start(captured);
    await sql('ALTER TABLE a RENAME TO away; ALTER TABLE away RENAME TO a');
    await sql(`INSERT INTO a VALUES (100, 'back')`);
    await run.catchUp();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(reads('a')).toBe(20);
    expect(await run.differences('a')).toEqual(EQUAL);
  });

  test('to another captured name, is read into its topic', async () => {
    await start(captured);
    await sql('ALTER TABLE a RENAME TO c');
    await untilEqual('c');
  });
});

test('a table that takes the place of another one, filled before, is read whole', async () => {
  await start({ 'publication.autocreate.mode': 'all_tables', 'table.include.list': 'public\\.(a|b|sync)' });
  await sql(`CREATE TABLE fresh (id int PRIMARY KEY, t text)`);
  await sql(`INSERT INTO fresh SELECT i, 'fresh' FROM generate_series(1, 30) i`);
  await sql('ALTER TABLE a RENAME TO old; ALTER TABLE fresh RENAME TO a');
  await sql(`INSERT INTO a VALUES (100, 'new')`);
  await untilEqual('a');
});

test('a table that is dropped and created anew under a filtered publication is named at once, and read once it is added', async () => {
  await start();
  await sql(`DROP TABLE a; CREATE TABLE a (id int PRIMARY KEY, t text)`);
  await sql(`INSERT INTO a SELECT i, 'second' FROM generate_series(1, 20) i`);
  await untilWarned('leaves out captured tables: public.a');
  await sql('ALTER PUBLICATION snap ADD TABLE a');
  await untilEqual('a');
});
