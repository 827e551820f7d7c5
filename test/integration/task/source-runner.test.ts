import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { realEnv } from '../../../runtime/env/real.ts';
import type { Hub, HubProducer } from '../../../runtime/hub/port.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { until } from '../../until.ts';
import { MemoryUpstream, memorySource } from './memory-source.ts';
import { TaskBench } from './task-bench.ts';

let bench: TaskBench;
let upstream: MemoryUpstream;

beforeEach(async () => {
  bench = await TaskBench.open();
  upstream = new MemoryUpstream();
});

afterEach(async () => {
  await bench.close();
});

const ids = async (topic = 'memory'): Promise<number[]> =>
  (await bench.records(topic)).map(({ value }) => (JSON.parse(value ?? '{}') as { id: number }).id);
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe.each(['at-least-once', 'exactly-once'])('source runner, %s', (delivery) => {
  const config = { 'millrace.delivery': delivery };

  test('brings every record into the hub in order, and tells the source after the offset is stored', async () => {
    upstream.produce(95);
    const { task, states } = bench.start(memorySource(upstream), config);
    await until(() => upstream.committed.at(-1) === 95);
    expect(await ids()).toEqual(range(0, 95));
    const [offset] = (await bench.records('millrace-offsets')).slice(-1);
    expect(offset?.key).toBe('["test",{"server":"memory"}]');
    expect(offset?.value).toBe('{"index":95}');
    expect(await task.stop(2000)).toBe('stopped');
    expect(states).toEqual(['RUNNING', 'STOPPED']);
    expect(upstream.closed).toBe(1);
    expect(task.view()).toMatchObject({ records: 95, queuedBytes: 0, warnings: {} });
  });

  test('goes on where it was stopped: no record is missing, none comes twice', async () => {
    upstream.produce(33);
    const first = bench.start(memorySource(upstream), config);
    await until(() => upstream.committed.at(-1) === 33);
    await first.task.stop(2000);
    upstream.produce(20);
    const second = bench.start(memorySource(upstream), config);
    await until(() => upstream.committed.at(-1) === 53);
    await second.task.stop(2000);
    expect(upstream.opened[1]).toEqual([{ partition: { server: 'memory' }, offset: { index: 33 } }]);
    expect(await ids()).toEqual(range(0, 53));
  });

  test('a stop finishes what was read and commits it', async () => {
    upstream.batchRows = 1000;
    upstream.produce(1000);
    const { task } = bench.start(memorySource(upstream), config);
    await until(() => task.view().records === 1000);
    expect(await task.stop(5000)).toBe('stopped');
    expect(upstream.committed.at(-1)).toBe(1000);
    expect(await ids()).toHaveLength(1000);
  });

  test('commits only ever move forward', async () => {
    upstream.batchRows = 1;
    upstream.produce(300);
    const { task } = bench.start(memorySource(upstream), config);
    await until(() => upstream.committed.at(-1) === 300);
    await task.stop(2000);
    expect(upstream.committed).toEqual([...upstream.committed].sort((a, b) => a - b));
  });

  test('carries the header that names its schemas, which are durable in their topic', async () => {
    upstream.produce(3);
    const { task } = bench.start(memorySource(upstream), config);
    await until(() => upstream.committed.at(-1) === 3);
    await task.stop(2000);
    const records = await bench.records('memory');
    const stored = new Map((await bench.records('millrace-schemas')).map(({ key, value }) => [key, value]));
    for (const { headers, timestampMs, value } of records) {
      const [header] = headers;
      expect(header?.key).toBe('millrace.schema');
      const bytes = Buffer.from(header?.value ?? []);
      expect(stored.get(bytes.toString('hex', 0, 8))).toContain('"memory.Key"');
      expect(stored.get(bytes.toString('hex', 8, 16))).toContain('"memory.Value"');
      expect(timestampMs).toBe(1_700_000_000_000 + (JSON.parse(value ?? '') as { id: number }).id);
    }
  });

  test('the schema header can be turned off', async () => {
    upstream.produce(1);
    const { task } = bench.start(memorySource(upstream), { ...config, 'millrace.schema.header': 'false' });
    await until(() => upstream.committed.at(-1) === 1);
    await task.stop(2000);
    expect((await bench.records('memory'))[0]?.headers).toEqual([]);
  });

  test('creates topics by their group, and keys keep their partition', async () => {
    upstream.produce(100, 'many.a');
    upstream.produce(100, 'one');
    const { task } = bench.start(memorySource(upstream), {
      ...config,
      'topic.creation.groups': 'many',
      'topic.creation.many.include': 'many\\..*',
      'topic.creation.many.partitions': '4',
      'topic.creation.many.retention.ms': '86400000',
    });
    await until(() => upstream.committed.at(-1) === 200);
    await task.stop(2000);
    expect(await bench.hub.admin.describe('many.a')).toMatchObject({
      partitions: 4,
      config: { 'retention.ms': '86400000' },
    });
    expect(await bench.hub.admin.describe('one')).toMatchObject({ partitions: 1 });
    const records = await bench.records('many.a');
    expect(new Set(records.map(({ partition }) => partition)).size).toBe(4);
    for (const partition of [0, 1, 2, 3]) {
      const order = records.filter((record) => record.partition === partition).map(({ timestampMs }) => timestampMs);
      expect(order).toEqual([...order].sort((a, b) => a - b));
    }
  });

  test('paused, it does not read; resumed, it goes on', async () => {
    const { task } = bench.start(memorySource(upstream), config, true);
    await until(() => task.view().state === 'PAUSED');
    upstream.produce(10);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(task.view().records).toBe(0);
    task.resume();
    await until(() => upstream.committed.at(-1) === 10);
    task.pause();
    expect(task.view().state).toBe('PAUSED');
    await task.stop(2000);
    expect(task.view().state).toBe('STOPPED');
  });

  test('a source that ends is drained and has ended', async () => {
    upstream.produce(15);
    upstream.ends = true;
    const { task, states } = bench.start(memorySource(upstream), config);
    await task.over;
    expect(states).toEqual(['RUNNING', 'ENDED']);
    expect(upstream.committed.at(-1)).toBe(15);
  });

  test('an error that nobody can mend fails the task with code, remedy and trace', async () => {
    upstream.beforeRead = () => {
      throw new MillraceError('MEMORY_GONE', 'the place is gone', { kind: 'position', remedy: 'Look for it.' });
    };
    const { task } = bench.start(memorySource(upstream), config);
    await task.over;
    const { failure, state } = task.view();
    expect(state).toBe('FAILED');
    expect(failure).toMatchObject({ code: 'MEMORY_GONE', remedy: 'Look for it.', retry: 'operator' });
    expect(failure?.trace).toContain('MEMORY_GONE: MillraceError: the place is gone');
    expect(upstream.closed).toBe(1);
  });

  test('an error that passes starts the task again from its durable offset', async () => {
    upstream.produce(40);
    let failures = 0;
    upstream.beforeRead = (at) => {
      if (at === 20 && failures++ === 0) throw new MillraceError('MEMORY_DOWN', 'restarting', { kind: 'unavailable' });
    };
    const { task } = bench.start(memorySource(upstream), config);
    await until(() => upstream.committed.at(-1) === 40);
    await task.stop(2000);
    expect(task.view().gauges['restarts_total']).toBe(1);
    expect([...new Set(await ids())]).toEqual(range(0, 40));
    if (delivery === 'exactly-once') expect(await ids()).toEqual(range(0, 40));
  });

  test('a record the hub will not take stops the task; no offset passes it, and no part of its batch counts', async () => {
    upstream.produce(50);
    upstream.text = (id) => (id === 34 ? 'x'.repeat(5000) : `row ${id}`);
    const limited = {
      ...config,
      'topic.creation.default.max.message.bytes': '3000',
      'producer.override.batch.size': '1',
    };
    const { task } = bench.start(memorySource(upstream), limited);
    await task.over;
    expect(task.view().failure?.code).toBe('HUB_RECORD_TOO_LARGE');
    const stored = (await bench.records('millrace-offsets')).map(
      ({ value }) => (JSON.parse(value ?? '') as { index: number }).index,
    );
    expect(Math.max(0, ...stored)).toBeLessThanOrEqual(30);
    const found = await ids();
    expect(found).not.toContain(34);
    if (delivery === 'exactly-once') expect(Math.max(-1, ...found)).toBeLessThan(Math.max(...stored, 0));
    upstream.text = (id) => `row ${id}`;
    const again = bench.start(memorySource(upstream), limited);
    await until(() => upstream.committed.at(-1) === 50);
    await again.task.stop(2000);
    expect([...new Set(await ids())].sort((a, b) => a - b)).toEqual(range(0, 50));
    if (delivery === 'exactly-once') expect(await ids()).toEqual(range(0, 50));
  });

  test('a wrong option fails the task and names the key', async () => {
    const { task } = bench.start(memorySource(upstream), { ...config, 'producer.override.acks': '2' });
    await task.over;
    expect(task.view().failure).toMatchObject({ code: 'TASK_OPTION_INVALID', retry: 'never' });
    expect(task.view().failure?.message).toContain('producer.override.acks');
  });
});

describe('source runner beside a hub that does not answer', () => {
  test('does not read past its byte budget', async () => {
    const answers = Promise.withResolvers<void>();
    const slow = await TaskBench.open(realEnv, (hub) => held(hub, answers.promise));
    try {
      upstream.batchRows = 100;
      upstream.text = () => 'x'.repeat(5000);
      upstream.produce(5000);
      let read = 0;
      upstream.beforeRead = (at) => {
        read = at;
      };
      const { task } = slow.start(memorySource(upstream), {
        'millrace.task.max.inflight.bytes': '2000000',
        'producer.override.compression.type': 'none',
      });
      let before = -1;
      await until(() => {
        const stands = read > 0 && read === before;
        before = read;
        return stands;
      });
      // Key and value take some 5,030 bytes: the read that began at row 300 passed the bound, and was taken whole.
      expect(read).toBe(300);
      answers.resolve();
      await until(() => upstream.committed.at(-1) === 5000);
      await task.stop(2000);
    } finally {
      answers.resolve();
      await slow.close();
    }
  });
});

/** The same hub, whose producers append to the topic `memory` only from `answers` on. */
function held(hub: Hub, answers: Promise<void>): Hub {
  return {
    id: hub.id,
    admin: hub.admin,
    groups: hub.groups,
    reader: (options) => hub.reader(options),
    close: () => hub.close(),
    producer: async (options) => {
      const producer = await hub.producer(options);
      return Object.assign(Object.create(producer) as HubProducer, {
        partitions: (topic: string) => producer.partitions(topic),
        append: (topic: string, partition: number, batch: Buffer) =>
          (topic === 'memory' ? answers : Promise.resolve()).then(() => producer.append(topic, partition, batch)),
        close: () => producer.close(),
      });
    },
  };
}

describe('source runner on a full disk', () => {
  test.each(['at-least-once', 'exactly-once'])(
    'waits, %s, and goes on by itself when there is space',
    async (delivery) => {
      let free = 1e12;
      const full = await TaskBench.open({
        ...realEnv,
        files: { ...realEnv.files, freeBytes: () => Promise.resolve(free) },
      });
      try {
        upstream.produce(100);
        const { task } = full.start(memorySource(upstream), { 'millrace.delivery': delivery });
        await until(() => upstream.committed.at(-1) === 100);
        free = 0;
        await until(() => {
          if (task.view().warnings['TASK_RETRYING']?.startsWith('HUB_DISK_FULL') !== true) upstream.produce(1);
          return task.view().warnings['TASK_RETRYING']?.startsWith('HUB_DISK_FULL') === true;
        });
        free = 1e12;
        await until(() => upstream.committed.at(-1) === upstream.rows.length, 20_000);
        await until(() => task.view().state === 'RUNNING');
        expect(task.view().warnings).toEqual({});
        await task.stop(2000);
        const found = (await full.records('memory')).map(
          ({ value }) => (JSON.parse(value ?? '{}') as { id: number }).id,
        );
        expect([...new Set(found)]).toEqual(range(0, upstream.rows.length));
        if (delivery === 'exactly-once') expect(found).toHaveLength(upstream.rows.length);
      } finally {
        await full.close();
      }
    },
  );
});

describe('source runner, exactly-once', () => {
  const config = { 'millrace.delivery': 'exactly-once' };

  test('a connector that cannot do it is refused where it was asked for, not where the worker sets it for all', async () => {
    const connector = { ...memorySource(upstream), exactlyOnce: false };
    const refused = bench.start(connector, config);
    await refused.task.over;
    expect(refused.task.view().failure).toMatchObject({ code: 'TASK_EXACTLY_ONCE_UNSUPPORTED', retry: 'never' });
    upstream.produce(1);
    const taken = bench.start(connector, { 'exactly.once.support': 'requested' });
    await until(() => upstream.committed.at(-1) === 1);
    await taken.task.stop(2000);
  });

  test('a successor fences the task that is still running, which ends with a named error', async () => {
    upstream.produce(10);
    const first = bench.start(memorySource(upstream), config);
    await until(() => upstream.committed.at(-1) === 10);
    const other = new MemoryUpstream();
    other.produce(10);
    const second = bench.start(memorySource(other), config);
    await until(() => second.task.view().state === 'RUNNING');
    upstream.produce(5);
    await first.task.over;
    expect(first.task.view().failure).toMatchObject({ code: 'HUB_PRODUCER_FENCED', retry: 'never' });
    expect(await ids()).toEqual(range(0, 10));
    await second.task.stop(2000);
  });
});
