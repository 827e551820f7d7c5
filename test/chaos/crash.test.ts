import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { databaseOptions, startPostgres, type PostgresServer } from '../services/postgres.ts';
import { readHubTopic } from './harness/read-hub-topic.ts';
import { streamPoints } from './harness/stream-points.ts';
import { verifyPlace } from './harness/verify-place.ts';
import { hubPath, logLines, startWorker, type WorkerPlace } from './harness/worker-place.ts';
import { archiveFaults, readArchived } from './history/archived.ts';
import { checkHistory, type Delivery } from './history/checker.ts';
import { readObserved } from './history/observed.ts';
import { createWorkload, readOracle, startWorkload, type Workload } from './history/workload.ts';

/** Times each named point is hit. */
const HITS = 5;
/** Kills at random instants, per delivery. */
const RANDOM_KILLS = 50;
const TABLES = ['item', 'doc'] as const;
const topicOf = (table: string): string => `crash.public.${table}`;

function place(server: PostgresServer, folder: string, delivery: Delivery): WorkerPlace {
  return {
    folder,
    worker: { 'offset.flush.interval.ms': '100' },
    connectors: {
      crash: {
        'connector.class': 'postgres',
        ...databaseOptions(server),
        'topic.prefix': 'crash',
        'plugin.name': 'pgoutput',
        'slot.name': 'crash',
        'publication.name': 'crash',
        'publication.autocreate.mode': 'filtered',
        'table.include.list': 'public.item,public.doc',
        'millrace.delivery': delivery,
      },
      archive: {
        'connector.class': 's3',
        'topics.regex': 'crash\\.public\\..*',
        'store.url': `file://${join(folder, 'archive')}`,
        'format.class': 'json',
        'millrace.envelope': 'true',
        'flush.size': '50',
      },
    },
  };
}

/** Bytes of WAL that the slot has not confirmed: what was under way when the process died. */
async function unacknowledged(server: PostgresServer): Promise<number> {
  const [row] = await server.sql(
    `select pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn) as bytes from pg_replication_slots where slot_name = 'crash'`,
  );
  return Number(row?.['bytes'] ?? 0);
}

/** The snapshot's plan is durable, and with it the slot's consistent point: whatever commits now is streamed. */
async function untilPlanned(at: WorkerPlace): Promise<void> {
  for (;;) {
    const offsets = await hubValues(at, 'millrace-offsets').catch(() => []);
    if (offsets.some(({ value }) => value?.includes('"phase":"planned"'))) return;
    await sleep(20);
  }
}

/** Runs until the process has killed itself at the point; the passage grows until it is met. */
async function crashAt(at: WorkerPlace, point: string, passage: number): Promise<boolean> {
  const worker = startWorker(at, `${point}:${passage}`);
  const ended = await Promise.race([worker.ended, sleep(60_000)]);
  if (ended === undefined) await worker.kill();
  return ended?.signal === 'SIGKILL';
}

/** Committed records of a topic. */
async function hubValues(at: WorkerPlace, topic: string): Promise<{ offset: number; value: string | undefined }[]> {
  const values: { offset: number; value: string | undefined }[] = [];
  await readHubTopic(hubPath(at), topic, (record) => {
    values.push({ offset: Number(record.offset), value: record.value()?.toString() });
  });
  return values;
}

describe.each(['at-least-once', 'exactly-once'] as const)('%s survives kills under load', (delivery) => {
  let server: PostgresServer;
  let workload: Workload;
  let at: WorkerPlace;
  /** Oracle entries from before the slot. */
  let baselines: ReadonlyMap<string, number>;
  const hits = new Map<string, number>();
  let withBytesInFlight = 0;

  beforeAll(async () => {
    server = await startPostgres();
    await createWorkload(server);
    await server.sql('select work(200, 2000)');
    baselines = new Map(
      await Promise.all(TABLES.map(async (table) => [table, (await readOracle(server, table)).length] as const)),
    );
    at = place(server, mkdtempSync(join(tmpdir(), 'mr-crash-')), delivery);
    const worker = startWorker(at);
    await untilPlanned(at);
    workload = startWorkload(server);
    await worker.kill();
  });

  afterAll(async () => {
    await workload.stop();
    await server.stop();
    rmSync(at.folder, { recursive: true, force: true });
  });

  test.each(streamPoints(delivery))(`is killed ${HITS} times at %s`, async (point) => {
    for (let hit = 0; hit < HITS; hit++) {
      if (!(await crashAt(at, point, 1 + hit * 2))) continue;
      hits.set(point, (hits.get(point) ?? 0) + 1);
      if ((await unacknowledged(server)) > 0) withBytesInFlight++;
    }
    expect(hits.get(point)).toBe(HITS);
  });

  test(`is killed ${RANDOM_KILLS} times at random instants`, async () => {
    for (let kill = 0; kill < RANDOM_KILLS; kill++) {
      const worker = startWorker(at);
      await sleep(300 + Math.random() * 1700);
      expect(worker.alive, JSON.stringify(logLines(at).at(-1))).toBe(true);
      await worker.kill();
      if ((await unacknowledged(server)) > 0) withBytesInFlight++;
    }
  });

  test('every kill met bytes that were not acknowledged', () => {
    expect(withBytesInFlight).toBeGreaterThanOrEqual(streamPoints(delivery).length * HITS + RANDOM_KILLS * 0.9);
  });

  test('loses nothing, keeps the order of every key, and repeats only as promised', async () => {
    await workload.stop();
    const worker = startWorker(at);
    try {
      const report = await verifyPlace(at, 'crash');
      expect(report.comparisons.filter(({ equal }) => !equal)).toEqual([]);
    } finally {
      await worker.stop();
    }
    for (const table of TABLES) {
      const oracle = await readOracle(server, table);
      const observed = await readObserved(hubPath(at), topicOf(table));
      expect(oracle.length).toBeGreaterThan(500);
      expect(checkHistory(oracle, observed, delivery, baselines.get(table)).slice(0, 10), table).toEqual([]);
    }
  });

  test('the archive has each record once, without a gap', async () => {
    for (const table of TABLES) {
      const archived = readArchived(join(at.folder, 'archive'), topicOf(table));
      const held = await hubValues(at, topicOf(table));
      const faults = archiveFaults(
        archived,
        held.map(({ offset }) => offset),
      );
      expect(archived.length).toBeGreaterThan(100);
      expect({ twice: faults.twice.slice(0, 10), missing: faults.missing.slice(0, 10) }).toEqual({
        twice: [],
        missing: [],
      });
    }
  });
});
