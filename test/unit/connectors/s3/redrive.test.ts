import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SinkRecord } from '../../../../runtime/connector/sink.ts';
import { S3SinkTask } from '../../../../connectors/s3/task.ts';
import { realEnv } from '../../../../runtime/env/real.ts';
import { silentContext } from '../../../../runtime/connector/conformance/silent-context.ts';

let folder: string;
let task: S3SinkTask;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-redrive-'));
  task = new S3SinkTask({ 'store.url': `file://${folder}`, 'format.class': 'json', 'flush.size': '10' });
  await task.open({ env: realEnv, context: silentContext('archive'), signal: new AbortController().signal });
});

afterEach(async () => {
  await task.close();
  await rm(folder, { recursive: true, force: true });
});

function record(offset: bigint, value: string | null): SinkRecord {
  const bytes = value === null ? null : Buffer.from(value);
  return {
    topic: 't',
    partition: 0,
    offset,
    timestampMs: 1000,
    headers: [],
    rawKey: null,
    rawValue: bytes,
    tombstone: value === null,
    encoding: 'json',
    key: () => ({ schema: null, value: null }),
    value: () => ({ schema: null, value }),
  };
}

const signal = AbortSignal.timeout(10_000);

test('a dead letter becomes a file of its own at its offset, once however often it comes', async () => {
  for (const id of ['a', 'a', 'b']) {
    const { rejected } = await task.redrive([{ record: record(7n, '{"n":7}'), id }], signal);
    expect(rejected).toEqual([]);
  }
  const files = (await readdir(join(folder, 'topics/t/partition=0'))).filter((name) => !name.startsWith('.'));
  expect(files).toEqual(['t+0+0000000007.json']);
  expect(await readFile(join(folder, 'topics/t/partition=0/t+0+0000000007.json'), 'utf8')).toBe('{"n":7}\n');
});

test('one that the archive has in another form, or still cannot take, is rejected', async () => {
  await task.redrive([{ record: record(7n, '{"n":7}'), id: 'a' }], signal);
  const again = [
    { record: record(7n, '{"n":8}'), id: 'b' },
    { record: record(9n, null), id: 'c' },
  ];
  const { rejected } = await task.redrive(again, signal);
  expect(rejected.map(({ error }) => 'code' in error && error.code)).toEqual(['S3_OBJECT_CONFLICT', 'S3_NULL_VALUE']);
});
