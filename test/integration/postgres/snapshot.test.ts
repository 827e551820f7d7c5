import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { PostgresTask } from '../../../connectors/postgres/task.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { snapshotServer } from './snapshot-server.ts';
import { listen } from '../change/listen.ts';
import { databaseOptions } from '../../services/postgres.ts';

const { newRun, sql, server } = snapshotServer();

describe('an initial snapshot', () => {
  test('reads every table at the slot and goes on with the stream', async () => {
    await sql('CREATE TABLE a (id int PRIMARY KEY, t text)');
    await sql('CREATE TABLE b (x int, y text)');
    await sql('CREATE TABLE empty (id int PRIMARY KEY)');
    await sql(`INSERT INTO a SELECT i, 'row ' || i FROM generate_series(1, 1000) i`);
    await sql(`INSERT INTO b VALUES (1, 'one'), (2, NULL)`);
    const run = newRun();
    await run.start();
    await run.untilRead();
    await sql(`UPDATE a SET t = 'changed' WHERE id = 7`);
    await sql(`INSERT INTO empty VALUES (1)`);
    await run.catchUp();
    for (const table of ['a', 'b', 'empty']) expect(await run.differences(table)).toEqual({ missing: [], extra: [] });
    expect(run.changes.filter(({ op }) => op === 'r').length).toBe(1002);
    expect(run.changes.slice(0, 2).map(({ snapshot }) => snapshot)).toEqual(['first', 'true']);
    expect(run.changes.filter(({ topic }) => topic === 'p.public.a')[999]?.snapshot).toBe('last_in_data_collection');
    expect(
      run.changes.filter(({ topic, op }) => topic === 'p.public.b' && op === 'r').map(({ snapshot }) => snapshot),
    ).toEqual(['first_in_data_collection', 'last']);
  });

  test('every reader reads every row as it was when the slot was made, whatever was written since', async () => {
    await sql('CREATE TABLE a (id int PRIMARY KEY, t text)');
    await sql(`INSERT INTO a SELECT i, 'old' FROM generate_series(1, 300) i`);
    const run = newRun({ 'snapshot.max.threads': '3' });
    let written = 0;
    const crash = (point: string): boolean => {
      if (point === 'snapshot.after_slot' && written++ === 0) writeAtOnce(`UPDATE a SET t = 'new'`);
      return false;
    };
    await run.start({}, { crash });
    await run.untilRead();
    await run.catchUp();
    expect(written).toBe(1);
    const texts = (op: string) => run.changes.filter((one) => one.op === op).map(({ after }) => after?.['t']);
    expect(texts('r')).toEqual(Array(300).fill('old'));
    expect(texts('u')).toEqual(Array(300).fill('new'));
  });

  test('makes no slot before the offset that says so is stored', async () => {
    await sql('CREATE TABLE a (id int PRIMARY KEY)');
    const { signal } = new AbortController();
    const task = new PostgresTask({
      'topic.prefix': 'p',
      ...databaseOptions(server()),
      'slot.name': 'snap',
      'publication.name': 'snap',
      'plugin.name': 'pgoutput',
    });
    const slots = () => sql('SELECT slot_name FROM pg_replication_slots');
    try {
      await task.open({ offsets: [], env: realEnv, context: listen().context, signal });
      const intent = await task.read(signal);
      const next = task.read(signal);
      // Time enough to make one, if it did not wait.
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(await slots()).toEqual([]);
      for (const { partition, position } of intent?.progress ?? []) await task.committed(partition, position);
      await next;
      expect(await slots()).toHaveLength(1);
    } finally {
      await task.close();
    }
  });
});

/** Runs a statement in another process while this one stands still at a named place. */
function writeAtOnce(statement: string): void {
  const { host, port, user, database } = server();
  const script = `
    import pg from 'pg';
    const client = new pg.Client(${JSON.stringify({ host, port, user, database })});
    await client.connect();
    await client.query(${JSON.stringify(statement)});
    await client.end();`;
  execFileSync(process.execPath, ['--input-type=module', '--eval', script]);
}
