import { describe, expect, onTestFinished, test } from 'vitest';
import type { SourceTask } from '../../../../runtime/connector/source.ts';
import { realEnv as env } from '../../../../runtime/env/real.ts';
import type { HubProducer } from '../../../../runtime/hub/port.ts';
import { OffsetStore } from '../../../../runtime/store/offsets.ts';
import { OffsetCommits } from '../../../../runtime/task/source/offset-commits.ts';
import { OffsetLedger } from '../../../../runtime/task/source/offset-ledger.ts';
import { TaskReport } from '../../../../runtime/task/task-report.ts';
import { MemoryHub } from '../../store/memory-hub.ts';

/** A hub that answers an append when the test says so. */
class SlowHub extends MemoryHub {
  answer = Promise.withResolvers<void>();
  readonly asked = Promise.withResolvers<void>();

  override async producer(): Promise<HubProducer> {
    const producer = await super.producer();
    const append: HubProducer['append'] = async (...batch) => {
      this.asked.resolve();
      await this.answer.promise;
      return producer.append(...batch);
    };
    return { ...producer, append };
  }
}

const quiet = (): void => undefined;

async function bench() {
  const hub = new SlowHub();
  const store = await OffsetStore.open({ hub, env, topic: 'offsets', partitions: 1 });
  onTestFinished(() => store.close());
  const told: unknown[] = [];
  const failures: string[] = [];
  const task: SourceTask = {
    open: () => Promise.resolve(),
    read: () => Promise.resolve(null),
    committed: async (_, position) => void told.push(position.toOffset()['n']),
    close: () => Promise.resolve(),
  };
  const ledger = new OffsetLedger();
  const report = new TaskReport({
    connector: 'c',
    task: 0,
    clock: env.clock,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    changed: quiet,
  });
  const commits = new OffsetCommits({
    env,
    connector: 'c',
    task,
    ledger,
    report,
    store,
    failed: ({ message }) => failures.push(message),
  });
  const arrive = (n: number): void => {
    ledger.complete(ledger.add([{ partition: {}, position: { toOffset: () => ({ n }) } }]));
  };
  return { hub, commits, arrive, told, failures };
}

describe('offset commits', () => {
  test('tells the source nothing before its offset is durable', async () => {
    const { hub, commits, arrive, told } = await bench();
    arrive(1);
    commits.kick();
    await hub.asked.promise;
    await env.timers.yield();
    expect(told).toEqual([]);
    hub.answer.resolve();
    await commits.finish();
    expect(told).toEqual([1]);
  });

  test('tells the source nothing where its offset could not be stored', async () => {
    const { hub, commits, arrive, told, failures } = await bench();
    arrive(1);
    commits.kick();
    await hub.asked.promise;
    hub.answer.reject(new Error('no'));
    await env.timers.yield();
    expect(failures).toEqual(['no']);
    expect(told).toEqual([]);
  });

  test('stores one round after the other, the newest offset each', async () => {
    const { hub, commits, arrive, told } = await bench();
    arrive(1);
    commits.kick();
    await hub.asked.promise;
    arrive(2);
    arrive(3);
    commits.kick();
    expect(hub.appends).toBe(0);
    hub.answer.resolve();
    await commits.finish();
    expect(told).toEqual([1, 3]);
    expect(hub.appends).toBe(2);
  });
});
