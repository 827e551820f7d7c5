import pg from 'pg';
import { expect, test } from 'vitest';
import { startPostgres } from '../../services/postgres.ts';
import { SnapshotRun } from './snapshot-run.ts';

test('a window waits for a transaction that was streamed but is not visible yet', async () => {
  const server = await startPostgres({
    settings: { synchronous_standby_names: 'nobody', synchronous_commit: 'local' },
  });
  const run = new SnapshotRun({
    server,
    config: { 'signal.data.collection': 'public.signals', 'snapshot.mode': 'no_data' },
  });
  const waiting = new pg.Client({ connectionString: server.url });
  waiting.on('error', () => undefined);
  try {
    await server.sql('CREATE TABLE signals (id text PRIMARY KEY, type text, data text)');
    await server.sql('CREATE TABLE a (id int PRIMARY KEY, t text)');
    await server.sql(`INSERT INTO a SELECT i, 'old' FROM generate_series(1, 10) i`);
    await run.start();
    await run.until(async () => (await server.sql('SELECT 1 FROM pg_replication_slots WHERE active')).length > 0);
    await run.catchUp();
    await waiting.connect();
    await waiting.query('SET synchronous_commit = on');
    // Its commit record is written and streamed; the standby it waits for does not exist.
    const update = waiting.query(`UPDATE a SET t = 'new' WHERE id = 1`);
    await run.until(() => run.changes.some(({ after }) => after?.['t'] === 'new'));
    expect(await server.sql('SELECT t FROM a WHERE id = 1')).toEqual([{ t: 'old' }]);
    await server.sql(`INSERT INTO signals VALUES ('s', 'execute-snapshot', '{"data-collections": ["public.a"]}')`);
    await run.catchUp();
    await run.catchUp();
    expect(run.changes.filter(({ op }) => op === 'r')).toEqual([]);
    await server.sql(`ALTER SYSTEM SET synchronous_standby_names = ''`);
    await server.sql('SELECT pg_reload_conf()');
    await server.sql('SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = $1', ['SyncRep']);
    await update;
    await run.until(() => run.changes.filter(({ op }) => op === 'r').length === 10);
    expect(await run.differences('a')).toEqual({ missing: [], extra: [] });
  } finally {
    await run.stop().catch(() => undefined);
    await waiting.end().catch(() => undefined);
    await server.stop();
  }
});
