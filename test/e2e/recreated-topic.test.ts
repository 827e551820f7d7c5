import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { realEnv } from '../../runtime/env/real.ts';
import { BatchBuilder } from '../../runtime/hub/batch/batch-builder.ts';
import { openHub } from '../../runtime/hub/embedded/open.ts';
import { SearchProbe } from '../integration/elasticsearch/search-probe.ts';
import { useSearches } from '../services/use-searches.ts';
import { millrace, WorkerProcess } from './worker-process.ts';

const searches = await useSearches();

describe.skipIf(searches.length === 0).each(searches)('a topic made anew, $name', (search) => {
  const topic = `recreated-${process.pid}`;
  const probe = new SearchProbe(search.url);
  let folder: string;
  let file: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mr-recreated-'));
    file = join(folder, 'search.json');
    const config = {
      'connector.class': 'elasticsearch',
      'connection.url': search.url,
      topics: topic,
      'behavior.on.null.values': 'delete',
      // Offsets of the topic before are beyond the end of the new one: an operator goes on from its beginning.
      'consumer.override.auto.offset.reset': 'earliest',
    };
    writeFileSync(file, JSON.stringify({ name: 'search', config }));
  });

  afterAll(async () => {
    await probe.removeBehind(`${topic}*`);
    rmSync(folder, { recursive: true, force: true });
  });

  /** Makes the topic anew with so many partitions, and a row for each number. */
  async function refill(partitions: number, rows: readonly { id: number; n: number }[]): Promise<void> {
    const hub = await openHub({ path: join(folder, 'millrace-data'), env: realEnv });
    try {
      if ((await hub.admin.describe(topic)) !== null) await hub.admin.deleteTopic(topic);
      await hub.admin.createTopic(topic, partitions);
      const producer = await hub.producer({ acks: 'all' });
      for (let partition = 0; partition < partitions; partition++) {
        const builder = new BatchBuilder();
        for (const row of rows.filter(({ id }) => id % partitions === partition)) {
          builder.add(Date.now(), Buffer.from(`"${row.id}"`), Buffer.from(JSON.stringify(row)), []);
        }
        await producer.append(topic, partition, builder.finish());
      }
      await producer.close();
    } finally {
      await hub.close();
    }
  }

  const start = (): Promise<WorkerProcess> =>
    WorkerProcess.start(['--set', 'offset.flush.interval.ms=200', file], folder);
  const rows = async (): Promise<unknown[]> =>
    (await probe.documents(topic)).map(({ source }) => source).toSorted((a, b) => Number(a['id']) - Number(b['id']));

  test('stops the sink by name, and reindex makes its documents equal the new rows', async () => {
    await refill(
      1,
      Array.from({ length: 100 }, (_, id) => ({ id, n: 0 })),
    );
    const first = await start();
    await first.until('indexed', async () => (await rows()).length === 100);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await first.stop();
    const wanted = Array.from({ length: 60 }, (_, id) => ({ id, n: 1 }));
    await refill(2, wanted);
    const worker = await start();
    try {
      await worker.until('failed', async () => {
        return JSON.stringify((await worker.get('/connectors/search/status')).body).includes(
          'ELASTICSEARCH_TOPIC_RECREATED',
        );
      });
      expect(await rows()).toEqual(Array.from({ length: 100 }, (_, id) => ({ id, n: 0 })));
      const { code, err } = await millrace(
        ['reindex', 'search', '--hub', 'millrace-data', '--url', worker.url],
        folder,
      );
      expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
      await fetch(`${worker.url}/connectors/search/restart?includeTasks=true&onlyFailed=false`, { method: 'POST' });
      await worker.running('search');
      await new Promise((resolve) => setTimeout(resolve, 1000));
      expect(await rows()).toEqual(wanted);
      await worker.running('search');
    } finally {
      await worker.stop();
    }
  });
});
