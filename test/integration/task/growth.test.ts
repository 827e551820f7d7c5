import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BatchBuilder } from '../../../runtime/hub/batch/batch-builder.ts';
import { until } from '../../until.ts';
import { memorySink, MemoryTarget } from './memory-sink.ts';
import { MemoryUpstream, memorySource } from './memory-source.ts';
import { TaskBench } from './task-bench.ts';

let bench: TaskBench;

beforeEach(async () => {
  bench = await TaskBench.open();
});

afterEach(async () => {
  await bench.close();
});

describe('a source whose topic gets more partitions', () => {
  test.each(['at-least-once', 'exactly-once'])(
    'places keys by the new number, and loses nothing (%s)',
    async (delivery) => {
      const upstream = new MemoryUpstream();
      upstream.batchRows = 5;
      const config = {
        name: 'memory',
        'key.converter': 'json',
        'key.converter.schemas.enable': 'false',
        'value.converter': 'json',
        'value.converter.schemas.enable': 'false',
        'millrace.delivery': delivery,
        'millrace.restart.backoff.ms': '10',
        'topic.creation.default.partitions': '2',
      };
      upstream.produce(500);
      const { task } = bench.start(memorySource(upstream), config);
      await until(() => (upstream.committed.at(-1) ?? 0) >= 100);
      await bench.hub.admin.createPartitions('memory', 7);
      upstream.produce(500);
      await until(() => upstream.committed.at(-1) === 1000);
      await task.stop(5000);
      const grown = (await bench.hub.admin.describe('memory'))?.growths?.[0]?.offset ?? 0n;
      const records = await bench.records('memory');
      const ids = records.map(({ value }) => (JSON.parse(value ?? '') as { id: number }).id);
      expect(new Set(ids).size).toBe(1000);
      if (delivery === 'exactly-once') expect(ids).toHaveLength(1000);
      const late = records.filter(({ offset }) => offset >= grown);
      expect(late.length).toBeGreaterThanOrEqual(500);
      expect(records.filter(({ offset }) => offset < grown).every(({ partition }) => partition < 2)).toBe(true);
      expect(new Set(late.map(({ partition }) => partition))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]));
      // One key, one partition from then on.
      const placed = Map.groupBy(late, ({ key }) => key);
      for (const of of placed.values()) expect(new Set(of.map(({ partition }) => partition)).size).toBe(1);
    },
  );
});

describe('a sink whose topic gets more partitions', () => {
  const config = { name: 'sink', topics: 'grown' };

  /** Appends `{"n":n}` to a partition. */
  async function put(partition: number, n: number): Promise<void> {
    const producer = await bench.hub.producer({ acks: 'all' });
    const builder = new BatchBuilder();
    builder.add(n, Buffer.from('key'), Buffer.from(JSON.stringify({ n })));
    await producer.append('grown', partition, builder.finish());
    await producer.close();
  }

  const numbersOf = (...targets: readonly MemoryTarget[]): number[] =>
    targets.flatMap(({ written }) => written.map(({ value }) => Number((value as Map<string, unknown>).get('n'))));

  /** Two tasks of one connector. */
  function start(replacesByKey: boolean): readonly [MemoryTarget, MemoryTarget] {
    const targets = [new MemoryTarget(), new MemoryTarget()] as const;
    targets.forEach((target, index) =>
      bench.start({ ...memorySink(target), className: `MemorySink${index}`, replacesByKey }, config),
    );
    return targets;
  }

  test('takes the new partitions without a restart, each once', async () => {
    await bench.hub.admin.createTopic('grown', 1);
    const targets = start(false);
    await put(0, 1);
    await until(() => numbersOf(...targets).length === 1);
    await bench.hub.admin.createPartitions('grown', 4);
    for (const [partition, n] of [0, 1, 2, 3].entries()) await put(partition, n + 10);
    await until(() => numbersOf(...targets).length === 5);
    expect(numbersOf(...targets).toSorted((a, b) => a - b)).toEqual([1, 10, 11, 12, 13]);
    expect(targets.flatMap(({ assigned }) => assigned).every(({ topic }) => topic?.id !== undefined)).toBe(true);
    const added = targets.flatMap(({ assigned }) => assigned).filter(({ partition }) => partition.partition > 0);
    for (const { topic } of added)
      expect(topic).toMatchObject({ partitions: 4, growths: [{ partitions: 1, offset: 1n }] });
  });

  test('that keeps the last record of a key gets what came after the growth when all before is committed', async () => {
    await bench.hub.admin.createTopic('grown', 2);
    const targets = start(true);
    await until(() => targets.every(({ assigned }) => assigned.length === 1));
    let shut = true;
    for (const target of targets) {
      // Its target does not take what stands in the second partition.
      target.beforeWrite = ([first]) =>
        shut && first?.partition === 1 ? { durable: new Map(), retryAfterMs: 20 } : undefined;
    }
    await put(1, 1);
    await bench.hub.admin.createPartitions('grown', 3);
    await put(0, 2);
    await put(2, 3);
    await until(() => targets.flatMap(({ assigned }) => assigned).length >= 3);
    for (let look = 0; look < 20; look++) {
      expect(numbersOf(...targets)).toEqual([]);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    shut = false;
    await until(() => numbersOf(...targets).length === 3);
    expect(numbersOf(...targets).toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
    const committed = async (): Promise<string> =>
      (await bench.hub.groups.offsets('connect-sink')).map(({ offset }) => offset).join();
    await until(async () => (await committed()) === '2,1,2');
  });

  test('that begins later reads the whole topic in the order of its growths', async () => {
    await bench.hub.admin.createTopic('grown', 2);
    await put(1, 1);
    await bench.hub.admin.createPartitions('grown', 3);
    await put(0, 2);
    await bench.hub.admin.createPartitions('grown', 4);
    await put(3, 3);
    await put(1, 4);
    const target = new MemoryTarget();
    bench.start({ ...memorySink(target), replacesByKey: true }, config);
    await until(() => numbersOf(target).length === 4);
    expect(numbersOf(target).slice(0, 2)).toEqual([1, 2]);
    expect(new Set(numbersOf(target).slice(2))).toEqual(new Set([3, 4]));
  });
});
