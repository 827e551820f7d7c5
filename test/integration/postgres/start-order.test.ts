import { dropSlots } from '../../services/drop-slots.ts';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startPostgres, type PostgresServer } from '../../services/postgres.ts';
import { SnapshotRun } from './snapshot-run.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

let run: SnapshotRun;
afterEach(async () => {
  await run.stop().catch(() => undefined);
  await dropSlots(server);
  await server.sql('DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP PUBLICATION IF EXISTS snap');
});

/** What the start left on the server. */
async function made(): Promise<readonly unknown[]> {
  return server.sql(`SELECT 'slot' AS made FROM pg_replication_slots UNION ALL SELECT 'publication' FROM pg_publication
    UNION ALL SELECT 'replica identity' FROM pg_class WHERE relname = 'a' AND relreplident <> 'd'`);
}

test.each([
  ['initial', 'its stream'],
  ['when_needed', 'its stream'],
  ['initial', 'its snapshot'],
  ['when_needed', 'its snapshot'],
])('nothing is created on a server that is not the one of the stored offsets (%s, of %s)', async (mode, stored) => {
  run = new SnapshotRun({
    server,
    config: {
      'publication.autocreate.mode': 'filtered',
      'replica.identity.autoset.values': 'public.a:FULL',
      'snapshot.mode': mode,
    },
  });
  await server.sql('CREATE TABLE a (id int PRIMARY KEY, t text); CREATE TABLE sync (id serial PRIMARY KEY, t text)');
  await run.start();
  await run.catchUp();
  await run.stop();
  await dropSlots(server);
  await server.sql('DROP PUBLICATION snap; ALTER TABLE a REPLICA IDENTITY DEFAULT');
  const other = '{"millrace.system":"7000000000000000000","system":"7000000000000000000"}';
  for (const [key, { partition, offset }] of run.offsets) {
    if (stored === 'its snapshot' && partition['snapshot'] === undefined) run.offsets.delete(key);
    else run.offsets.set(key, { partition, offset: { ...offset, ...(JSON.parse(other) as object) } });
  }
  await expect(run.start()).rejects.toMatchObject({ code: 'POSTGRES_OTHER_SYSTEM', kind: 'position' });
  expect(await made()).toEqual([]);
});
