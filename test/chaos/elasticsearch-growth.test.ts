import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHubForReading } from '../../runtime/hub/embedded/open.ts';
import { realEnv as env } from '../../runtime/env/real.ts';
import type { TopicDescription } from '../../runtime/hub/port.ts';
import { freePort } from '../services/free-port.ts';
import { SearchProbe } from '../integration/elasticsearch/search-probe.ts';
import { startPostgres, type PostgresServer } from '../services/postgres.ts';
import { useSearches } from '../services/use-searches.ts';
import { expectCopies, searchCopyPlace } from './harness/search-copy.ts';
import { verifyPlace } from './harness/verify-place.ts';
import { hubPath, logLines, startWorker, type WorkerPlace } from './harness/worker-place.ts';
import { until } from '../until.ts';
import { createWorkload, startWorkload, type Workload } from './history/workload.ts';

const GROWTHS = [3, 5, 8];

const found = await useSearches();

describe.skipIf(found.length === 0).each(found)('an index in $name follows its table', (search) => {
  const prefix = `growth${process.pid}`;
  const topics = ['item', 'doc'].map((table) => `${prefix}.public.${table}`);
  const probe = new SearchProbe(search.url);
  let postgres: PostgresServer;
  let workload: Workload;
  let at: WorkerPlace;
  let rest = '';

  const described = async (topic: string): Promise<TopicDescription | null> => {
    const hub = await openHubForReading({ path: hubPath(at), env });
    try {
      return await hub.admin.describe(topic);
    } finally {
      await hub.close();
    }
  };

  /** Waits; what the worker said last stands in the error. */
  const soon = (holds: () => Promise<boolean>): Promise<void> =>
    until(
      () => holds().catch(() => false),
      60_000,
      () => JSON.stringify(logLines(at).slice(-3)),
    );

  beforeAll(async () => {
    postgres = await startPostgres();
    await createWorkload(postgres);
    await postgres.sql('select work(200, 2000)');
    rest = `http://127.0.0.1:${await freePort()}`;
    const partitions = {
      'topic.creation.default.partitions': '2',
      'topic.creation.default.replication.factor': '1',
    };
    at = searchCopyPlace({
      postgres,
      search,
      folder: mkdtempSync(join(tmpdir(), 'mr-growth-')),
      prefix,
      worker: { listeners: rest },
      source: { ...partitions, 'millrace.restart.backoff.ms': '50' },
      sink: { 'batch.size': '100', 'tasks.max': '2' },
    });
    workload = startWorkload(postgres, 200, 5);
  });

  afterAll(async () => {
    await workload.stop();
    await postgres.stop();
    for (const topic of topics) await probe.remove(topic);
    rmSync(at.folder, { recursive: true, force: true });
  });

  test(`while its topic gets ${GROWTHS.join(', ')} partitions, the worker is killed right after, and the server in between`, async () => {
    for (const [index, partitions] of GROWTHS.entries()) {
      const worker = startWorker(at);
      const before = workload.transactions;
      await soon(async () => {
        const there = await Promise.all(topics.map(described));
        const answers = (await fetch(rest)).ok;
        return answers && there.every((topic) => topic !== null) && workload.transactions > before + 50;
      });
      for (const topic of topics) {
        const answer = await fetch(`${rest}/topics/${topic}`, {
          method: 'PATCH',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ partitions }),
        });
        expect(answer.status, await answer.text()).toBe(200);
      }
      if (index === 1) await search.restart?.();
      else if (index > 1) await sleep(Math.random() * 1500);
      expect(worker.alive, JSON.stringify(logLines(at).at(-1))).toBe(true);
      await worker.kill();
    }
    for (const topic of topics) {
      const { partitions, growths } = (await described(topic)) ?? {};
      expect({ partitions, before: growths?.map((one) => one.partitions) }).toEqual({
        partitions: 8,
        before: [2, 3, 5],
      });
    }
  });

  test('at the end every document is its row, in indexes that know the number of partitions', async () => {
    const worker = startWorker(at);
    const more = workload.transactions + 300;
    await soon(async () => workload.transactions > more);
    await workload.stop();
    try {
      await expectCopies(postgres, probe, prefix);
      const verified = await verifyPlace(at, 'source', ['items', 'docs']);
      expect(verified.comparisons.map(({ table, copy, equal }) => [table, copy, equal])).toEqual(
        ['doc', 'item'].flatMap((table) => [
          [`public.${table}`, 'hub', true],
          [`public.${table}`, `${table}s`, true],
        ]),
      );
      for (const topic of topics) {
        const { body } = await probe.call('GET', `/${topic}/_mapping`);
        expect(JSON.stringify(body)).toContain('"partitions":8');
      }
      const codes = new Set(logLines(at).map(({ code }) => code));
      expect(codes).not.toContain('ELASTICSEARCH_PARTITIONS_CHANGED');
    } finally {
      await worker.stop();
    }
  });
});
