import { describe, expect, test } from 'vitest';
import type { SinkConnector, SourceConnector } from '../../../runtime/connector/connector.ts';
import { sinkConformance } from '../../../runtime/connector/conformance/sink-conformance.ts';
import type { SinkDriver } from '../../../runtime/connector/conformance/sink-driver.ts';
import { sourceConformance } from '../../../runtime/connector/conformance/source-conformance.ts';
import type { SourceDriver } from '../../../runtime/connector/conformance/source-driver.ts';
import type { SinkTask } from '../../../runtime/connector/sink.ts';
import type { SourceTask } from '../../../runtime/connector/source.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { memorySink, MemoryTarget } from '../../integration/task/memory-sink.ts';
import { idOf, memorySource, MemoryUpstream } from '../../integration/task/memory-source.ts';

/** The memory source; `spoil` makes a worse task of it. */
function sourceDriver(spoil: (task: SourceTask) => SourceTask = (task) => task): SourceDriver {
  let upstream = new MemoryUpstream();
  const connector: SourceConnector = {
    ...memorySource(upstream),
    createTask: (config) => spoil(memorySource(upstream).createTask(config)),
  };
  return {
    connector,
    env: realEnv,
    stepMs: 300,
    setUp: () => {
      upstream = new MemoryUpstream();
      upstream.batchRows = 4;
      return Promise.resolve({
        config: {},
        produce: (count) => Promise.resolve(upstream.produce(count)),
        nameOf: ({ key }) => idOf(key),
        tearDown: () => Promise.resolve(),
      });
    },
  };
}

function sinkDriver(spoil: (task: SinkTask) => SinkTask = (task) => task): SinkDriver {
  let target = new MemoryTarget();
  const connector: SinkConnector = {
    ...memorySink(target),
    createTask: (config) => spoil(memorySink(target).createTask(config)),
  };
  return {
    connector,
    env: realEnv,
    stepMs: 300,
    setUp: () => {
      target = new MemoryTarget();
      return Promise.resolve({
        config: {},
        topic: 'memory',
        value: (n) => ({ datum: { schema: null, value: n }, raw: Buffer.from(String(n)) }),
        contents: () => Promise.resolve(target.written.map(({ value }) => Number(value))),
        tearDown: () => Promise.resolve(),
      });
    },
  };
}

describe('a source that keeps the contract', () => {
  test.each(sourceConformance(sourceDriver()).map(({ name, run }) => [name, run] as const))('%s', (_name, run) =>
    run(),
  );
});

describe('a sink that keeps the contract', () => {
  test.each(sinkConformance(sinkDriver()).map(({ name, run }) => [name, run] as const))('%s', (_name, run) => run());
});

async function broken(
  cases: readonly { readonly name: string; readonly run: () => Promise<void> }[],
): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, run } of cases) {
    await run().catch(() => failed.push(name));
  }
  return failed;
}

/** A task with some of its methods replaced. */
function changed<T extends object>(task: T, methods: Partial<T>): T {
  return new Proxy(task, {
    get: (target, name) => {
      const value = (methods as Record<PropertyKey, unknown>)[name] ?? (target as Record<PropertyKey, unknown>)[name];
      return typeof value === 'function' ? (value as (...args: never) => unknown).bind(target) : value;
    },
  });
}

describe('the suite finds what breaks the contract', () => {
  test('a source that ignores the stored offset', async () => {
    const driver = sourceDriver((task) => changed(task, { open: (start) => task.open({ ...start, offsets: [] }) }));
    expect(await broken(sourceConformance(driver))).toContain('resumes after the stored offset: nothing is missing');
  });

  test('a source that skips a record after a restart', async () => {
    const driver = sourceDriver((task) =>
      changed(task, {
        open: (start) => {
          const offsets = start.offsets.map(({ partition, offset }) => ({
            partition,
            offset: { index: Number(offset['index']) + 1 },
          }));
          return task.open({ ...start, offsets });
        },
      }),
    );
    expect(await broken(sourceConformance(driver))).toContain(
      'after a commit and a restart goes on where the stored offset says',
    );
  });

  test('a source whose read does not hear its signal, and one whose close hangs', async () => {
    const deaf = sourceDriver((task) => changed(task, { read: () => task.read(new AbortController().signal) }));
    expect(await broken(sourceConformance(deaf))).toContain('an aborted read ends with the reason of its signal');
    const hung = sourceDriver((task) => changed(task, { close: () => new Promise(() => undefined) }));
    expect(await broken(sourceConformance(hung))).toContain('closes before it was opened, and twice');
  }, 30_000);

  test('a sink that calls durable what it has not written, or more than it was given', async () => {
    const early = sinkDriver((task) =>
      changed(task, {
        write: (batch) => Promise.resolve({ durable: new Map([['memory-0', (batch.at(-1)?.offset ?? 0n) + 1n]]) }),
      }),
    );
    expect(await broken(sinkConformance(early))).toContain('what it calls durable is in the target');
    const ahead = sinkDriver((task) =>
      changed(task, { write: () => Promise.resolve({ durable: new Map([['memory-0', 10_000n]]) }) }),
    );
    expect(await broken(sinkConformance(ahead))).toContain('what it calls durable is in the target');
  });

  test('a sink that throws at close', async () => {
    const driver = sinkDriver((task) => changed(task, { close: () => Promise.reject(new Error('no')) }));
    expect(await broken(sinkConformance(driver))).toContain('closes before it was opened, and twice');
  });
});
