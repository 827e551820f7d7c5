import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BatchBuilder } from '../../../runtime/hub/batch/batch-builder.ts';
import type { ConnectorStateInfo, Rewind } from '../../../runtime/rest/api.ts';
import { violation } from '../../unit/rest/answer-schemas.ts';
import { until } from '../../until.ts';
import { valueTexts } from './hub-records.ts';
import { startLocalWorker, type Answer, type LocalWorker } from './local-worker.ts';

type Config = Readonly<Record<string, string>>;

/** Within any retention. */
const START_MS = Math.floor(Date.now() / 1000) * 1000 - 600_000;
let folder: string;
let worker: LocalWorker;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-rewind-'));
  worker = await startLocalWorker();
});

afterAll(async () => {
  await worker.close();
  await rm(folder, { recursive: true, force: true });
});

/** One record a second, in batches of five. */
async function produce(topic: string, count: number): Promise<void> {
  const { hub } = worker.worker;
  await hub.admin.createTopic(topic, 1);
  const producer = await hub.producer({ acks: 'all' });
  for (let from = 0; from < count; from += 5) {
    const builder = new BatchBuilder();
    for (let n = from; n < from + 5; n++) builder.add(START_MS + n * 1000, null, Buffer.from(`{"n":${n}}`));
    await producer.append(topic, 0, builder.finish());
  }
  await producer.close();
}

async function run(name: string, config: Config): Promise<void> {
  expect((await worker.request('PUT', `/connectors/${name}/config`, config)).status).toBe(201);
}

async function rewind(name: string, body: object): Promise<Answer> {
  const path = `/connectors/${name}/rewind`;
  const answer = await worker.request('POST', path, body);
  expect(violation('POST', path, answer.status, answer.text)).toBeNull();
  return answer;
}

async function committed(name: string): Promise<unknown> {
  const { body } = await worker.request('GET', `/connectors/${name}/offsets`);
  const [first] = (body as { offsets: { offset: Record<string, unknown> }[] }).offsets;
  return first?.offset['kafka_offset'] ?? first?.offset['position'];
}

async function state(name: string): Promise<string> {
  const { body } = await worker.request('GET', `/connectors/${name}/status`);
  const { connector, tasks } = body as ConnectorStateInfo;
  return [connector.state, ...tasks.map((task) => task.state)].join(' ');
}

function archive(topic: string): Config {
  return {
    'connector.class': 's3',
    topics: topic,
    'store.url': `file://${folder}`,
    's3.bucket.name': topic,
    'flush.size': '4',
  };
}

/** The archive's files and their lines. */
async function archived(topic: string): Promise<Record<string, string>> {
  const root = join(folder, topic, 'topics', topic, 'partition=0');
  const names = (await readdir(root)).toSorted();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(root, name), 'utf8')] as const)),
  );
}

describe('rewinding an archive', () => {
  beforeAll(async () => {
    await produce('orders', 20);
    await run('archive', archive('orders'));
    await until(async () => (await committed('archive')) === 20);
  });

  it('tells how much is read again, and changes nothing when it is only asked', async () => {
    const answer = await rewind('archive', { offset: 8, dry_run: true });
    expect(answer.body).toMatchObject({
      name: 'archive',
      type: 'sink',
      done: false,
      records: 12,
      partitions: [{ partition: { kafka_topic: 'orders' }, from: { kafka_offset: 20 }, to: { kafka_offset: 8 } }],
    });
    expect(await committed('archive')).toBe(20);
  });

  it('adopts the files that are there: each record is in the archive once', async () => {
    const before = await archived('orders');
    expect((await rewind('archive', { offset: 0 })).body).toMatchObject({ done: true, records: 20 });
    await until(async () => (await committed('archive')) === 20);
    expect(await state('archive')).toBe('RUNNING RUNNING');
    expect(await archived('orders')).toEqual(before);
  });

  it('begins at the start of the file that the place is in', async () => {
    const before = await archived('orders');
    const { body } = await rewind('archive', { offsets: { 'orders-0': '10' } });
    expect(body).toMatchObject({ done: true, records: 12, partitions: [{ to: { kafka_offset: 8 } }] });
    expect((body as Rewind).partitions[0]?.note).toContain('begins at 8 instead of 10');
    await until(async () => (await committed('archive')) === 20);
    expect(await archived('orders')).toEqual(before);
  });

  it('writes files anew that were removed', async () => {
    const before = await archived('orders');
    const root = join(folder, 'orders');
    await rm(join(root, 'topics/orders/partition=0/orders+0+0000000004.json'));
    expect((await rewind('archive', { offset: 4 })).body).toMatchObject({ done: true, records: 16 });
    await until(async () => (await committed('archive')) === 20);
    expect(await archived('orders')).toEqual(before);
  });

  it('goes back to a time, by the hub’s index', async () => {
    const at = new Date(START_MS + 12_000).toISOString();
    expect((await rewind('archive', { time: at, dry_run: true })).body).toMatchObject({
      records: 8,
      partitions: [{ to: { kafka_offset: 12 } }],
    });
    expect((await rewind('archive', { time: START_MS + 3_600_000, dry_run: true })).body).toMatchObject({
      done: false,
      records: 0,
      partitions: [],
    });
  });

  it('leaves a stopped connector stopped, and a paused one paused', async () => {
    await worker.request('PUT', '/connectors/archive/stop');
    await until(async () => (await state('archive')) === 'STOPPED');
    expect((await rewind('archive', { offset: 16 })).body).toMatchObject({ done: true, records: 4 });
    expect(await state('archive')).toBe('STOPPED');
    expect(await committed('archive')).toBe(16);
    await worker.request('PUT', '/connectors/archive/resume');
    await until(async () => (await committed('archive')) === 20);
    await worker.request('PUT', '/connectors/archive/pause');
    await until(async () => (await state('archive')) === 'PAUSED PAUSED');
    expect((await rewind('archive', { offset: 12 })).body).toMatchObject({ done: true });
    // Stopped in between, it has no tasks until it is resumed: so in Kafka Connect too.
    await until(async () => (await state('archive')) === 'PAUSED');
    expect(await committed('archive')).toBe(12);
    await worker.request('PUT', '/connectors/archive/resume');
    await until(async () => (await committed('archive')) === 20);
  });

  it('stops by name, and overwrites nothing, where other contents would be written in the place of what is there', async () => {
    const before = await archived('orders');
    const masked = {
      ...archive('orders'),
      transforms: 'mask',
      'transforms.mask.type': 'org.apache.kafka.connect.transforms.MaskField$Value',
      'transforms.mask.fields': 'n',
    };
    await worker.request('PUT', '/connectors/archive/config', masked);
    await rewind('archive', { offset: 0 });
    await until(async () => (await state('archive')) === 'RUNNING FAILED');
    expect((await worker.request('GET', '/connectors/archive/status')).text).toContain('S3_OBJECT_CONFLICT');
    expect(await archived('orders')).toEqual(before);
    await worker.request('PUT', '/connectors/archive/config', archive('orders'));
    await until(async () => (await committed('archive')) === 20);
  });

  it('is refused by name where the hub has no such place any more, or never had', async () => {
    await until(async () => (await state('archive')) === 'RUNNING RUNNING');
    await worker.worker.hub.admin.deleteRecords({ topic: 'orders', partition: 0 }, 8n);
    const gone = await rewind('archive', { offset: 3 });
    expect(gone.status).toBe(400);
    expect(gone.text).toContain('offset 3 of orders-0 is gone: the hub begins at 8');
    expect((await rewind('archive', { lsn: '0/1' })).text).toContain('no places of a database');
    expect((await rewind('archive', { offsets: { 'other-0': 1 } })).text).toContain('nothing is committed of other-0');
    expect((await rewind('archive', {})).status).toBe(400);
    expect((await rewind('archive', { offset: 1, time: 1 })).status).toBe(400);
    expect((await rewind('nobody', { offset: 1 })).status).toBe(404);
    expect(await state('archive')).toBe('RUNNING RUNNING');
  });
});

describe('rewinding a file', () => {
  it('reads lines again from a byte at which one begins', async () => {
    const file = join(folder, 'input.txt');
    await writeFile(file, 'one\ntwo\nthree\n');
    await run('lines', { 'connector.class': 'FileStreamSource', file, topic: 'lines' });
    await until(async () => (await committed('lines')) === 14);
    const within = await rewind('lines', { offset: 6 });
    expect(within.status).toBe(400);
    expect(within.text).toContain('lies within a line');
    expect((await rewind('lines', { offset: 4, dry_run: true })).body).toMatchObject({ records: 2, bytes: 10 });
    expect((await rewind('lines', { time: 1 })).status).toBe(400);
    expect((await rewind('lines', { offset: 4 })).body).toMatchObject({ type: 'source', done: true, records: 2 });
    await until(async () => (await values('lines')).length === 5);
    expect(await values('lines')).toEqual(['one', 'two', 'three', 'two', 'three']);
    await appendFile(file, 'four\n');
    await until(async () => (await values('lines')).at(-1) === 'four');
  });

  it('goes back to a number of a generator', async () => {
    await run('numbers', { 'connector.class': 'generator', topic: 'numbers', records: '50', throughput: '-1' });
    await until(async () => (await values('numbers')).length === 50);
    await until(async () => ((await rewind('numbers', { offset: 45, dry_run: true })).body as Rewind).records === 5);
    await rewind('numbers', { offset: 45 });
    await until(async () => (await values('numbers')).length === 55);
  });
});

/** Texts of a topic's values. */
async function values(topic: string): Promise<string[]> {
  const texts = await valueTexts(worker.worker.hub, topic);
  return texts.map((text) => (text.startsWith('"') ? (JSON.parse(text) as string) : text));
}
