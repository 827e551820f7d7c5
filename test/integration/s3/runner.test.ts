import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { s3Sink } from '../../../connectors/s3/connector.ts';
import { BatchBuilder } from '../../../runtime/hub/batch/batch-builder.ts';
import { memorySource, MemoryUpstream } from '../task/memory-source.ts';
import { TaskBench } from '../task/task-bench.ts';
import { finishedFiles, parsedLines } from '../../unit/connectors/s3/archive-folder.ts';
import { until } from '../../until.ts';

let bench: TaskBench;
let root: string;
beforeEach(async () => {
  bench = await TaskBench.open();
  root = await mkdtemp(join(tmpdir(), 'mr-s3-runner-'));
});
afterEach(async () => {
  await bench.close();
  await rm(root, { recursive: true });
});

const committed = async (): Promise<number> =>
  Number((await bench.hub.groups.offsets('connect-archive'))[0]?.offset ?? -1n);
const config = (more: Record<string, string>): Record<string, string> => ({
  name: 'archive',
  topics: 'memory',
  'store.url': `file://${root}`,
  ...more,
});

async function fill(from: number, to: number): Promise<void> {
  const producer = await bench.hub.producer({ acks: 'all', createTopics: () => ({ partitions: 1 }) });
  await producer.partitions('memory');
  const builder = new BatchBuilder();
  for (let n = from; n < to; n++) {
    const value = n % 10 === 9 ? null : Buffer.from(JSON.stringify({ n }));
    builder.add(1_700_000_000_000 + n, Buffer.from(String(n)), value, [{ key: 'n', value: Buffer.from(`${n}`) }]);
  }
  await producer.append('memory', 0, builder.finish());
  await producer.close();
}

describe('from the hub into a folder', () => {
  test('what is archived is committed, over stops and starts', async () => {
    await fill(0, 1000);
    const options = config({ 'flush.size': '300', 'millrace.envelope': 'true' });
    const first = bench.start(s3Sink, options);
    await until(async () => (await committed()) === 900);
    expect(await first.task.stop(2000)).toBe('stopped');
    await fill(1000, 1250);
    const second = bench.start(s3Sink, options);
    await until(async () => (await committed()) === 1200);
    await second.task.stop(2000);
    const lines = parsedLines(await finishedFiles(root)) as { offset: number; key: number; value: unknown }[];
    expect(lines.map(({ offset }) => offset)).toEqual(Array.from({ length: 1200 }, (_, n) => n));
    expect(lines[8]).toMatchObject({ key: 8, value: { n: 8 }, headers: [{ key: 'n', value: '8' }] });
    expect(lines[9]).toMatchObject({ key: 9, value: null });
  });

  test('the schedule closes files although no record comes', async () => {
    await fill(0, 5);
    const schedule = { 'rotate.schedule.interval.ms': '100', timezone: 'UTC', 'millrace.envelope': 'true' };
    const { task } = bench.start(s3Sink, config(schedule));
    await until(async () => (await committed()) === 5);
    await task.stop(2000);
    expect(parsedLines(await finishedFiles(root))).toHaveLength(5);
  });

  test('behind an exactly-once source the end is reached: the last marker is passed once its file is closed', async () => {
    const upstream = new MemoryUpstream();
    upstream.produce(5);
    const source = bench.start(memorySource(upstream), { name: 'source', 'millrace.delivery': 'exactly-once' });
    await until(() => upstream.committed.at(-1) === 5);
    await source.task.stop(2000);
    const end = async (): Promise<number> =>
      Number((await bench.hub.admin.offsets({ topic: 'memory', partition: 0 }, 'read_committed')).latest);
    expect(await end()).toBeGreaterThan(5);
    const schedule = { 'rotate.schedule.interval.ms': '100', timezone: 'UTC', 'millrace.envelope': 'true' };
    const { task } = bench.start(s3Sink, config(schedule));
    await until(async () => (await committed()) === (await end()));
    await until(() => task.view().gauges['lag_records'] === 0);
    await task.stop(2000);
    expect(parsedLines(await finishedFiles(root))).toHaveLength(5);
    // It goes on from there.
    await fill(5, 8);
    const again = bench.start(s3Sink, config(schedule));
    await until(async () => (await committed()) === (await end()));
    await again.task.stop(2000);
    expect(parsedLines(await finishedFiles(root))).toHaveLength(8);
  });

  test('a task that died before its commit finds its files, with another flush.size too', async () => {
    await fill(0, 1000);
    const first = bench.start(s3Sink, config({ 'flush.size': '130', 'millrace.envelope': 'true' }));
    await until(async () => (await committed()) === 910);
    await first.task.stop(2000);
    // A new group starts at the beginning, as one does whose commits were lost.
    const again = { 'flush.size': '200', 'millrace.envelope': 'true', 'consumer.override.group.id': 'another' };
    const second = bench.start(s3Sink, config(again));
    await until(async () => Number((await bench.hub.groups.offsets('another'))[0]?.offset ?? -1n) === 910);
    expect(second.task.view().failure).toBeUndefined();
    await second.task.stop(2000);
    const lines = parsedLines(await finishedFiles(root)) as { offset: number }[];
    expect(lines.map(({ offset }) => offset)).toEqual(Array.from({ length: 910 }, (_, n) => n));
  });

  test('a source without schemas in its values still gives typed Parquet, through the schema header', async () => {
    const upstream = new MemoryUpstream();
    upstream.produce(500);
    const source = bench.start(memorySource(upstream), { name: 'source' });
    const parquet = { 'flush.size': '500', 'format.class': 'ParquetFormat', 'millrace.envelope': 'true' };
    const sink = bench.start(s3Sink, config(parquet));
    await until(async () => (await committed()) === 500);
    await source.task.stop(2000);
    await sink.task.stop(2000);
    const duck = await (await DuckDBInstance.create()).connect();
    const files = join(root, 'topics/**/*.parquet');
    const reader = await duck.runAndReadAll(
      `SELECT count(*) AS n, count(DISTINCT key) AS keys, any_value(typeof(value)) AS type FROM read_parquet('${files}')`,
    );
    expect(reader.getRowObjectsJson()[0]).toMatchObject({
      n: '500',
      keys: '500',
      type: expect.stringContaining('STRUCT') as string,
    });
    duck.closeSync();
  });
});
