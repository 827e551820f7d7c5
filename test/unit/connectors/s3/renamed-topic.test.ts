import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { archivedFiles } from '../../../../connectors/s3/archived-files.ts';
import { s3Sink } from '../../../../connectors/s3/connector.ts';
import type { SinkRecord } from '../../../../runtime/connector/sink.ts';
import { realEnv } from '../../../../runtime/env/real.ts';
import { finishedFiles } from './archive-folder.ts';
import { sinkRecord, taskStart } from './sink-records.ts';

let root: string;
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), 'millrace-s3-'))));
afterEach(() => rm(root, { recursive: true }));

const HOUR_MS = 3_600_000;
const signal = new AbortController().signal;

function config(more: Record<string, string> = {}): Record<string, string> {
  const route = { transforms: 'r', 'transforms.r.type': 'RegexRouter' };
  return {
    'connector.class': 's3',
    topics: 'orders,old',
    'store.url': `file://${root}`,
    'flush.size': '4',
    ...route,
    ...more,
  };
}

function record(n: number, destination: string, topic = 'orders'): SinkRecord {
  const made = sinkRecord({ topic, offset: n, json: `{"${topic}":${n}}`, timestampMs: (n % 2) * HOUR_MS });
  return { ...made, destination };
}

/** Runs a task over records; answers how far each partition is durable. */
async function archive(of: Record<string, string>, records: readonly SinkRecord[]): Promise<Record<string, bigint>> {
  const task = s3Sink.createTask(of);
  try {
    await task.open(taskStart());
    const topics = [...new Set(records.map(({ topic }) => topic))];
    await task.assign(topics.map((topic) => ({ partition: { topic, partition: 0 }, offset: 0n })));
    let wanted = records;
    const durable = new Map<string, bigint>();
    for (;;) {
      const done = await task.write(wanted, signal);
      for (const [name, offset] of done.durable) durable.set(name, offset);
      if (done.seek === undefined) return Object.fromEntries(durable);
      wanted = records.filter(({ topic, offset }) => offset >= (done.seek?.get(`${topic}-0`) ?? 1_000_000n));
    }
  } finally {
    await task.close();
  }
}

async function contents(): Promise<Record<string, string>> {
  const files = await finishedFiles(root);
  return Object.fromEntries([...files].map(([name, bytes]) => [name, bytes.toString().trim().split('\n').join(' ')]));
}

describe('records whose topic a transform renamed', () => {
  test('are in the folder of that name, in files named after their topic in the hub', async () => {
    const records = [0, 1, 2, 3, 4].map((n) => record(n, 'shop'));
    expect(await archive(config(), records)).toEqual({ 'orders-0': 4n });
    expect(await contents()).toEqual({
      'topics/shop/partition=0/orders+0+0000000000.json': '{"orders":0} {"orders":1} {"orders":2} {"orders":3}',
    });
  });

  test('of several topics share a folder, and none is taken for another', async () => {
    const records = [0, 1, 2, 3].flatMap((n) => [record(n, 'shop'), record(n, 'shop', 'old')]);
    expect(await archive(config(), records)).toEqual({ 'orders-0': 4n, 'old-0': 4n });
    expect(Object.keys(await contents())).toEqual([
      'topics/shop/partition=0/old+0+0000000000.json',
      'topics/shop/partition=0/orders+0+0000000000.json',
    ]);
  });

  test('one by one are in a file of each name, all finished at one offset, and found again by a replay', async () => {
    const records = Array.from({ length: 12 }, (_, n) => record(n, n % 3 === 0 ? 'a' : 'b'));
    expect(await archive(config(), records)).toEqual({ 'orders-0': 12n });
    const once = await contents();
    expect(once).toMatchObject({
      'topics/a/partition=0/orders+0+0000000000.json': '{"orders":0} {"orders":3}',
      'topics/b/partition=0/orders+0+0000000001.json': '{"orders":1} {"orders":2}',
    });
    expect(await archive(config(), records)).toEqual({ 'orders-0': 12n });
    // With another flush size it adopts the ends that it finds; after the last it waits for more.
    expect(await archive(config({ 'flush.size': '7' }), records)).toEqual({ 'orders-0': 8n });
    expect(await contents()).toEqual(once);
  });

  test('do not rotate time partitions when the name changes', async () => {
    const hourly = {
      'partitioner.class': 'HourlyPartitioner',
      'timestamp.extractor': 'Record',
      'rotate.interval.ms': String(24 * HOUR_MS),
      locale: 'en-US',
      timezone: 'UTC',
      'flush.size': '6',
    };
    const even = [0, 2, 4, 6, 8, 10].map((n) => record(n, n % 4 === 0 ? 'a' : 'b'));
    await archive(config(hourly), even);
    expect(Object.values(await contents())).toEqual([
      '{"orders":0} {"orders":4} {"orders":8}',
      '{"orders":2} {"orders":6} {"orders":10}',
    ]);
  });

  test('go back to the start of their span, whatever folder it is in', async () => {
    await archive(
      config(),
      Array.from({ length: 12 }, (_, n) => record(n, n % 3 === 0 ? 'a' : 'b')),
    );
    const { context } = taskStart();
    const call = { name: 'archive', config: config(), env: realEnv, log: context.log, signal };
    const start = (offset: bigint) => s3Sink.rewindFrom?.(call, [{ topic: 'orders', partition: 0, offset }]);
    expect(await start(6n)).toMatchObject([{ offset: 4n }]);
    expect(await start(8n)).toMatchObject([{ offset: 8n }]);
  });

  test.each(['../../etc', 'a/b', '', '..', 'x'.repeat(250)])('as %j, which is no topic, are rejected', async (name) => {
    const task = s3Sink.createTask(config());
    await task.open(taskStart());
    await task.assign([{ partition: { topic: 'orders', partition: 0 }, offset: 0n }]);
    const { rejected } = await task.write(
      [0, 1, 2, 3, 4].map((n) => record(n, n === 1 ? name : 'shop')),
      signal,
    );
    await task.close();
    expect(rejected).toMatchObject([{ record: { offset: 1n }, error: { code: 'S3_TOPIC_INVALID', kind: 'data' } }]);
    expect(Object.values(await contents())).toEqual(['{"orders":0} {"orders":2} {"orders":3} {"orders":4}']);
  });

  test('are redriven into the folder of their name', async () => {
    const task = s3Sink.createTask(config());
    await task.open(taskStart());
    await task.redrive?.([{ record: record(5, 'shop'), id: '1' }], signal);
    await task.close();
    expect(await contents()).toEqual({ 'topics/shop/partition=0/orders+0+0000000005.json': '{"orders":5}' });
  });

  test('are found for a comparison by their topic in the hub', async () => {
    await archive(
      config(),
      [0, 1, 2, 3].flatMap((n) => [record(n, 'shop'), record(n, 'shop', 'old')]),
    );
    const files = await archivedFiles({ config: config(), topic: 'old', env: realEnv, signal, folder: root });
    expect(files).toEqual([join(root, 'topics/shop/partition=0/old+0+0000000000.json')]);
  });
});
