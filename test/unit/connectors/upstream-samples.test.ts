import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileStreamSink, fileStreamSource } from '../../../connectors/filestream/connector.ts';
import { generatorSource } from '../../../connectors/generator/connector.ts';
import { verifiableSource } from '../../../connectors/verifiable/connector.ts';
import type { ConnectorCall } from '../../../runtime/connector/connector.ts';
import type { RawConfig } from '../../../runtime/connector/options.ts';
import type { RewindTarget } from '../../../runtime/connector/rewind.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { sinkRecord, taskStart } from './s3/sink-records.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-samples-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function call(config: RawConfig): ConnectorCall {
  const { context, signal } = taskStart();
  return { name: 'sampled', config, env: realEnv, log: context.log, signal };
}

const to = (offset: number): RewindTarget => ({ kind: 'offset', offset: BigInt(offset) });

describe('samples', () => {
  it('of a generator are the records it begins with, no more than it has', async () => {
    const config = { topic: 'numbers', records: '3', 'value.shape': 'text' };
    const records = await generatorSource.sample?.(call(config), 10);
    expect(records?.map(({ topic }) => topic)).toEqual(['numbers', 'numbers', 'numbers']);
    expect(new Set(records?.map(({ value }) => value?.value)).size).toBe(3);
    expect(await generatorSource.sample?.(call(config), 2)).toEqual(records?.slice(0, 2));
  });

  it('of a verifiable source are its first numbers', async () => {
    const records = await verifiableSource.sample?.(call({ topic: 'numbers', throughput: '1' }), 3);
    expect(records?.map(({ value }) => value?.value)).toEqual([0n, 1n, 2n]);
  });

  it('of a file are its first whole lines; of one that is not there none', async () => {
    const file = join(folder, 'sample.txt');
    await writeFile(file, 'one\r\ntwo\nhal');
    const config = { topic: 'lines', file };
    const records = await fileStreamSource.sample?.(call(config), 10);
    expect(records?.map(({ value }) => value?.value)).toEqual(['one', 'two']);
    expect(await fileStreamSource.sample?.(call({ ...config, file: `${file}.not` }), 10)).toEqual([]);
  });
});

describe('going back', () => {
  it('in a file counts lines as they are read, whatever ends them', async () => {
    const file = join(folder, 'ends.txt');
    await writeFile(file, 'a\r\nb\rc\n\nd\n');
    const stored = [{ partition: { filename: file }, offset: { position: 11, inode: '7' } }];
    const config = { topic: 'lines', file };
    const back = await fileStreamSource.rewind?.(call(config), stored, to(0));
    expect(back).toEqual([
      {
        partition: { filename: file },
        from: { position: 11, inode: '7' },
        to: { position: 0, inode: '7' },
        records: 5,
        bytes: 11,
      },
    ]);
    expect((await fileStreamSource.rewind?.(call(config), stored, to(5)))?.[0]?.records).toBe(3);
    expect(await fileStreamSource.rewind?.(call(config), stored, to(11))).toEqual([]);
    await expect(fileStreamSource.rewind?.(call(config), stored, to(6))).rejects.toMatchObject({
      code: 'FILESTREAM_REWIND_MID_LINE',
      remedy: 'Give the byte its line begins at: 5.',
    });
  });

  it('of numbers takes every sequence that is further', async () => {
    const of = (record: number) => ({ partition: { topic: 't', seed: 0, task: record }, offset: { record } });
    const back = await generatorSource.rewind?.(call({}), [of(3), of(9)], to(5));
    expect(back).toMatchObject([{ from: { record: 9 }, to: { record: 5 }, records: 4 }]);
    const ids = [{ partition: { id: 0 }, offset: { seqno: 9 } }];
    expect(await verifiableSource.rewind?.(call({}), ids, to(4))).toMatchObject([{ to: { seqno: 3 }, records: 6 }]);
    expect(await verifiableSource.rewind?.(call({}), ids, to(0))).toMatchObject([{ to: null, records: 10 }]);
    await expect(generatorSource.rewind?.(call({}), [], { kind: 'time', timeMs: 1 })).rejects.toMatchObject({
      code: 'GENERATOR_REWIND_TARGET',
    });
  });
});

it('the preview of a file has its lines', async () => {
  const records = [sinkRecord({ offset: 0, json: '{"a":1}' }), sinkRecord({ offset: 1, json: null })];
  const preview = await fileStreamSink.preview?.(call({ file: '/some/where', topics: 'a' }), records);
  expect(preview).toEqual({ outputs: [{ name: '/some/where', records: 2, complete: true }], rejected: [] });
});
