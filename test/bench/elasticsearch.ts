/*
 * Documents a second from the hub's records to a search server, beside the official client's bulk helper with
 * the same documents: `node test/bench/elasticsearch.ts [documents] [runs]`. One server, one index each of one shard,
 * refresh off; the helper has ids and no versions, its default settings but for `flushBytes`.
 *
 * `sink`: records with JSON values, as they stand in the hub, through the sink's task, one partition or four.
 * `rows`: change events whose rows are written (`millrace.unwrap`), decoded by the hub's own converter.
 */
import { Client } from '@elastic/elasticsearch';
import { connector } from '../../connectors/elasticsearch/index.ts';
import type { RawConfig } from '../../runtime/connector/options.ts';
import type { SinkRecord } from '../../runtime/connector/sink.ts';
import { createConverter } from '../../runtime/convert/create-converter.ts';
import { startSearch } from '../services/elasticsearch.ts';
import { taskStart } from '../unit/connectors/s3/sink-records.ts';
import { ProcessMeter } from './process-meter.ts';

const DOCUMENTS = Number(process.argv[2] ?? 100_000);
const RUNS = Number(process.argv[3] ?? 2);
const BATCH = 1000;
const SIGNAL = new AbortController().signal;
const converter = createConverter('json', { 'schemas.enable': 'false' }, false);

const server = await startSearch('elasticsearch', 1024);
if ('missing' in server) throw new Error(server.missing);
const { url } = server;

function row(n: number): object {
  return {
    id: n,
    customer: n % 977,
    price: n / 4,
    status: 'paid',
    note: `${n} `.repeat(24),
    at: 1_700_000_000_000 + n,
  };
}

function record(topic: string, partition: number, offset: number, n: number, value: Buffer): SinkRecord {
  return {
    topic,
    partition,
    offset: BigInt(offset),
    timestampMs: 1_700_000_000_000 + n,
    headers: [],
    rawKey: Buffer.from(String(n)),
    rawValue: value,
    tombstone: false,
    encoding: 'json',
    key: () => ({ schema: null, value: n }),
    value: () => converter.decode(topic, value, [], undefined),
  };
}

async function call(method: string, path: string, body?: object): Promise<unknown> {
  const json = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: json,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return answer.json();
}

async function counted(index: string): Promise<number> {
  await call('POST', `/${index}/_refresh`);
  return ((await call('GET', `/${index}/_count`)) as { count: number }).count;
}

interface Run {
  readonly name: string;
  readonly index: string;
  write(): Promise<void>;
}

function sink(name: string, partitions: number, value: (n: number) => Buffer, more: RawConfig): Run {
  const index = `bench-${name}`;
  return {
    name,
    index,
    async write() {
      const task = connector.kind === 'sink' ? connector.createTask({ 'connection.url': url, ...more }) : null;
      if (task === null) return;
      await task.open(taskStart());
      const topic = { id: 'bench', partitions };
      const assigned = Array.from({ length: partitions }, (_, partition) => ({
        partition: { topic: index, partition },
        offset: 0n,
        topic,
      }));
      await task.assign(assigned);
      const offsets = assigned.map(() => 0);
      for (let n = 0; n < DOCUMENTS;) {
        const partition = (n / BATCH) % partitions;
        const batch: SinkRecord[] = [];
        for (let i = 0; i < BATCH && n < DOCUMENTS; i++, n++) {
          const offset = offsets[partition] ?? 0;
          offsets[partition] = offset + 1;
          batch.push(record(index, partition, offset, n, value(n)));
        }
        await task.write(batch, SIGNAL);
      }
      await task.revoke(
        assigned.map((one) => one.partition),
        { lost: false },
      );
      await task.close();
    },
  };
}

const plain = (n: number): Buffer => Buffer.from(JSON.stringify(row(n)));
const event = (n: number): Buffer =>
  Buffer.from(
    JSON.stringify({ before: null, after: row(n), source: { lsn: n, table: 'orders', db: 'shop' }, op: 'c', ts_ms: n }),
  );

const helper: Run = {
  name: 'official bulk helper',
  index: 'bench-helper',
  async write() {
    const client = new Client({ node: url });
    async function* documents(): AsyncGenerator<object> {
      for (let n = 0; n < DOCUMENTS; n++) yield row(n);
    }
    await client.helpers.bulk({
      datasource: documents(),
      onDocument: (document) => ({ index: { _index: 'bench-helper', _id: String((document as { id: number }).id) } }),
    });
    await client.close();
  },
};

const RUNS_OF: readonly Run[] = [
  helper,
  sink('sink-1-partition', 1, plain, {}),
  sink('sink-4-partitions', 4, plain, {}),
  sink('rows-1-partition', 1, event, { 'millrace.unwrap': 'true' }),
];

console.log(`${server.name}, ${DOCUMENTS} documents of ${plain(DOCUMENTS >> 1).length} bytes`);
try {
  for (let run = 0; run < RUNS; run++) {
    for (const { name, index, write } of RUNS_OF) {
      await call('DELETE', `/${index}`);
      await call('PUT', `/${index}`, {
        settings: { number_of_shards: 1, number_of_replicas: 0, refresh_interval: -1 },
      });
      const meter = new ProcessMeter(process.pid);
      const startedMs = performance.now();
      await write();
      const seconds = (performance.now() - startedMs) / 1000;
      const { cpuSeconds } = meter.stop();
      const found = await counted(index);
      if (found !== DOCUMENTS) throw new Error(`${name}: ${found} documents`);
      const rate = Math.round(DOCUMENTS / seconds);
      const megabytes = ((DOCUMENTS * plain(DOCUMENTS >> 1).length) / seconds / 1e6).toFixed(1);
      const cpu = ((cpuSeconds / DOCUMENTS) * 1e6).toFixed(1);
      console.log(
        `${name.padEnd(22)} ${String(rate).padStart(7)} documents/s  ${megabytes} MB/s  ${cpu} client CPU-s per million`,
      );
    }
  }
} finally {
  for (const { index } of RUNS_OF) await call('DELETE', `/${index}`);
  await server.stop();
}
