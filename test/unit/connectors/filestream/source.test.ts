import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { fileStreamSource } from '../../../../connectors/filestream/connector.ts';
import { silentContext } from '../../../../runtime/connector/conformance/silent-context.ts';
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

  test('reads ISO-8859-1 where that is set, and revives lines that it rejected before', async () => {
    await writeFile(file, Buffer.from('a\xe4\n"\xff"\n', 'latin1'));
    const task = await source();
    const rejected = (await next(task)).rejected ?? [];
    expect(rejected.map(({ raw }) => Buffer.from(raw).toString('latin1'))).toEqual(['a\xe4', '"\xff"']);
    const [first] = rejected;
    if (first === undefined) throw new Error('none');
    await expect(task.revive?.(first)).rejects.toMatchObject({ code: 'FILESTREAM_LINE_NOT_UTF8', kind: 'data' });
    await task.close();
    const latin1 = await source([], { 'millrace.line.charset': 'ISO-8859-1' });
    const batch = await next(latin1);
    expect([linesOf(batch), batch.rejected]).toEqual([['aä', '"ÿ"'], undefined]);
    expect(await latin1.revive?.(first)).toMatchObject([{ topic: 't', key: null, value: { value: 'aä' } }]);
    await latin1.close();
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
