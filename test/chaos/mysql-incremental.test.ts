import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTopic } from '../../runtime/app/verify/read-topic.ts';
import { realEnv } from '../../runtime/env/real.ts';
import { openHubForReading } from '../../runtime/hub/embedded/open.ts';
import { MYSQL_VERSIONS, mysqlOptions, startMysql, type MysqlServer } from '../services/mysql.ts';
import { hubPath, logLines, startWorker, type WorkerPlace } from './harness/worker-place.ts';

const ROWS = 6000;
const KILLS = ['snapshot.window_read:4', 'source.after_append:9', 'source.before_offset:3', 'snapshot.window_read:7'];
const LAST = ROWS + 1;

/** Changes, deletes and inserts rows until stopped; each write has a greater number than all before it. */
function startLoad(server: MysqlServer): () => Promise<void> {
  const stopping = new AbortController();
  const running = (async () => {
    const connection = await server.connect();
    for (let i = 1; !stopping.signal.aborted; i++) {
      const id = Math.floor(Math.random() * ROWS);
      const sql = [
        `update app.t set n = ${i} where id = ${id}`,
        `delete from app.t where id = ${id}`,
        `replace into app.t values (${id}, ${i}, 'again')`,
      ][Math.floor(Math.random() * 3)];
      await connection.query('the load', sql ?? '');
      await sleep(2);
    }
    await connection.close();
  })();
  return async () => {
    stopping.abort();
    await running;
  };
}

interface Seen {
  readonly rows: Map<number, number>;
  /** How often the incremental snapshot has shown a key. */
  readonly reads: Map<number, number>;
}

async function seen(at: WorkerPlace): Promise<Seen> {
  const hub = await openHubForReading({ path: hubPath(at), env: realEnv });
  const rows = new Map<number, number>();
  const reads = new Map<number, number>();
  try {
    await readTopic(hub, 'app.app.t', new AbortController().signal, (record) => {
      const { id } = JSON.parse(record.key()?.toString() ?? '{}') as { id: number };
      const text = record.value()?.toString();
      if (text === undefined) return;
      const { after, op } = JSON.parse(text) as { op: string; after: { n: number } | null };
      if (after === null) rows.delete(id);
      else rows.set(id, after.n);
      if (op === 'r') reads.set(id, (reads.get(id) ?? 0) + 1);
    });
  } finally {
    await hub.close();
  }
  return { rows, reads };
}

describe.each(MYSQL_VERSIONS)('%s', (version) => {
  describe.each(['at-least-once', 'exactly-once'])(
    'an incremental snapshot, %s, killed again and again',
    (delivery) => {
      const folder = mkdtempSync(join(tmpdir(), 'mr-incr-'));
      let server: MysqlServer | undefined;
      let missing = '';
      let stopLoad: (() => Promise<void>) | undefined;
      let at: WorkerPlace;

      beforeAll(async () => {
        const started = await startMysql(version);
        if ('missing' in started) {
          ({ missing } = started);
          return;
        }
        server = started;
        const rows = Array.from({ length: ROWS }, (_, id) => `(${id}, 0, '${'x'.repeat(100)}')`).join(', ');
        await server.sql(
          'create database app character set utf8mb4',
          'create table app.signals (id varchar(42) primary key, type varchar(32), data varchar(2048))',
          'create table app.t (id int primary key, n int not null, v varchar(400))',
          `insert into app.t values ${rows}`,
        );
        at = {
          folder,
          worker: { 'offset.flush.interval.ms': '50' },
          connectors: {
            app: {
              'connector.class': 'mysql',
              ...mysqlOptions(server),
              'topic.prefix': 'app',
              'database.include.list': 'app',
              'snapshot.mode': 'no_data',
              'signal.data.collection': 'app.signals',
              'incremental.snapshot.chunk.size': '50',
              'connect.keep.alive.interval.ms': '500',
              'millrace.delivery': delivery,
            },
          },
        };
      });

      afterAll(async () => {
        await stopLoad?.();
        await server?.stop();
        rmSync(folder, { recursive: true, force: true });
      });

      test('ends with every row as it is', async ({ skip }) => {
        skip(missing !== '', missing);
        const from = server as MysqlServer;
        const first = startWorker(at);
        await streaming(from, at);
        stopLoad = startLoad(from);
        await from.sql(`insert into app.signals values ('1', 'execute-snapshot', '{"data-collections": ["app.t"]}')`);
        await first.kill();
        for (const point of KILLS) {
          const worker = startWorker(at, point);
          const ended = await Promise.race([worker.ended, sleep(30_000)]);
          expect(ended?.signal, point).toBe('SIGKILL');
        }
        const worker = startWorker(at);
        const done = (): boolean =>
          logLines(at).some((line) => JSON.stringify(line).includes('incremental snapshot of app.t is done'));
        for (let i = 0; i < 300 && !done(); i++) await sleep(200);
        expect(done(), JSON.stringify(logLines(at).slice(-4))).toBe(true);
        await stopLoad();
        await from.sql(`insert into app.t values (${LAST}, 0, 'the end')`);
        for (let i = 0; i < 100 && !(await seen(at)).rows.has(LAST); i++) await sleep(200);
        await worker.stop();
        const { rows, reads } = await seen(at);
        const expected = await from.sql('select id, n from app.t order by id');
        const found = [...rows].toSorted(([a], [b]) => a - b);
        expect(found.length).toBe(expected.length);
        expect(found).toEqual(expected.map((row) => [Number(row['id']), Number(row['n'])]));
        expect(reads.size).toBeGreaterThan(ROWS / 2);
        if (delivery === 'exactly-once') expect([...reads.values()].filter((times) => times > 1)).toEqual([]);
      });
    },
  );
});

/** Until the connector has shown a change. */
async function streaming(server: MysqlServer, at: WorkerPlace): Promise<void> {
  for (let i = 0; i < 100; i++) {
    await server.sql(`replace into app.t values (-1, ${i}, 'begin')`);
    await sleep(200);
    const found = await seen(at).catch(() => undefined);
    if (found?.rows.has(-1) === true) return;
  }
  throw new Error(JSON.stringify(logLines(at).slice(-4)));
}
