import { describe, expect, test } from 'vitest';
import { startPostgres } from '../../services/postgres.ts';
import { TESTED_VERSIONS } from '../../services/postgres-versions.ts';
import { SnapshotRun } from './snapshot-run.ts';

describe.each(TESTED_VERSIONS)('on PostgreSQL %i', (version) => {
  test('a killed snapshot is completed beside the stream', async () => {
    const server = await startPostgres({ version });
    const run = new SnapshotRun({
      server,
      config: {
        'millrace.snapshot.chunk.bytes': '16384',
        'incremental.snapshot.chunk.size': '100',
        'snapshot.max.threads': '2',
        'signal.data.collection': 'public.signals',
      },
    });
    try {
      await server.sql('CREATE TABLE a (id bigint PRIMARY KEY, t text)');
      await server.sql('CREATE TABLE b (x int, y text)');
      await server.sql('CREATE TABLE signals (id text PRIMARY KEY, type text, data text)');
      await server.sql(`INSERT INTO a SELECT i, repeat('x', 50) || i FROM generate_series(1, 2000) i`);
      await server.sql(`INSERT INTO b SELECT i, repeat('y', 50) FROM generate_series(1, 1000) i`);
      await server.sql('ANALYZE');
      let reads = 0;
      await run.start({}, { kill: (_, changes) => changes.some(({ op }) => op === 'r') && ++reads === 4 });
      await run.untilKilled();
      await server.sql(`UPDATE a SET t = 'new' WHERE id % 3 = 0`);
      await server.sql('DELETE FROM a WHERE id % 10 = 0');
      run.changes.splice(0, run.changes.length, ...run.changes.filter(({ topic }) => topic !== 'p.public.b'));
      await run.start();
      await run.untilRead();
      await server.sql(`INSERT INTO b VALUES (0, 'streamed')`);
      await server.sql(`INSERT INTO signals VALUES ('s', 'execute-snapshot', '{"data-collections": ["public.a"]}')`);
      await run.catchUp();
      await run.untilRead();
      await run.catchUp();
      expect(await run.differences('a')).toEqual({ missing: [], extra: [] });
      expect(run.state('b').size).toBe(1001);
    } finally {
      await run.stop().catch(() => undefined);
      await server.stop();
    }
  });
});
