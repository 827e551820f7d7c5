/**
 * Hub → Elasticsearch, reading included: a worker of the build writes a topic of generated records (200 bytes) into an
 * index, at one partition and at four, beside the official client's bulk helper with the same documents and ids.
 *
 *     npm run build && node test/bench/runtime/hub-to-elasticsearch.ts [records] [runs]
 */
import { join } from 'node:path';
import { Client } from '@elastic/elasticsearch';
import { realEnv as env } from '../../../runtime/env/real.ts';
import { openHubForReading } from '../../../runtime/hub/embedded/open.ts';
import { sinkGroup } from '../../../runtime/task/sink/sink-group.ts';
import { readHubTopic } from '../../chaos/harness/read-hub-topic.ts';
import { startSearch } from '../../services/elasticsearch.ts';
import { ProcessMeter } from '../process-meter.ts';
import { BenchWorker } from './worker.ts';

const [records = '300000', runs = '2'] = process.argv.slice(2);
const count = Number(records);
const server = await startSearch('elasticsearch', 1024);
if ('missing' in server) throw new Error(server.missing);
const { url } = server;

async function call(method: string, path: string, body?: object): Promise<unknown> {
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await fetch(`${url}${path}`, { method, headers: { 'content-type': 'application/json' }, ...init });
  return answer.json();
}

/** An empty index of one shard that is not refreshed meanwhile. */
async function emptyIndex(index: string): Promise<void> {
  await call('DELETE', `/${index}`);
  const settings = { number_of_shards: 1, number_of_replicas: 0, refresh_interval: -1 };
  await call('PUT', `/${index}`, { settings });
}

async function documentsIn(index: string): Promise<number> {
  await call('POST', `/${index}/_refresh`);
  return ((await call('GET', `/${index}/_count`)) as { count: number }).count;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

function print(name: string, seconds: number, cpuSeconds: number, bytes: number): void {
  const perSecond = Math.round(count / seconds);
  const megabytes = (bytes / seconds / 1e6).toFixed(1);
  const perMillion = ((cpuSeconds / count) * 1e6).toFixed(1);
  console.log(JSON.stringify({ name, perSecond, megabytes, perMillion }));
}

interface Made {
  readonly id: string;
  readonly value: Buffer;
}

/** Fills a topic, writes it to an index, and gives what it held. */
async function sink(partitions: number): Promise<readonly Made[]> {
  const topic = `hub-${partitions}`;
  const worker = await BenchWorker.start();
  const hub = await openHubForReading({ path: join(worker.folder, 'hub'), env });
  try {
    await worker.create('made', {
      'connector.class': 'generator',
      topic,
      records,
      throughput: '-1',
      'record.bytes': '200',
      'topic.creation.default.partitions': String(partitions),
      'topic.creation.default.replication.factor': '1',
    });
    const latest = async (): Promise<number> => {
      if ((await hub.admin.describe(topic)) === null) return 0;
      const ends = Array.from({ length: partitions }, (_, partition) =>
        hub.admin.offsets({ topic, partition }, 'read_committed'),
      );
      return (await Promise.all(ends)).reduce((sum, end) => sum + Number(end.latest), 0);
    };
    await until(async () => (await latest()) >= count);
    const made: Made[] = [];
    await readHubTopic(join(worker.folder, 'hub'), topic, (record) => {
      made.push({ id: record.key()?.toString() ?? '', value: record.value() ?? Buffer.alloc(0) });
    });
    await emptyIndex(topic);
    const meter = new ProcessMeter(worker.pid);
    const begun = performance.now();
    await worker.create('search', { 'connector.class': 'elasticsearch', 'connection.url': url, topics: topic });
    await until(async () => {
      const offsets = await hub.groups.offsets(sinkGroup('search', {}));
      return offsets.reduce((sum, { offset }) => sum + Number(offset), 0) >= count;
    });
    const seconds = (performance.now() - begun) / 1000;
    print(`hub → index, partitions: ${partitions}`, seconds, meter.stop().cpuSeconds, bytesOf(made));
    const keys = new Set(made.map(({ id }) => id)).size;
    const found = await documentsIn(topic);
    if (found !== keys) throw new Error(`${found} documents of ${keys} keys`);
    return made;
  } finally {
    await hub.close();
    await worker.stop();
  }
}

function bytesOf(made: readonly Made[]): number {
  return made.reduce((sum, { value }) => sum + value.length, 0);
}

async function helper(made: readonly Made[]): Promise<void> {
  await emptyIndex('helper');
  const client = new Client({ node: url });
  const meter = new ProcessMeter(process.pid);
  const begun = performance.now();
  let at = 0;
  await client.helpers.bulk({
    datasource: made.map(({ value }) => value.toString()),
    onDocument: () => ({ index: { _index: 'helper', _id: made[at++]?.id ?? '' } }),
  });
  print('official bulk helper', (performance.now() - begun) / 1000, meter.stop().cpuSeconds, bytesOf(made));
  await client.close();
}

try {
  for (let run = 0; run < Number(runs); run++) {
    const made = await sink(1);
    await helper(made);
    await sink(4);
  }
} finally {
  await server.stop();
}
