import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { mysqlOptions, MYSQL_VERSIONS, type MysqlServer } from '../services/mysql.ts';
import { useMysql } from '../services/use-mysql.ts';
import { streamPoints } from './harness/stream-points.ts';
import { snapshotDone } from './harness/snapshot-done.ts';
import { hubPath, logLines, startWorker, type WorkerPlace } from './harness/worker-place.ts';
import { checkHistory, type Delivery, type ObservedEvent } from './history/checker.ts';
import { createMysqlWorkload, MysqlWorkload, readMysqlOracle } from './history/mysql-workload.ts';
import { readObserved } from './history/observed.ts';

/** Times each named point is hit. */
const HITS = 2;
/** Kills at random instants, per server and delivery: with those at the named points 108 in all. */
const RANDOM_KILLS = 14;
const TOPIC = 'crash.crash.item';

function place(server: MysqlServer, folder: string, delivery: Delivery): WorkerPlace {
  return {
    folder,
    worker: { 'offset.flush.interval.ms': '100' },
    connectors: {
      crash: {
        'connector.class':
          server.family === 'mariadb'
            ? 'io.debezium.connector.mariadb.MariaDbConnector'
            : 'io.debezium.connector.mysql.MySqlConnector',
        ...mysqlOptions(server),
        'topic.prefix': 'crash',
        'table.include.list': 'crash.item',
        'millrace.delivery': delivery,
      },
    },
  };
}

/** Runs until the process has killed itself at the point; the passage grows until it is met. */
async function crashAt(at: WorkerPlace, point: string, passage: number): Promise<boolean> {
  const worker = startWorker(at, `${point}:${passage}`);
  const ended = await Promise.race([worker.ended, sleep(30_000)]);
  if (ended === undefined) await worker.kill();
  return ended?.signal === 'SIGKILL';
}

/** Waits until what the hub holds stops at the oracle's end. */
async function observedUntil(
  at: WorkerPlace,
  done: (events: readonly ObservedEvent[]) => boolean,
): Promise<ObservedEvent[]> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const events = await readObserved(hubPath(at), TOPIC);
    if (done(events) || Date.now() > deadline) return events;
    await sleep(300);
  }
}

describe.each(MYSQL_VERSIONS)('%s', (version) => {
  describe.each(['at-least-once', 'exactly-once'] as const)('%s survives kills under load', (delivery) => {
    const folder = mkdtempSync(join(tmpdir(), 'mr-crash-'));
    let workload: MysqlWorkload | undefined;
    let at: WorkerPlace;
    let baseline = 0;
    const mysql = useMysql(version, {
      prepare: async (server) => {
        await createMysqlWorkload(server);
        workload = new MysqlWorkload(server);
        await workload.write(100);
        baseline = (await readMysqlOracle(server)).length;
        at = place(server, folder, delivery);
        const worker = startWorker(at);
        await snapshotDone(at);
        workload.start(10);
        await worker.kill();
      },
    });

    afterAll(async () => {
      await workload?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    const points = streamPoints(delivery).filter((point) => point.startsWith('source.'));

    test.each(points)(`is killed ${HITS} times at %s`, async (point) => {
      for (let hit = 0; hit < HITS; hit++) expect(await crashAt(at, point, 1 + hit * 3)).toBe(true);
    });

    test(`is killed ${RANDOM_KILLS} times at random instants`, async () => {
      for (let kill = 0; kill < RANDOM_KILLS; kill++) {
        const worker = startWorker(at);
        await sleep(300 + Math.random() * 900);
        expect(worker.alive, JSON.stringify(logLines(at).at(-1))).toBe(true);
        await worker.kill();
      }
    });

    test('loses nothing, keeps the order of every key, and repeats only as promised', async () => {
      await workload?.stop();
      const oracle = await readMysqlOracle(mysql.server);
      const worker = startWorker(at);
      const last = oracle.at(-1);
      const observed = await observedUntil(at, (events) =>
        events.some(({ key, seq }) => key === last?.key && seq === last.seq),
      );
      await worker.stop();
      expect(oracle.length).toBeGreaterThan(500);
      expect(checkHistory(oracle, observed, delivery, baseline).slice(0, 10)).toEqual([]);
    });
  });
});
