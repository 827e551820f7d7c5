import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { appOptions } from '../services/mysql.ts';
import { useMysql } from '../services/use-mysql.ts';
import { readHubTopic } from './harness/read-hub-topic.ts';
import { snapshotDone } from './harness/snapshot-done.ts';
import { hubPath, logLines, startWorker, type WorkerPlace } from './harness/worker-place.ts';

/** The two columns change places: only their names tell them apart. */
const SWAP = 'alter table app.t change a b varchar(20), change b a varchar(20)';
const POINTS = ['history.written:1', 'source.before_append:1', 'source.after_append:2', 'source.before_offset:1'];
const ROUNDS = 4;

interface Row {
  readonly id: number;
  readonly a: string;
  readonly b: string;
}

async function rows(at: WorkerPlace): Promise<Row[]> {
  const found: Row[] = [];
  try {
    await readHubTopic(hubPath(at), 'app.app.t', (record) => {
      const { after } = JSON.parse(record.value()?.toString() ?? '{}') as { after?: Row };
      if (after !== undefined) found.push(after);
    });
  } catch {
    // The topic is not there yet.
  }
  return found;
}

async function seen(at: WorkerPlace, id: number): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await rows(at)).some((row) => row.id === id)) {
    if (Date.now() > deadline) throw new Error(`row ${id} did not come: ${JSON.stringify(logLines(at).slice(-3))}`);
    await sleep(50);
  }
}

describe.each(['at-least-once', 'exactly-once'])('a schema history of MySQL 5.7, %s', (delivery) => {
  const folder = mkdtempSync(join(tmpdir(), 'mr-history-'));
  const mysql = useMysql('mysql-5.7', {
    prepare: (server) =>
      server.sql(
        'create database app character set utf8mb4',
        'create table app.t (id int primary key, a varchar(20), b varchar(20))',
        "insert into app.t values (0, 'a', 'b')",
      ),
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test(`outlives ${ROUNDS * 2} kills between its definitions: each row has its own columns`, async () => {
    const from = mysql.server;
    const at: WorkerPlace = {
      folder,
      worker: { 'offset.flush.interval.ms': '50' },
      connectors: { app: { 'connector.class': 'mysql', ...appOptions(from), 'millrace.delivery': delivery } },
    };
    let last = 0;
    const change = async (): Promise<void> => {
      const insert = Array.from({ length: 3 }, () => `insert into app.t (id, a, b) values (${++last}, 'a', 'b')`);
      await from.sql(...insert, SWAP, ...insert.map((sql) => sql.replace(/\(\d+/, () => `(${++last}`)));
    };
    const first = startWorker(at);
    await snapshotDone(at);
    await first.kill();
    for (let round = 0; round < ROUNDS; round++) {
      const point = POINTS[round % POINTS.length] ?? '';
      const behind = round % 2 === 0;
      if (behind) await change();
      const worker = startWorker(at, point);
      if (!behind) await change();
      const ended = await Promise.race([worker.ended, sleep(30_000)]);
      expect(ended?.signal, `${point}: ${JSON.stringify(logLines(at).at(-1))}`).toBe('SIGKILL');
      const next = startWorker(at);
      await seen(at, last);
      await sleep(Math.random() * 200);
      await next.kill();
    }
    const worker = startWorker(at);
    await change();
    await seen(at, last);
    await worker.stop();
    const all = await rows(at);
    for (const row of all) expect(row).toEqual({ id: row.id, a: 'a', b: 'b' });
    const ids = all.map(({ id }) => id);
    const every = Array.from({ length: last + 1 }, (_, id) => id);
    expect([...new Set(ids)].sort((x, y) => x - y)).toEqual(every);
    if (delivery === 'exactly-once') expect(ids).toEqual(every);
  });
});
