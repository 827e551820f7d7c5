import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { blackholeSink } from '../../../connectors/blackhole/connector.ts';
import { fileStreamSink, fileStreamSource } from '../../../connectors/filestream/connector.ts';
import { generatorSource } from '../../../connectors/generator/connector.ts';
import { verifiableSink, verifiableSource } from '../../../connectors/verifiable/connector.ts';
import { sinkConformance } from '../../../runtime/connector/conformance/sink-conformance.ts';
import type { SinkDriver } from '../../../runtime/connector/conformance/sink-driver.ts';
import { sourceConformance } from '../../../runtime/connector/conformance/source-conformance.ts';
import type { SeenRecord, SourceDriver } from '../../../runtime/connector/conformance/source-driver.ts';
import type { RawConfig } from '../../../runtime/connector/options.ts';
import type { SinkConnector, SourceConnector } from '../../../runtime/connector/connector.ts';
import type { Env } from '../../../runtime/env/env.ts';
import { realEnv } from '../../../runtime/env/real.ts';

const folder = (): Promise<string> => mkdtemp(join(tmpdir(), 'millrace-devkit-'));
/** Time passes by waiting only: a source at a pace makes five records a read, which divides all the suite asks for. */
function steppedEnv(): Env {
  let nowMs = 0;
  const sleep: Env['timers']['sleep'] = async (ms, signal) => {
    await realEnv.timers.sleep(Math.min(ms, 10_000), signal);
    if (ms < 100) nowMs += ms;
  };
  return { ...realEnv, timers: { ...realEnv.timers, sleep }, clock: { ...realEnv.clock, monotonicMs: () => nowMs } };
}

/** A source whose records come by themselves: the n-th produced is the n-th there is. */
function endless(
  connector: SourceConnector,
  config: RawConfig,
  nameOf: (record: SeenRecord) => string | null,
): SourceDriver {
  return {
    connector,
    env: steppedEnv(),
    setUp: () => {
      let produced = 0;
      const produce = (count: number): Promise<readonly string[]> => {
        produced += count;
        return Promise.resolve(Array.from({ length: count }, (_, i) => String(produced - count + i)));
      };
      return Promise.resolve({ config, produce, nameOf, tearDown: () => Promise.resolve() });
    },
  };
}

function numberIn({ value }: SeenRecord): string | null {
  const inner = value?.value;
  if (typeof inner === 'bigint') return String(inner);
  return typeof inner === 'object' && inner !== null && 'sequence' in inner ? String(inner.sequence) : null;
}

const fileSource: SourceDriver = {
  connector: fileStreamSource,
  env: realEnv,
  async setUp() {
    const root = await folder();
    const file = join(root, 'in.txt');
    let lines = 0;
    return {
      config: { file, topic: 'lines', 'batch.size': '4' },
      produce: async (count) => {
        const names = Array.from({ length: count }, () => `line ${lines++}`);
        await appendFile(file, names.map((name) => `${name}\n`).join(''));
        return names;
      },
      nameOf: ({ value }) => (typeof value?.value === 'string' ? value.value : null),
      tearDown: () => rm(root, { recursive: true }),
    };
  },
};

function fileSink(more: RawConfig): SinkDriver {
  return {
    connector: fileStreamSink,
    env: realEnv,
    async setUp() {
      const root = await folder();
      const file = join(root, 'out.txt');
      return {
        config: { file, ...more },
        topic: 'numbers',
        value: (n) => ({ datum: { schema: null, value: n }, raw: Buffer.from(String(n)) }),
        contents: async () =>
          (await readFile(file, 'utf8'))
            .split('\n')
            .filter((line) => line !== '')
            .map(Number),
        tearDown: () => rm(root, { recursive: true }),
      };
    },
  };
}

/** A sink that only counts: whatever it was offered has arrived. */
function counting(connector: SinkConnector, config: RawConfig): SinkDriver {
  return {
    connector,
    env: realEnv,
    setUp: () => {
      const offered: number[] = [];
      return Promise.resolve({
        config,
        topic: 'numbers',
        value: (n) => {
          offered.push(n);
          return { datum: { schema: null, value: n }, raw: Buffer.from(String(n)) };
        },
        contents: () => Promise.resolve(offered),
        tearDown: () => Promise.resolve(),
      });
    },
  };
}

describe.each([
  // Batches of five: the suite asks for multiples of it.
  ['generator', endless(generatorSource, { topic: 't', throughput: '1000' }, numberIn)],
  [
    'generator, without keys',
    endless(generatorSource, { topic: 't', 'key.shape': 'none', throughput: '-1', 'batch.records': '5' }, numberIn),
  ],
  ['filestream-source', fileSource],
])('%s keeps the contract of sources', (_name, driver) => {
  for (const { name, run } of sourceConformance(driver)) test(name, run);
});

describe('verifiable-source keeps the contract of sources', () => {
  const driver = endless(verifiableSource, { topic: 't', throughput: '1000' }, numberIn);
  for (const { name, run } of sourceConformance(driver)) test(name, run);
});

describe.each([
  ['filestream-sink', fileSink({})],
  ['filestream-sink, exactly once', fileSink({ 'millrace.file.exactly.once': 'true' })],
  ['blackhole', counting(blackholeSink, {})],
  ['blackhole that decodes', counting(blackholeSink, { decode: 'true' })],
  ['verifiable-sink', counting(verifiableSink, {})],
])('%s keeps the contract of sinks', (_name, driver) => {
  for (const { name, run } of sinkConformance(driver)) test(name, run);
});
