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

const TABLES = ['a', 'b', 'c'] as const;
const ROWS = 6000;
/** A snapshot of these tables is a handful of appends: each of them is met. */
const KILLS = [1, 2, 2, 3, 3, 4] as const;

/** Changes and deletes rows of all tables until stopped. */
function startLoad(server: MysqlServer): () => Promise<void> {
  const stopping = new AbortController();
  const running = (async () => {
    const connection = await server.connect();
    for (let i = 1; !stopping.signal.aborted; i++) {
      const table = TABLES[i % TABLES.length] ?? 'a';
      const id = Math.floor(Math.random() * ROWS);
      const sql = [
        `update app.${table} set n = ${i} where id = ${id}`,
        `delete from app.${table} where id = ${id}`,
        `replace into app.${table} values (${id}, ${i}, 'again')`,
      ][Math.floor(Math.random() * 3)];
      await connection.query('the load', sql ?? '');
      await sleep(3);
    }
    await connection.close();
  })();
  return async () => {
    stopping.abort();
    await running;
  };
}

/** Rows as the topic’s records leave them: the last one of each key counts. */
async function folded(at: WorkerPlace, table: string): Promise<Map<number, number>> {
  const hub = await openHubForReading({ path: hubPath(at), env: realEnv });
  const rows = new Map<number, number>();
  try {
    await readTopic(hub, `app.app.${table}`, new AbortController().signal, (record) => {
      const { id } = JSON.parse(record.key()?.toString() ?? '{}') as { id: number };
      const value = record.value()?.toString();
      const after = value === undefined ? null : (JSON.parse(value) as { after: { n: number } | null }).after;
      if (after === null) rows.delete(id);
      else rows.set(id, after.n);
    });
  } finally {
    await hub.close();
  }
  return rows;
}

describe.each(MYSQL_VERSIONS)('a snapshot on %s that is killed again and again', (version) => {
  const folder = mkdtempSync(join(tmpdir(), 'mr-snap-'));
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
    await server.sql('create database app character set utf8mb4');
    for (const table of TABLES) {
      const rows = Array.from({ length: ROWS }, (_, id) => `(${id}, 0, '${'x'.repeat(300)}')`).join(', ');
      await server.sql(
        `create table app.${table} (id int primary key, n int not null, v varchar(400))`,
        `insert into app.${table} values ${rows}`,
      );
    }
    at = {
      folder,
      worker: { 'offset.flush.interval.ms': '50' },
      connectors: {
        app: {
          'connector.class': 'mysql',
          ...mysqlOptions(server),
          'topic.prefix': 'app',
          'database.include.list': 'app',
        },
      },
    };
    stopLoad = startLoad(server);
  });

  afterAll(async () => {
    await stopLoad?.();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('ends with every row as it is, and without those that were deleted meanwhile', async ({ skip }) => {
    skip(missing !== '', missing);
    const from = server as MysqlServer;
    for (const passage of KILLS) {
      const worker = startWorker(at, `source.after_append:${passage}`);
      const ended = await Promise.race([worker.ended, sleep(30_000)]);
      expect(ended?.signal).toBe('SIGKILL');
    }
    await sleep(500);
    await stopLoad?.();
    await from.sql("insert into app.c values (-1, 0, 'the end')");
    const worker = startWorker(at);
    const deadline = Date.now() + 180_000;
    while (Date.now() < deadline && !(await folded(at, 'c')).has(-1)) await sleep(500);
    expect((await folded(at, 'c')).has(-1), JSON.stringify(logLines(at).slice(-4))).toBe(true);
    await worker.stop();
    for (const table of TABLES) {
      const rows = await from.sql(`select id, n from app.${table} order by id`);
      const expected = rows.map((row) => [Number(row['id']), Number(row['n'])]);
      const found = [...(await folded(at, table))].toSorted(([a], [b]) => a - b);
      expect(found.length).toBe(expected.length);
      expect(JSON.stringify(found) === JSON.stringify(expected), table).toBe(true);
    }
  });
});
