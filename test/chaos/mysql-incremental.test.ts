import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { startMysqlLoad } from '../services/mysql-load.ts';
import { appOptions, MYSQL_VERSIONS, type MysqlServer } from '../services/mysql.ts';
import { useMysql } from '../services/use-mysql.ts';
import { foldedTopic, type FoldedTopic } from './harness/folded-topic.ts';
import { logLines, startWorker, type WorkerPlace } from './harness/worker-place.ts';

const ROWS = 6000;
const KILLS = ['snapshot.window_read:4', 'source.after_append:9', 'source.before_offset:3', 'snapshot.window_read:7'];
const LAST = ROWS + 1;

/** Changes, deletes and inserts rows; each write has a greater number than all before it. */
function statements(i: number): string[] {
  const id = Math.floor(Math.random() * ROWS);
  return [
    `update app.t set n = ${i} where id = ${id}`,
    `delete from app.t where id = ${id}`,
    `replace into app.t values (${id}, ${i}, 'again')`,
  ];
}

const seen = (at: WorkerPlace): Promise<FoldedTopic> => foldedTopic(at, 'app.app.t');

describe.each(MYSQL_VERSIONS)('%s', (version) => {
  describe.each(['at-least-once', 'exactly-once'])(
    'an incremental snapshot, %s, killed again and again',
    (delivery) => {
      const folder = mkdtempSync(join(tmpdir(), 'mr-incr-'));
      let stopLoad: (() => Promise<void>) | undefined;
      const mysql = useMysql(version, {
        prepare: (server) => {
          const rows = Array.from({ length: ROWS }, (_, id) => `(${id}, 0, '${'x'.repeat(100)}')`).join(', ');
          return server.sql(
            'create database app character set utf8mb4',
            'create table app.signals (id varchar(42) primary key, type varchar(32), data varchar(2048))',
            'create table app.t (id int primary key, n int not null, v varchar(400))',
            `insert into app.t values ${rows}`,
          );
        },
      });

      afterAll(async () => {
        await stopLoad?.();
        rmSync(folder, { recursive: true, force: true });
      });

      test('ends with every row as it is', async () => {
        const from = mysql.server;
        const at: WorkerPlace = {
          folder,
          worker: { 'offset.flush.interval.ms': '50' },
          connectors: {
            app: {
              'connector.class': 'mysql',
              ...appOptions(from),
              'snapshot.mode': 'no_data',
              'signal.data.collection': 'app.signals',
              'incremental.snapshot.chunk.size': '50',
              'connect.keep.alive.interval.ms': '500',
              'millrace.delivery': delivery,
            },
          },
        };
        const first = startWorker(at);
        await streaming(from, at);
        stopLoad = startMysqlLoad(from, statements, { pauseMs: 2 });
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
