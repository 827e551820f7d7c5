import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { s3Sink } from '../../../../connectors/s3/connector.ts';
import { realEnv } from '../../../../runtime/env/real.ts';
import type { SinkRecord } from '../../../../runtime/connector/sink.ts';
import { sinkRecord, taskStart } from './sink-records.ts';

const HOUR_MS = 3_600_000;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-s3-rewind-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

function config(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const base = { 'store.url': `file://${folder}`, 's3.bucket.name': 'archive', topics: 'orders', 'flush.size': '4' };
  return { ...base, ...more };
}

/** Record `n` belongs to hour `n % 2`. */
const record = (n: number): SinkRecord =>
  sinkRecord({ offset: n, json: `{"n":${n}}`, timestampMs: 1_700_000_000_000 + (n % 2) * HOUR_MS });
const records = (from: number, to: number): SinkRecord[] =>
  Array.from({ length: to - from }, (_, index) => record(from + index));

async function archive(of: Record<string, string>, from: number, to: number): Promise<void> {
  const task = s3Sink.createTask(of);
  const start = taskStart(realEnv, 'archive');
  await task.open(start);
  await task.assign([{ partition: { topic: 'orders', partition: 0 }, offset: BigInt(from) }]);
  await task.write(records(from, to), start.signal);
  await task.close();
}

function call(of: Record<string, string>) {
  const { context, signal } = taskStart();
  return { name: 'archive', config: of, env: realEnv, log: context.log, signal };
}

async function start(of: Record<string, string>, offset: number): Promise<bigint | undefined> {
  const places = await s3Sink.rewindFrom?.(call(of), [{ topic: 'orders', partition: 0, offset: BigInt(offset) }]);
  return places?.[0]?.offset;
}

async function starts(of: Record<string, string>, to: number): Promise<string> {
  const found = await Promise.all(Array.from({ length: to }, (_, offset) => start(of, offset)));
  return found.join(' ');
}

const HOURLY = {
  'partitioner.class': 'HourlyPartitioner',
  'timestamp.extractor': 'Record',
  locale: 'en-US',
  timezone: 'UTC',
};

describe('where an archive is read again from', () => {
  it('is the start of the file that holds the place', async () => {
    await archive(config(), 0, 10);
    // What lies behind the last whole file is in none.
    expect(await starts(config(), 10)).toBe('0 0 0 0 4 4 4 4 8 9');
  });

  it('is the first record of all files that were closed together', async () => {
    const hourly = config(HOURLY);
    await archive(hourly, 0, 8);
    expect(await starts(hourly, 8)).toBe('0 0 0 0 4 4 4 4');
  });

  it('is not the file of a dead letter that was archived later', async () => {
    const failing = config({ 'behavior.on.null.values': 'fail' });
    const task = s3Sink.createTask(failing);
    const opened = taskStart(realEnv, 'archive');
    await task.open(opened);
    await task.assign([{ partition: { topic: 'orders', partition: 0 }, offset: 0n }]);
    const rejected = [2, 3].map((offset) => sinkRecord({ offset, json: null }));
    await task.write([record(0), record(1), ...rejected, ...records(4, 12)], opened.signal);
    await task.redrive?.(
      [2, 3].map((n) => ({ record: record(n), id: String(n) })),
      opened.signal,
    );
    await task.close();
    expect(await starts(failing, 9)).toBe('0 0 0 0 0 0 6 6 6');
  });

  it('is found with delimiters of its own, and beside other partitions’ files', async () => {
    const own = config({ 'file.delim': '-', 'topics.dir': 'deep/er' });
    await archive(own, 0, 8);
    expect(await starts(own, 8)).toBe('0 0 0 0 4 4 4 4');
    const other = await s3Sink.rewindFrom?.(call(own), [{ topic: 'orders', partition: 1, offset: 2n }]);
    expect(other?.[0]?.offset).toBe(2n);
  });

  it('is the place itself where nothing is archived', async () => {
    expect(await start(config(), 5)).toBe(5n);
  });
});

describe('the preview of an archive', () => {
  it('names the objects that the archive then makes, and what would wait', async () => {
    const hourly = config(HOURLY);
    const preview = await s3Sink.preview?.(call(hourly), records(0, 6));
    expect(preview?.outputs.map(({ records: count, complete }) => [count, complete])).toEqual([
      [2, true],
      [2, true],
      [1, false],
      [1, false],
    ]);
    await archive(hourly, 0, 6);
    const whole = preview?.outputs.filter(({ complete }) => complete).map(({ name }) => name) ?? [];
    for (const name of whole) expect((await realEnv.files.stat(join(folder, 'archive', name))).isFile()).toBe(true);
  });

  it('rejects what the archive would, by record', async () => {
    const tombstone = sinkRecord({ offset: 1, json: null });
    const failing = config({ 'behavior.on.null.values': 'fail' });
    const preview = await s3Sink.preview?.(call(failing), [record(0), tombstone, record(2)]);
    expect(preview?.rejected.map((one) => one.record.offset)).toEqual([1n]);
  });
});
