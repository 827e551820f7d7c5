import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connector } from '../../../../connectors/s3/index.ts';
import type { RawConfig } from '../../../../runtime/connector/options.ts';
import type { SinkRecord, SinkTask } from '../../../../runtime/connector/sink.ts';
import { finishedFiles, parsedLines } from './archive-folder.ts';
import { sinkRecord, taskStart } from './sink-records.ts';
import { feed } from './topic-reader.ts';

let root: string;
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), 'millrace-s3-'))));
afterEach(() => rm(root, { recursive: true }));

function config(more: RawConfig = {}): RawConfig {
  return { 'connector.class': 's3', 'store.url': `file://${root}`, 'flush.size': '3', ...more };
}

async function started(more: RawConfig = {}): Promise<SinkTask> {
  if (connector.kind !== 'sink') throw new Error('not a sink');
  const task = connector.createTask(config(more));
  await task.open(taskStart());
  return task;
}

async function archive(topic: readonly SinkRecord[], more: RawConfig = {}, from = 0n): Promise<bigint> {
  const task = await started(more);
  try {
    return (await feed(task, topic, { from, batch: 4 })).durable;
  } finally {
    await task.close();
  }
}

const numbered = (count: number, start = 0): SinkRecord[] =>
  Array.from({ length: count }, (_, i) => sinkRecord({ offset: start + i, key: `k${i}`, json: `{"n":${start + i}}` }));

const zigzag = (count: number): SinkRecord[] =>
  Array.from({ length: count }, (_, n) =>
    sinkRecord({ offset: n, json: `{"n":${n}}`, timestampMs: n % 2 === 0 ? 0 : 3_600_000 }),
  );

describe('a folder as an archive', () => {
  test('names files by topic, partition and first offset, and leaves the open rest out', async () => {
    const durable = await archive(numbered(8));
    const files = await finishedFiles(root);
    expect([...files.keys()]).toEqual([
      'topics/orders/partition=0/orders+0+0000000000.json',
      'topics/orders/partition=0/orders+0+0000000003.json',
    ]);
    expect(parsedLines(files)).toEqual([0, 1, 2, 3, 4, 5].map((n) => ({ n })));
    expect(durable).toBe(6n);
  });

  test('leaves no unfinished file behind when it closes', async () => {
    await archive(numbered(8));
    expect(await readdir(join(root, '.millrace/open'))).toEqual([]);
  });

  test('copies JSON values byte by byte', async () => {
    const odd = '{ "a" : 1.50, "big": 12345678901234567890, "text": "é\\u0041" }';
    await archive([sinkRecord({ offset: 0, json: odd })], { 'flush.size': '1' });
    const [bytes] = (await finishedFiles(root)).values();
    expect(bytes?.toString()).toBe(`${odd}\n`);
  });

  test('keeps a document with line breaks on one line', async () => {
    await archive([sinkRecord({ offset: 0, json: '{\n  "a": "x\\ny"\n}' })], { 'flush.size': '1' });
    const [bytes] = (await finishedFiles(root)).values();
    expect(bytes?.toString()).toBe('{   "a": "x\\ny" }\n');
  });

  test('writes the whole record, tombstones included, in an envelope', async () => {
    const headers = [
      { key: 'trace', value: Buffer.from('abc') },
      { key: 'raw', value: Buffer.from([0xff, 0]) },
      { key: 'none', value: null },
    ];
    const topic = [
      sinkRecord({ offset: 5, key: 'k', json: '{"a":1}', timestampMs: 1700000000000, headers }),
      sinkRecord({ offset: 6, key: 'k', json: null, timestampMs: 1700000000001 }),
    ];
    await archive(topic, { 'flush.size': '2', 'millrace.envelope': 'true' }, 5n);
    const at = { topic: 'orders', partition: 0, key: 'k' };
    expect(parsedLines(await finishedFiles(root))).toEqual([
      {
        ...at,
        offset: 5,
        timestamp: 1700000000000,
        value: { a: 1 },
        headers: [
          { key: 'trace', value: 'abc' },
          { key: 'raw', base64: '/wA=' },
          { key: 'none', value: null },
        ],
      },
      { ...at, offset: 6, timestamp: 1700000000001, value: null, headers: [] },
    ]);
  });

  test('compresses into one gzip member or zstd frame, the same bytes each time', async () => {
    const plain = numbered(3)
      .map((record) => `${Buffer.from(record.rawValue ?? []).toString()}\n`)
      .join('');
    await archive(numbered(3), { 's3.compression.type': 'gzip', 'topics.dir': 'a' });
    await archive(numbered(3), { 's3.compression.type': 'gzip', 'topics.dir': 'b' });
    await archive(numbered(3), { 's3.compression.type': 'zstd', 'topics.dir': 'c' });
    const [[, a] = [], [, b] = [], [name, c] = []] = [...(await finishedFiles(root))];
    expect(a).toEqual(b);
    expect(gunzipSync(a ?? Buffer.alloc(0)).toString()).toBe(plain);
    expect(name).toMatch(/\.json\.zst$/);
    expect(zstdDecompressSync(c ?? Buffer.alloc(0)).toString()).toBe(plain);
  });

  test.each(['none', 'gzip', 'zstd'])('is read by DuckDB, compressed by %s', async (type) => {
    const many = Array.from({ length: 20_000 }, (_, n) => sinkRecord({ offset: n, json: `{"n":${n},"t":"${n % 7}"}` }));
    await archive(many, { 's3.compression.type': type, 'flush.size': '10000' });
    const duck = await (await DuckDBInstance.create()).connect();
    const query = `SELECT count(*) AS c, sum(n) AS s FROM read_json('${root}/**/*.json*', format = 'newline_delimited')`;
    const [row] = (await duck.runAndReadAll(query)).getRowObjectsJson();
    expect(row).toEqual({ c: '20000', s: '199990000' });
    duck.closeSync();
  });

  test('writes a record once that is handed over again', async () => {
    const task = await started();
    await feed(task, numbered(5));
    expect((await feed(task, numbered(6), { assign: false })).durable).toBe(6n);
    await task.close();
    expect(parsedLines(await finishedFiles(root))).toEqual([0, 1, 2, 3, 4, 5].map((n) => ({ n })));
  });

  test('goes on when somebody removed the folder of a topic', async () => {
    const task = await started({ 'retry.backoff.ms': '1' });
    await feed(task, numbered(6));
    await rm(join(root, 'topics/orders'), { recursive: true });
    expect((await feed(task, numbered(12), { from: 6n })).durable).toBe(12n);
    await task.close();
    expect(parsedLines(await finishedFiles(root))).toHaveLength(6);
  });

  test('a topic that would leave the folder is refused', async () => {
    const topic = [sinkRecord({ topic: '..', offset: 0, json: '{}' })];
    await expect(archive(topic)).rejects.toMatchObject({ code: 'S3_NAME_INVALID' });
  });

  test('rejects a tombstone by default, ignores it on request', async () => {
    const topic = [sinkRecord({ offset: 0, json: null }), sinkRecord({ offset: 1, json: '{}' })];
    const strict = await started();
    expect((await feed(strict, topic)).rejected).toBe(1);
    await strict.close();
    const lenient = await started({ 'behavior.on.null.values': 'ignore', 'flush.size': '1' });
    expect(await feed(lenient, topic)).toEqual({ durable: 2n, rejected: 0 });
    await lenient.close();
  });

  test('writes keys and headers to parallel files', async () => {
    await archive(numbered(3), { 'store.kafka.keys': 'true', 'store.kafka.headers': 'true' });
    const files = await finishedFiles(root);
    expect([...files.keys()].map((name) => name.split('/').at(-1))).toEqual([
      'orders+0+0000000000.headers.json',
      'orders+0+0000000000.json',
      'orders+0+0000000000.keys.json',
    ]);
    expect([...files.values()].at(2)?.toString()).toBe('"k0"\n"k1"\n"k2"\n');
  });

  test('writes values as bytes with a separator', async () => {
    const topic = [
      sinkRecord({ offset: 0, bytes: Buffer.from([1, 2]) }),
      sinkRecord({ offset: 1, bytes: Buffer.from([3]) }),
    ];
    await archive(topic, { 'flush.size': '2', 'format.class': 'ByteArrayFormat', 'format.bytearray.separator': '|' });
    const [[name, bytes] = []] = [...(await finishedFiles(root))];
    expect(name).toMatch(/\.bin$/);
    expect(bytes).toEqual(Buffer.from([1, 2, 0x7c, 3, 0x7c]));
  });
});

test('the status says how many files were closed, values ignored, and what a wall clock costs', async () => {
  if (connector.kind !== 'sink') throw new Error('not a sink');
  const more = { 'partitioner.class': 'DailyPartitioner', timezone: 'UTC', 'behavior.on.null.values': 'ignore' };
  const task = connector.createTask(config(more));
  const start = taskStart();
  await task.open(start);
  await feed(task, [...numbered(7), sinkRecord({ offset: 7, json: null })], { batch: 8 });
  await task.revoke([{ topic: 'orders', partition: 0 }], { lost: false });
  await task.flush?.(start.signal);
  expect(Object.fromEntries(start.told.gauges)).toMatchObject({
    closed_files_total: 2,
    ignored_null_values_total: 1,
    open_files: 0,
  });
  expect(start.told.warnings.get('S3_WALLCLOCK')).toContain('timestamp.extractor=Record');
  await task.close();
});

describe('a file that is there already', () => {
  test('is taken for its own when a replay writes the same', async () => {
    await archive(numbered(8));
    const before = await finishedFiles(root);
    expect(await archive(numbered(8))).toBe(6n);
    expect(await finishedFiles(root)).toEqual(before);
  });

  test.each([
    ['shorter than ours', '3', '5'],
    ['longer than ours', '5', '3'],
  ])('%s is adopted, and the archive has each record once', async (_what, first, second) => {
    await archive(numbered(5), { 'flush.size': first });
    await archive(numbered(20), { 'flush.size': second });
    const lines = parsedLines(await finishedFiles(root));
    const count = Number(first) + Math.floor((20 - Number(first)) / Number(second)) * Number(second);
    expect(lines).toEqual(Array.from({ length: count }, (_, n) => ({ n })));
  });

  test('with other records stops the task by name', async () => {
    await archive(numbered(3));
    const other = [0, 1, 2].map((n) => sinkRecord({ offset: n, json: `{"other":${n}}` }));
    await expect(archive(other)).rejects.toMatchObject({ code: 'S3_OBJECT_CONFLICT', kind: 'conflict' });
    expect(parsedLines(await finishedFiles(root))).toEqual([0, 1, 2].map((n) => ({ n })));
  });

  test('without facts, of unknown making, is never taken for its own', async () => {
    await archive(numbered(10), { 'flush.size': '10' });
    await rm(join(root, '.millrace'), { recursive: true });
    for (const size of ['10', '5', '20']) {
      const again = archive(numbered(20), { 'flush.size': size });
      await expect(again).rejects.toMatchObject({ code: 'S3_OBJECT_CONFLICT' });
    }
    expect(parsedLines(await finishedFiles(root))).toHaveLength(10);
  });

  test('with records the topic does not have stops the task once reading stalls', async () => {
    await archive(numbered(10), { 'flush.size': '10' });
    let monotonicMs = 0;
    const task = await started({ 'flush.size': '2' });
    const start = taskStart();
    const clock = { ...start.env.clock, monotonicMs: () => monotonicMs };
    await task.open({ ...start, env: { ...start.env, clock } });
    await feed(task, numbered(4));
    await task.flush?.(start.signal);
    monotonicMs = 61_000;
    await expect(task.flush?.(start.signal)).rejects.toMatchObject({ code: 'S3_OBJECT_CONFLICT' });
    await task.close();
  });
});

describe('several open files of one partition', () => {
  const hourly = { 'partitioner.class': 'HourlyPartitioner', timezone: 'UTC', 'timestamp.extractor': 'Record' };

  test('are closed at one offset', async () => {
    expect(await archive(zigzag(10), { ...hourly, 'flush.size': '4' })).toBe(8n);
    expect([...(await finishedFiles(root)).keys()]).toEqual([
      'topics/orders/year=1970/month=01/day=01/hour=00/orders+0+0000000000.json',
      'topics/orders/year=1970/month=01/day=01/hour=00/orders+0+0000000004.json',
      'topics/orders/year=1970/month=01/day=01/hour=01/orders+0+0000000001.json',
      'topics/orders/year=1970/month=01/day=01/hour=01/orders+0+0000000005.json',
    ]);
  });

  test('keep the end of the file that was finished first when the writer died between two', async () => {
    await archive(zigzag(10), { ...hourly, 'flush.size': '4' });
    const later = 'year=1970/month=01/day=01/hour=01/orders+0+0000000001.json';
    await rm(join(root, 'topics/orders', later));
    await rm(join(root, '.millrace/facts/topics/orders', `${later.replace('.', ',')},facts`));
    await archive(zigzag(20), { ...hourly, 'flush.size': '6' });
    const lines = parsedLines(await finishedFiles(root)) as { n: number }[];
    expect(lines.map(({ n }) => n).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });
});
