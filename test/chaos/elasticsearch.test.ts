import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ELASTICSEARCH_CRASH_POINTS } from '../../connectors/elasticsearch/crash-points.ts';
import { SearchProbe } from '../integration/elasticsearch/search-probe.ts';
import { startPostgres, type PostgresServer } from '../services/postgres.ts';
import { useSearches } from '../services/use-searches.ts';
import { expectCopies, searchCopyPlace } from './harness/search-copy.ts';
import { verifyPlace } from './harness/verify-place.ts';
import { logLines, startWorker, type WorkerPlace } from './harness/worker-place.ts';
import { createWorkload, startWorkload, type Workload } from './history/workload.ts';

/** Times each named point is hit. */
const HITS = 2;
const RANDOM_KILLS = 10;
const SINK_POINTS = ['sink.after_write', 'sink.before_commit', 'sink.after_commit'];
const STREAM_POINTS = [...ELASTICSEARCH_CRASH_POINTS, ...SINK_POINTS].filter(
  // The index is made once, and a healthy server asks for nothing again.
  (point) => point !== 'elasticsearch.after_claim' && point !== 'elasticsearch.before_retry',
);

const found = await useSearches();

describe.skipIf(found.length === 0).each(found)('an index in $name follows its table', (search) => {
  const prefix = `chaos${process.pid}`;
  const probe = new SearchProbe(search.url);
  let postgres: PostgresServer;
  let workload: Workload;
  let at: WorkerPlace;

  beforeAll(async () => {
    postgres = await startPostgres();
    await createWorkload(postgres);
    await postgres.sql('select work(200, 2000)');
    const folder = mkdtempSync(join(tmpdir(), 'mr-search-chaos-'));
    at = searchCopyPlace({ postgres, search, folder, prefix, sink: { 'batch.size': '200' } });
    workload = startWorkload(postgres, 200, 5);
  });

  afterAll(async () => {
    await workload.stop();
    await postgres.stop();
    for (const table of ['item', 'doc']) await probe.remove(`${prefix}.public.${table}`);
    rmSync(at.folder, { recursive: true, force: true });
  });

  test('is killed when an index was just claimed', async () => {
    const worker = startWorker(at, 'elasticsearch.after_claim:1');
    expect((await Promise.race([worker.ended, sleep(60_000)]))?.signal).toBe('SIGKILL');
  });

  test.each(STREAM_POINTS)(`is killed ${HITS} times at %s`, async (point) => {
    for (let hit = 0; hit < HITS; hit++) {
      const worker = startWorker(at, `${point}:${1 + hit * 3}`);
      const ended = await Promise.race([worker.ended, sleep(60_000)]);
      if (ended === undefined) await worker.kill();
      expect(ended?.signal).toBe('SIGKILL');
    }
  });

  test(`is killed ${RANDOM_KILLS} times at random instants`, async () => {
    for (let kill = 0; kill < RANDOM_KILLS; kill++) {
      const worker = startWorker(at);
      await sleep(600 + Math.random() * 2000);
      expect(worker.alive, JSON.stringify(logLines(at).at(-1))).toBe(true);
      await worker.kill();
    }
  });

  test('at the end every document is its row, and nothing else is there', async () => {
    await workload.stop();
    const worker = startWorker(at);
    try {
      await expectCopies(postgres, probe, prefix);
      const verified = await verifyPlace(at, 'source', ['items', 'docs']);
      expect(
        verified.comparisons.map(({ table, copy, equal, inconclusive }) => [table, copy, equal, inconclusive]),
      ).toEqual(
        ['doc', 'item'].flatMap((table) => [
          [`public.${table}`, 'hub', true, []],
          [`public.${table}`, `${table}s`, true, []],
        ]),
      );
    } finally {
      await worker.stop();
    }
  });
});
