import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { elasticsearchSink } from '../../../connectors/elasticsearch/connector.ts';
import { BatchBuilder } from '../../../runtime/hub/batch/batch-builder.ts';
import { startSearch } from '../../services/elasticsearch.ts';
import { TaskBench } from '../task/task-bench.ts';
import { until } from '../../until.ts';
import { SearchProbe } from './search-probe.ts';
import { searchProxy } from './search-proxy.ts';

const server = await startSearch('elasticsearch');
const missing = 'missing' in server;
if (missing) console.warn(`skipped: ${server.missing}`);
afterAll(async () => {
  if (!missing) await server.stop();
});

const url = missing ? '' : server.url;
const probe = new SearchProbe(url);
const topic = `running-${process.pid}`;
const ADVERSE = { 'retry.backoff.ms': '60000', 'max.retries': '100' };
let bench: TaskBench;
beforeEach(async () => {
  bench = await TaskBench.open();
});
afterEach(async () => {
  await bench.close();
  await probe.remove(topic);
});

async function fill(from: number, to: number): Promise<void> {
  const producer = await bench.hub.producer({ acks: 'all', createTopics: () => ({ partitions: 1 }) });
  await producer.partitions(topic);
  const builder = new BatchBuilder();
  for (let n = from; n < to; n++) builder.add(Date.now(), Buffer.from(`"${n}"`), Buffer.from(`{"n":${n}}`), []);
  await producer.append(topic, 0, builder.finish());
  await producer.close();
}

const committed = async (): Promise<number> =>
  Number((await bench.hub.groups.offsets('connect-search'))[0]?.offset ?? -1n);

describe.skipIf(missing)('from the hub into an index', () => {
  test('what is indexed is committed, over stops and starts', async () => {
    const config = { name: 'search', topics: topic, 'connection.url': url };
    await fill(0, 1000);
    const first = bench.start(elasticsearchSink, config);
    await until(async () => (await committed()) === 1000);
    expect(await first.task.stop(5000)).toBe('stopped');
    await fill(1000, 1500);
    const second = bench.start(elasticsearchSink, config);
    await until(async () => (await committed()) === 1500);
    expect(await second.task.stop(5000)).toBe('stopped');
    expect(await probe.documents(topic)).toHaveLength(1500);
  });

  test('a stop does not wait for a server that takes nothing', async () => {
    const proxy = await searchProxy(url, () => ({ kind: 'answer', status: 503, type: 'text/html', text: 'later' }));
    try {
      await fill(0, 10);
      const config = { name: 'search', topics: topic, 'connection.url': proxy.url, ...ADVERSE };
      const { task } = bench.start(elasticsearchSink, config);
      await until(() => Promise.resolve(proxy.hits > 0));
      const startedMs = performance.now();
      expect(await task.stop(20_000)).toBe('stopped');
      expect(performance.now() - startedMs).toBeLessThan(10_000);
      expect(await committed()).toBe(0);
    } finally {
      await proxy.close();
    }
  });
});
