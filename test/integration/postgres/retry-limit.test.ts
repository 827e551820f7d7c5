import { dropSlots } from '../../services/drop-slots.ts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openConnection } from '../../../connectors/postgres/connection.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { startPostgres, type PostgresServer } from '../../services/postgres.ts';
import { SnapshotRun } from './snapshot-run.ts';
import { connectionTo } from './stream-harness.ts';

const EXHAUSTED = { code: 'POSTGRES_RETRIES_EXHAUSTED', kind: 'missing', key: 'errors.max.retries' };
/** Each read of the table takes its time. */
const SLOW = {
  'snapshot.select.statement.overrides': 'public.a',
  'snapshot.select.statement.overrides.public.a': 'SELECT a.* FROM a, pg_sleep(3)',
};
const NONE = { 'errors.max.retries': '0' };

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

let run: SnapshotRun;

async function prepare(config: Record<string, string>): Promise<void> {
  run = new SnapshotRun({ server, config });
  await server.sql('CREATE TABLE a (id int PRIMARY KEY, t text); CREATE TABLE sync (id serial PRIMARY KEY, t text)');
  await server.sql(`INSERT INTO a SELECT i, repeat('x', 200) FROM generate_series(1, 50000) i; ANALYZE a`);
}

/** Ends the sessions of the connector whose last statement is like this. */
function end(statement: string): Promise<readonly unknown[]> {
  return server.sql(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'millrace snap' AND query ~ '${statement}'`,
  );
}

/** Waits until there is such a session, and ends it. */
async function endOnce(statement: string): Promise<void> {
  await expect.poll(async () => (await end(statement)).length, { timeout: 5000 }).toBeGreaterThan(0);
}

afterEach(async () => {
  await run.stop().catch(() => undefined);
  await dropSlots(server);
  await server.sql('DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP PUBLICATION IF EXISTS snap');
});

describe('errors.max.retries', () => {
  const nowhere = { 'database.port': '1' };

  test.each([
    ['0', 0],
    ['2', 2],
  ])('%s: a server that is away at the start fails the task for good', async (most, attempts) => {
    await prepare({ ...nowhere, 'errors.max.retries': most, 'retriable.restart.connector.wait.ms': '20' });
    await expect(run.start()).rejects.toMatchObject(EXHAUSTED);
    expect(run.warnings.filter((text) => text.includes('attempt'))).toHaveLength(attempts);
  });

  test('-1: it is tried again by starting the task anew', async () => {
    await prepare(nowhere);
    await expect(run.start()).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test('0: a snapshot reader that is lost fails the task for good', async () => {
    await prepare({ ...NONE, ...SLOW });
    await run.start();
    await endOnce('^COPY');
    await expect(run.until(() => false, 10_000)).rejects.toMatchObject(EXHAUSTED);
  });

  test('0: the connection of windows that is lost fails the task for good', async () => {
    await prepare({});
    await run.start({}, { kill: (_, changes) => changes.length > 0 });
    await run.untilKilled();
    await run.start({ ...NONE, ...SLOW, 'millrace.slot.poll.interval.ms': '100' });
    await endOnce('^COPY');
    await expect(run.until(() => false, 10_000)).rejects.toMatchObject(EXHAUSTED);
  });

  test.each(['START_REPLICATION', 'max_slot_wal_keep_size|pg_publication|pg_current_snapshot'])(
    '0: the connection of %s that is lost fails the task for good; otherwise it is opened again',
    async (statement) => {
      await prepare({ 'millrace.slot.poll.interval.ms': '100' });
      await run.start();
      await run.untilRead();
      await run.catchUp();
      await end(statement);
      await run.catchUp();
      await run.stop();
      await run.start(NONE);
      await run.catchUp();
      await new Promise((resolve) => setTimeout(resolve, 300));
      await end(statement);
      await expect(run.until(() => false, 10_000)).rejects.toMatchObject(EXHAUSTED);
    },
  );
});

test('a catalogue that is locked is named with the session in the way, and tried again', async () => {
  await prepare({ 'snapshot.lock.timeout.ms': '200' });
  await server.sql(`ALTER TABLE a ALTER t SET DEFAULT 'd'`);
  const session = await openConnection(connectionTo(server), realEnv);
  await session.query('locking', 'BEGIN; LOCK TABLE a IN ACCESS EXCLUSIVE MODE');
  await expect(run.start()).rejects.toMatchObject({
    code: 'POSTGRES_CATALOG_LOCKED',
    kind: 'busy',
    key: 'snapshot.lock.timeout.ms',
    message: expect.stringMatching(/public\.a: session \d+ \(postgres, idle in transaction\)/),
  });
  await session.query('unlocking', 'ROLLBACK');
  await session.close();
  await run.start();
  await run.catchUp();
});
