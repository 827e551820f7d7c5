import { appendFile, mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { fileStreamSink, fileStreamSource } from '../../../../connectors/filestream/connector.ts';
import { silentContext } from '../../../../runtime/connector/conformance/silent-context.ts';
import type { SinkRecord, SinkTask } from '../../../../runtime/connector/sink.ts';
import type { SourceBatch, SourceOffset, SourceTask } from '../../../../runtime/connector/source.ts';
import { realEnv } from '../../../../runtime/env/real.ts';
import { RowBlock } from '../../../../runtime/record/row-block.ts';

let root: string;
let file: string;
const { signal } = new AbortController();
const context = silentContext('file');

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-files-'));
  file = join(root, 'lines.txt');
  return () => rm(root, { recursive: true });
});

async function source(offsets: readonly SourceOffset[] = [], more = {}): Promise<SourceTask> {
  const task = fileStreamSource.createTask({ file, topic: 't', ...more });
  await task.open({ offsets, env: realEnv, context, signal });
  return task;
}

function linesOf({ records }: SourceBatch): string[] {
  if (!(records instanceof RowBlock)) throw new Error('no rows');
  return Array.from({ length: records.count }, (_, row) => {
    const { value } = records.layout(row);
    return String(value === null ? null : records.value(row, value));
  });
}

async function next(task: SourceTask): Promise<SourceBatch> {
  const batch = await task.read(signal);
  if (batch === null) throw new Error('ended');
  return batch;
}

function stored(batch: SourceBatch): SourceOffset[] {
  return (batch.progress ?? []).map(({ partition, position }) => ({ partition, offset: position.toOffset() }));
}

describe('filestream-source', () => {
  test('waits for its file, reads lines as they end, and resumes at the byte', async () => {
    const task = await source();
    const reading = task.read(signal);
    await appendFile(file, 'one\ntw');
    const first = await reading;
    if (first === null) throw new Error('ended');
    expect(linesOf(first)).toEqual(['one']);
    await appendFile(file, 'o\n');
    const second = await next(task);
    expect(linesOf(second)).toEqual(['two']);
    expect(stored(second)).toMatchObject([{ partition: { filename: file }, offset: { position: 8 } }]);
    await task.close();
    await appendFile(file, 'three\n');
    const again = await source(stored(second));
    expect(linesOf(await next(again))).toEqual(['three']);
    await again.close();
  });

  test('takes an offset of Kafka Connect, which does not say which file it was', async () => {
    await writeFile(file, 'one\ntwo\n');
    const task = await source([{ partition: { filename: file }, offset: { position: 4 } }]);
    expect(linesOf(await next(task))).toEqual(['two']);
    await task.close();
  });

  test('stops where the file was cut, replaced or removed', async () => {
    await writeFile(file, 'one\ntwo\n');
    const task = await source();
    const offsets = stored(await next(task));
    await truncate(file, 2);
    await expect(task.read(signal)).rejects.toMatchObject({ code: 'FILESTREAM_FILE_CHANGED', kind: 'position' });
    await task.close();
    await expect(source(offsets)).rejects.toThrow('has 2 bytes; 8 of them were read');
    await writeFile(join(root, 'other'), 'quite another file\n');
    await rename(join(root, 'other'), file);
    await expect(source(offsets)).rejects.toThrow('is another file than the one that was read');
    await rm(file);
    await expect(source(offsets)).rejects.toThrow('is gone');
  });

  test('reads on to the end of a file that is replaced, then stops', async () => {
    await writeFile(file, 'one\n');
    const task = await source();
    await next(task);
    await appendFile(file, 'two\n');
    await rename(file, `${file}.1`);
    await writeFile(file, 'three\n');
    expect(linesOf(await next(task))).toEqual(['two']);
    await expect(task.read(signal)).rejects.toThrow('was replaced by another file');
    await task.close();
  });

  test('rejects a line that is not UTF-8 with its place, and stops at one that is too long', async () => {
    await writeFile(file, Buffer.from([0xff, 10, 0x61, 10]));
    const task = await source([], { 'millrace.line.max.bytes': '50' });
    const { rejected } = await next(task);
    expect(rejected).toMatchObject([{ source: { offset: { position: 0 } } }]);
    await appendFile(file, 'x'.repeat(51));
    await expect(task.read(signal)).rejects.toMatchObject({ code: 'FILESTREAM_LINE_TOO_LONG' });
    await task.close();
  });
});

const PARTITION = { topic: 't', partition: 0 };
const once = { 'millrace.file.exactly.once': 'true' };

function record(n: number, text = `line ${n}`): SinkRecord {
  return {
    ...PARTITION,
    offset: BigInt(n),
    timestampMs: 1000 + n,
    headers: [],
    rawKey: null,
    rawValue: Buffer.from(text),
    tombstone: false,
    encoding: 'string',
    key: () => ({ schema: null, value: null }),
    value: () => ({ schema: null, value: text }),
  };
}

async function sink(offset: number, more: Record<string, string> = once): Promise<SinkTask> {
  const task = fileStreamSink.createTask({ file, ...more });
  await task.open({ env: realEnv, context, signal });
  await task.assign([{ partition: PARTITION, offset: BigInt(offset) }]);
  return task;
}

const written = async (): Promise<string[]> => (await readFile(file, 'utf8')).split('\n').slice(0, -1);
const records = (from: number, to: number): SinkRecord[] =>
  Array.from({ length: to - from }, (_, i) => record(from + i));

describe('filestream-sink', () => {
  test('appends to what is there, as Kafka Connect’s does', async () => {
    await writeFile(file, 'before\n');
    const task = await sink(0, {});
    await task.write(records(0, 2), signal);
    expect((await task.flush?.(signal))?.durable).toEqual(new Map([['t-0', 2n]]));
    await task.close();
    expect(await written()).toEqual(['before', 'line 0', 'line 1']);
  });

  test('exactly once: cuts off what no flush made durable, and skips what it holds', async () => {
    const first = await sink(0);
    await first.write(records(0, 5), signal);
    await first.flush?.(signal);
    await first.write(records(5, 8), signal);
    await first.close();
    // The hub knows offset 2 only; 5 are durable; 8 were written.
    const second = await sink(2);
    expect(await written()).toHaveLength(5);
    await second.write(records(2, 4), signal);
    expect((await second.flush?.(signal))?.durable.size).toBe(0);
    await second.write(records(4, 9), signal);
    expect((await second.flush?.(signal))?.durable).toEqual(new Map([['t-0', 9n]]));
    await second.close();
    expect(await written()).toEqual(records(0, 9).map((_, n) => `line ${n}`));
  });

  test('exactly once: offsets of a topic that was made anew are not taken for records it holds', async () => {
    const first = await sink(0);
    await first.write(records(0, 3), signal);
    await first.flush?.(signal);
    await first.close();
    const second = await sink(0);
    await second.write([record(0, 'new 0'), record(1, 'new 1')], signal);
    expect((await second.flush?.(signal))?.durable.size).toBe(0);
    await expect(second.write([record(2, 'new 2')], signal)).rejects.toMatchObject({
      code: 'FILESTREAM_TOPIC_CHANGED',
    });
    await second.close();
  });

  test('exactly once: refuses a file that is shorter than what it had written', async () => {
    const first = await sink(0);
    await first.write(records(0, 3), signal);
    await first.flush?.(signal);
    await first.close();
    await truncate(file, 4);
    await expect(sink(0)).rejects.toMatchObject({ code: 'FILESTREAM_FILE_CHANGED' });
  });
});
