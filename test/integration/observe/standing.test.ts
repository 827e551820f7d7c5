import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { realEnv } from '../../../runtime/env/real.ts';
import { BatchBuilder } from '../../../runtime/hub/batch/batch-builder.ts';
import type { Hub, HubProducer } from '../../../runtime/hub/port.ts';
import { LocalTaskHost, type LocalTask } from '../../../runtime/task/local-host.ts';
import { memorySink, MemoryTarget } from '../task/memory-sink.ts';
import { MemoryUpstream, memorySource } from '../task/memory-source.ts';
import { TaskBench } from '../task/task-bench.ts';
import { until } from '../../until.ts';

let bench: TaskBench;

beforeEach(async () => {
  bench = await TaskBench.open();
});

afterEach(() => bench.close());

const quiet = (): void => undefined;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const at = (task: LocalTask): string | undefined => task.view().profile?.at;

/** A hub of which the appends to ordinary topics are never answered once `hangs()`. */
function hangingHub(hub: Hub, hangs: () => boolean): Hub {
  const producer = async (...of: Parameters<Hub['producer']>): Promise<HubProducer> => {
    const real = await hub.producer(...of);
    return new Proxy(real, {
      get: (_target, name) => {
        if (name === 'append' && hangs()) return () => new Promise(() => undefined);
        const value: unknown = Reflect.get(real, name, real);
        return typeof value === 'function' ? (value.bind(real) as unknown) : value;
      },
    });
  };
  return {
    id: hub.id,
    admin: hub.admin,
    groups: hub.groups,
    producer,
    reader: (options) => hub.reader(options),
    close: () => hub.close(),
  };
}

describe('where a task stands', () => {
  test.each([{ topics: 'nosuch' }, { 'topics.regex': 'later.*' }])(
    'a sink without partitions (%o) is idle with that proof, until there are some',
    async (topics) => {
      const target = new MemoryTarget();
      const { task } = bench.start(memorySink(target), { name: 'sink', ...topics });
      await until(() => task.view().profile?.idle === 'no partitions yet');
      const { progressMs } = task.view();
      await until(() => task.view().progressMs > progressMs);
      const topic = topics.topics ?? 'later.orders';
      const producer = await bench.hub.producer({ acks: 'all', createTopics: () => ({ partitions: 1 }) });
      await producer.partitions(topic);
      const builder = new BatchBuilder();
      builder.add(1, null, Buffer.from('{"n":1}'));
      await producer.append(topic, 0, builder.finish());
      await producer.close();
      await until(() => target.written.length === 1);
      expect(task.view().profile?.idle).not.toBe('no partitions yet');
    },
  );

  test('a sink that asks again and again to be offered its records later stands at retrying, without progress', async () => {
    const upstream = new MemoryUpstream();
    upstream.produce(10);
    bench.start(memorySource(upstream), { name: 'feed' });
    const target = new MemoryTarget();
    target.beforeWrite = () => ({ durable: new Map(), retryAfterMs: 20 });
    const { task } = bench.start(memorySink(target), {
      name: 'sink',
      topics: 'memory',
      'offset.flush.interval.ms': '50',
    });
    await until(() => (task.view().gauges['write_retries_total'] ?? 0) > 2);
    const { progressMs } = task.view();
    await until(() => (task.view().gauges['write_retries_total'] ?? 0) > 20);
    expect(task.view()).toMatchObject({ progressMs, state: 'RUNNING', profile: { idle: null } });
    expect(task.view().profile?.shares['retrying']).toBeGreaterThan(0.8);
  });

  test('a source whose append hangs stands at producing, without progress, though it reads on and says that it is idle', async () => {
    let hangs = false;
    const upstream = new MemoryUpstream();
    const connector = memorySource(upstream);
    const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
    const host = new LocalTaskHost({
      env: realEnv,
      hub: hangingHub(bench.hub, () => hangs),
      connector: () => Promise.resolve(connector),
      log: () => log,
    });
    onTestFinished(() => host.close());
    const spec = { connector: 'c', task: 0, epoch: 1, className: connector.className, worker: {}, paused: false };
    const task = host.start({ ...spec, config: { 'offset.flush.interval.ms': '20' } }, quiet);
    upstream.produce(10);
    await until(() => task.view().gauges['offset_commits_total'] === 1);
    hangs = true;
    upstream.produce(10);
    await until(() => task.view().records === 20);
    const { progressMs } = task.view();
    await until(() => at(task) === 'producing');
    expect(task.view()).toMatchObject({ progressMs, profile: { at: 'producing', figures: { active_records: 10 } } });
    const queues = task.view().profile?.queues ?? {};
    expect((queues['appending'] ?? 0) + (queues['unsent'] ?? 0)).toBeGreaterThan(0);
    await task.stop(200);
  });

  test('its stages add up to its time, and its queues are empty when all is delivered', async () => {
    const upstream = new MemoryUpstream();
    upstream.produce(1000);
    const source = bench.start(memorySource(upstream), { name: 'feed' });
    const target = new MemoryTarget();
    const sink = bench.start(memorySink(target), { name: 'sink', topics: 'memory', 'offset.flush.interval.ms': '50' });
    const startedMs = performance.now();
    await until(() => target.written.length === 1000);
    await until(() => sink.task.view().profile?.idle !== null && at(sink.task) === 'waiting');
    await sleep(300);
    for (const { task } of [source, sink]) {
      const { stageMs = {}, queues = {}, shares = {} } = task.view().profile ?? {};
      const wholeMs = Object.values(stageMs).reduce((sum, ms) => sum + ms, 0);
      expect(Math.abs(wholeMs - (performance.now() - startedMs))).toBeLessThan(500);
      expect(Object.values(queues).every((bytes) => bytes === 0)).toBe(true);
      expect(Object.values(shares).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 1);
    }
    expect(source.task.view().profile?.figures).toMatchObject({ records_in_total: 1000, active_records: 0 });
    expect(sink.task.view().profile?.figures).toMatchObject({ records_in_total: 1000, active_records: 0 });
    expect(sink.task.view().gauges).toMatchObject({ lag_records: 0, lag_bytes: 0, lag_ms: 0 });
  });
});

describe('a quota', () => {
  test('of records holds a source to its rate, and shows it as throttled', async () => {
    const upstream = new MemoryUpstream();
    upstream.produce(2000);
    const { task } = bench.start(memorySource(upstream), { 'millrace.quota.records.per.second': '200' });
    await until(() => task.view().records >= 200);
    const [before, fromMs] = [task.view().records, performance.now()];
    await sleep(2000);
    const rate = ((task.view().records - before) / (performance.now() - fromMs)) * 1000;
    expect(rate).toBeGreaterThan(120);
    expect(rate).toBeLessThan(240);
    expect(task.view().profile?.shares['throttled']).toBeGreaterThan(0.5);
  });

  test('of bytes holds a sink to its rate, which flushes and stops in time all the same', async () => {
    const upstream = new MemoryUpstream();
    upstream.produce(3000);
    bench.start(memorySource(upstream), { name: 'feed' });
    const target = new MemoryTarget();
    const { task } = bench.start(memorySink(target), {
      name: 'sink',
      topics: 'memory',
      'millrace.quota.bytes.per.second': '5000',
      'offset.flush.interval.ms': '100',
      'consumer.override.max.poll.records': '10',
    });
    await until(() => task.view().bytes >= 5000);
    const [before, fromMs] = [task.view().bytes, performance.now()];
    await sleep(2000);
    const rate = ((task.view().bytes - before) / (performance.now() - fromMs)) * 1000;
    expect(rate).toBeGreaterThan(3000);
    expect(rate).toBeLessThan(6000);
    expect(target.flushes).toBeGreaterThan(10);
    const stopMs = performance.now();
    expect(await task.stop(2000)).toBe('stopped');
    expect(performance.now() - stopMs).toBeLessThan(1000);
  });
});

describe('tasks on one thread', () => {
  test('have their turn though a neighbour always has work', async () => {
    const greedy = new MemoryUpstream();
    greedy.batchRows = 500;
    greedy.produce(2_000_000);
    const { task: hog } = bench.start({ ...memorySource(greedy), className: 'Greedy' }, { name: 'greedy' });
    await until(() => hog.view().records > 2000);
    const modest = new MemoryUpstream();
    const { task } = bench.start(memorySource(modest), { name: 'modest', 'offset.flush.interval.ms': '20' });
    await until(() => task.view().state === 'RUNNING');
    const waits: number[] = [];
    for (let round = 0; round < 20; round++) {
      const [records, fromMs] = [task.view().records, performance.now()];
      modest.produce(1);
      await until(() => task.view().records > records);
      waits.push(performance.now() - fromMs);
    }
    expect(waits.toSorted((a, b) => a - b)[10]).toBeLessThan(100);
    expect(hog.view().state).toBe('RUNNING');
  });
});
