import { beforeEach, describe, expect, test } from 'vitest';
import type { SnapshotRun } from './snapshot-run.ts';
import { snapshotServer } from './snapshot-server.ts';

const EQUAL = { missing: [], extra: [] };

const { newRun, sql } = snapshotServer();

let run: SnapshotRun;
beforeEach(async () => {
  await sql('CREATE TABLE signals (id varchar(42) PRIMARY KEY, type varchar(32) NOT NULL, data varchar(2048))');
  await sql('CREATE TABLE a (id int PRIMARY KEY, t text)');
  await sql('CREATE TABLE b (id int PRIMARY KEY, t text)');
  await sql(`INSERT INTO a SELECT i, 'row ' || i FROM generate_series(1, 5000) i`);
  await sql(`INSERT INTO b SELECT i, 'row ' || i FROM generate_series(1, 100) i`);
  run = newRun({
    'signal.data.collection': 'public.signals',
    'snapshot.mode': 'no_data',
    'incremental.snapshot.chunk.size': '100',
  });
  await run.start();
  await run.until(async () => (await sql('SELECT 1 FROM pg_replication_slots WHERE active')).length > 0);
  await run.catchUp();
});

const reads = (table: string): number =>
  run.changes.filter(({ topic, op }) => topic === `p.public.${table}` && op === 'r').length;
const signal = (id: string, type: string, data: object): Promise<unknown> =>
  sql('INSERT INTO signals VALUES ($1, $2, $3)', [id, type, JSON.stringify(data)]);

const asked = (id: string, filter: string): Promise<unknown> =>
  signal(id, 'execute-snapshot', {
    'data-collections': ['public.a'],
    'additional-conditions': [{ 'data-collection': 'public.a', filter }],
  });

describe('a signal', () => {
  test('reads tables by regular expression beside the stream, and its row is a record', async () => {
    await signal('s1', 'execute-snapshot', { type: 'incremental', 'data-collections': ['public.(a|b)'] });
    await sql(`UPDATE a SET t = 'new' WHERE id % 3 = 0`);
    await sql('DELETE FROM a WHERE id % 5 = 0');
    await run.untilRead();
    await run.catchUp();
    for (const table of ['a', 'b']) expect(await run.differences(table)).toEqual(EQUAL);
    expect(run.changes.find(({ topic }) => topic === 'p.public.signals')).toMatchObject({
      op: 'c',
      after: { id: 's1' },
    });
    expect(run.changes.filter(({ op }) => op === 'r').every(({ snapshot }) => snapshot === 'incremental')).toBe(true);
    expect(run.gauges.get('snapshot_chunks_done')).toBe(run.gauges.get('snapshot_chunks_total'));
  });

  test('reads only the rows that a condition names', async () => {
    await signal('s2', 'execute-snapshot', {
      'data-collections': ['public.a'],
      'additional-conditions': [{ 'data-collection': 'public.a', filter: 'id BETWEEN 100 AND 199' }],
    });
    await run.untilRead();
    expect(reads('a')).toBe(100);
  });

  test('waits for another on the same table, also over a kill', async () => {
    await run.stop();
    let windows = 0;
    await run.start({}, { kill: (_, changes) => changes.some(({ op }) => op === 'r') && ++windows === 2 });
    await asked('c1', 'id <= 1000');
    await asked('c2', 'id > 4000');
    await asked('c3', 'id = 2000');
    await run.untilKilled();
    await run.start();
    await run.untilRead();
    await run.until(() => reads('a') >= 2001);
    const read = new Set(run.changes.filter(({ op }) => op === 'r').map(({ after }) => Number(after?.['id'])));
    expect(read.size).toBe(2001);
  });

  test('survives a kill', async () => {
    await run.stop();
    let windows = 0;
    await run.start({}, { kill: (_, changes) => changes.some(({ op }) => op === 'r') && ++windows === 3 });
    await signal('s3', 'execute-snapshot', { 'data-collections': ['public.a', 'public.b'] });
    await run.untilKilled();
    expect(reads('a')).toBeLessThan(5000);
    await run.start();
    await run.untilRead();
    await run.until(() => reads('b') >= 100);
    await run.catchUp();
    for (const table of ['a', 'b']) expect(await run.differences(table)).toEqual(EQUAL);
  });

  test('pauses, resumes and stops', async () => {
    await signal('p', 'pause-snapshot', {});
    await signal('s4', 'execute-snapshot', { 'data-collections': ['public.a'] });
    await run.catchUp();
    await run.catchUp();
    expect(reads('a')).toBe(0);
    await signal('stop', 'stop-snapshot', { 'data-collections': ['public.a'] });
    await signal('s5', 'execute-snapshot', { 'data-collections': ['public.b'] });
    await signal('r', 'resume-snapshot', {});
    await run.until(() => reads('b') === 100);
    await run.catchUp();
    expect(reads('a')).toBe(0);
    await run.stop();
    await run.start();
    await run.catchUp();
    expect(reads('a')).toBe(0);
  });

  test('that cannot be carried out is said and skipped', async () => {
    await signal('w1', 'execute-snapshot', { 'data-collections': ['public.('] });
    await signal('w2', 'what', {});
    await signal('w4', 'execute-snapshot', {
      'data-collections': ['public.a'],
      'additional-conditions': [{ 'data-collection': 'public.a', filter: 'no such column = 1' }],
    });
    await sql(`INSERT INTO signals VALUES ('w3', 'log', '{"message": "hello"}')`);
    await run.catchUp();
    await run.until(() =>
      run.logs.some((line) => /w4 is not carried out for public\.a: reading public\.a: /.test(line)),
    );
    await run.stop();
    await run.start();
    await run.catchUp();
    expect(run.logs.join('\n')).toMatch(
      /w1 is not carried out.*\n.*w1 names no captured table\n.*w2 is not carried out: type what.*\nhello/,
    );
  });
});
