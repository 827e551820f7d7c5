import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import type { WorkerProcess } from '../e2e/worker-process.ts';
import { appOptions, MYSQL_VERSIONS } from '../services/mysql.ts';
import { useMysql } from '../services/use-mysql.ts';
import { snapshotDone } from './harness/snapshot-done.ts';
import { verifyPlace } from './harness/verify-place.ts';
import { startWorker, type WorkerPlace } from './harness/worker-place.ts';
import { createTpcc, Tpcc, TPCC_TABLES } from './history/tpcc-workload.ts';

/** `kill -9` so often, at random instants. */
const KILLS = 3;
const TERMINALS = 4;
/** Rows without a key repeat after a kill with at-least-once. */
const DELIVERY = 'exactly-once';

describe.each(MYSQL_VERSIONS)('orders on %s, placed, paid and delivered at once', (version) => {
  const folder = mkdtempSync(join(tmpdir(), 'mr-tpcc-'));
  const load = new Tpcc();
  let worker: WorkerProcess | undefined;
  const mysql = useMysql(version, {
    prepare: async (server) => {
      await createTpcc(server);
      load.start(server, TERMINALS, 5);
    },
  });

  afterAll(async () => {
    await load.stop();
    await worker?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('are in the hub row by row as in the tables, after a snapshot in their midst and kills', async () => {
    const at: WorkerPlace = {
      folder,
      worker: { 'offset.flush.interval.ms': '100', 'exactly.once.source.support': 'enabled' },
      connectors: {
        app: {
          'connector.class': 'mysql',
          ...appOptions(mysql.server),
          'connect.keep.alive.interval.ms': '300',
          'millrace.delivery': DELIVERY,
        },
      },
    };
    worker = startWorker(at);
    // One that is interrupted sends rows without a key again: verify would count them.
    await snapshotDone(at);
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(500 + Math.random() * 1000);
      await worker.kill();
      worker = startWorker(at);
    }
    await sleep(2000);
    await load.stop();
    const { comparisons, complete } = await verifyPlace(at, 'app');
    expect(comparisons.filter(({ equal }) => !equal)).toEqual([]);
    expect(comparisons.length).toBe(TPCC_TABLES);
    expect(complete).toBe(true);
    expect(load.done).toBeGreaterThan(200);
  });
});
