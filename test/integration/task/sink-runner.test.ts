import { describe, expect, test } from 'vitest';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { SinkResult } from '../../../runtime/connector/sink.ts';
import { until } from '../../until.ts';
import { committedOffset, fillTopic, numbersOf } from './memory-numbers.ts';
import { memorySink, MemoryTarget } from './memory-sink.ts';
import { MemoryUpstream, memorySource } from './memory-source.ts';
import { useSinkBench } from './use-sink-bench.ts';

const sink = useSinkBench();

const config = { name: 'sink', topics: 'memory' };

const fill = (from: number, to: number, topic?: string): Promise<void> => fillTopic(sink.bench.hub, from, to, topic);
const committed = (group?: string): Promise<number> => committedOffset(sink.bench.hub, group);
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('sink runner', () => {
  test('writes every record in order and commits what is durable', async () => {
    await fill(0, 100);
    const { task, states } = sink.bench.start(memorySink(sink.target), config);
    await until(async () => (await committed()) === 100);
    expect(numbersOf(sink.target)).toEqual(range(0, 100));
    expect(await task.stop(2000)).toBe('stopped');
    expect(states).toEqual(['RUNNING', 'STOPPED']);
    expect(sink.target.closed).toBe(1);
    expect(task.view()).toMatchObject({ records: 100, gauges: { lag_records: 0 } });
  });

  test('takes new records as they come, and goes on after the committed offset', async () => {
    await fill(0, 10);
    const first = sink.bench.start(memorySink(sink.target), config);
    await until(() => sink.target.written.length === 10);
    await fill(10, 20);
    await until(async () => (await committed()) === 20);
    await first.task.stop(2000);
    await fill(20, 30);
    const second = sink.bench.start(memorySink(sink.target), config);
    await until(async () => (await committed()) === 30);
    await second.task.stop(2000);
    expect(numbersOf(sink.target)).toEqual(range(0, 30));
    expect(sink.target.assigned.map(({ offset }) => offset)).toEqual([0n, 20n]);
    expect(sink.target.assigned.map((of) => of.committed === true)).toEqual([false, true]);
  });

  test('commits nothing that is not durable yet; a flush makes it so', async () => {
    sink.target.holds = true;
    await fill(0, 10);
    const { task } = sink.bench.start(memorySink(sink.target), { ...config });
    await until(async () => (await committed()) === 10);
    expect(sink.target.flushes).toBeGreaterThan(0);
    await task.stop(2000);
  });

  test('a sink that makes nothing durable does not count as going on', async () => {
    await fill(0, 10);
    sink.target.beforeWrite = () => ({ durable: new Map() });
    const { task } = sink.bench.start(memorySink(sink.target), config);
    await until(() => task.view().records === 10);
    const { progressMs } = task.view();
    const { flushes } = sink.target;
    await until(() => sink.target.flushes >= flushes + 3);
    expect(task.view().progressMs).toBe(progressMs);
    await task.stop(2000);
  });

  test('writes again what was written and not durable when the task died', async () => {
    await fill(0, 10);
    let failures = 0;
    sink.target.beforeWrite = (batch) => {
      if (failures++ === 0) {
        for (const record of batch) {
          const { topic, partition, offset } = record;
          sink.target.written.push({ topic, partition, offset, value: record.value().value });
        }
        throw new MillraceError('TARGET_DOWN', 'restarting', { kind: 'unavailable' });
      }
      return undefined;
    };
    const { task } = sink.bench.start(memorySink(sink.target), config);
    await until(async () => (await committed()) === 10);
    await task.stop(2000);
    expect(numbersOf(sink.target)).toEqual([...range(0, 10), ...range(0, 10)]);
  });

  test.each(['earliest', 'latest'])(
    'what was read and never made durable is not passed over by the next start: it begins where the first one did (%s)',
    async (start) => {
      const from = { ...config, 'consumer.override.auto.offset.reset': start };
      sink.target.beforeWrite = () => ({ durable: new Map() });
      await fill(0, 10);
      const first = sink.bench.start(memorySink(sink.target), from);
      await until(() => sink.target.assigned.length === 1);
      await until(async () => (await committed()) >= 0);
      await fill(10, 20);
      await until(() => first.task.view().records === (start === 'latest' ? 10 : 20));
      await first.task.stop(2000);
      const begun = start === 'latest' ? 10 : 0;
      expect(await committed()).toBe(begun);

      sink.target.beforeWrite = () => undefined;
      const second = sink.bench.start(memorySink(sink.target), from);
      await until(async () => (await committed()) === 20);
      await second.task.stop(2000);
      expect(numbersOf(sink.target)).toEqual(range(begun, 20));
      // Nothing of it was in the target: a sink that looks for what it wrote before must not miss any.
      expect(sink.target.assigned.map((of) => of.committed === true)).toEqual([false, false]);
    },
  );

  test('where a start chose its place anew, since the old one was gone, the next one begins there too', async () => {
    const latest = { ...config, 'consumer.override.auto.offset.reset': 'latest' };
    await fill(0, 10);
    const first = sink.bench.start(memorySink(sink.target), config);
    await until(async () => (await committed()) === 10);
    await first.task.stop(2000);
    await fill(10, 20);
    await sink.bench.hub.admin.deleteRecords({ topic: 'memory', partition: 0 }, 15n);
    sink.target.written.length = 0;
    sink.target.beforeWrite = () => ({ durable: new Map() });
    const second = sink.bench.start(memorySink(sink.target), latest);
    await until(() => sink.target.assigned.length === 2);
    await fill(20, 30);
    await until(() => second.task.view().records === 10);
    await second.task.stop(2000);

    sink.target.beforeWrite = () => undefined;
    const third = sink.bench.start(memorySink(sink.target), latest);
    await until(async () => (await committed()) === 30);
    await third.task.stop(2000);
    expect(numbersOf(sink.target)).toEqual(range(20, 30));
    expect(sink.target.assigned.map((of) => of.committed === true)).toEqual([false, true, true]);
  });

  test('records that went before anything was made durable stop the next start by name', async () => {
    sink.target.beforeWrite = () => ({ durable: new Map() });
    await fill(0, 10);
    const first = sink.bench.start(memorySink(sink.target), config);
    await until(() => first.task.view().records === 10);
    await first.task.stop(2000);
    await sink.bench.hub.admin.deleteRecords({ topic: 'memory', partition: 0 }, 10n);
    await fill(10, 20);
    const second = sink.bench.start(memorySink(sink.target), config);
    await until(() => second.task.view().state === 'FAILED');
    expect(second.task.view().failure).toMatchObject({ code: 'TASK_OFFSET_OUT_OF_RANGE' });
    expect(second.task.view().failure?.message).toContain('10 records from 0 on are gone');
  });

  test('offers the same batch again after the time the sink asked for', async () => {
    await fill(0, 10);
    let asked = 0;
    sink.target.beforeWrite = () => (asked++ < 3 ? { durable: new Map(), retryAfterMs: 5 } : undefined);
    const { task } = sink.bench.start(memorySink(sink.target), config);
    await until(async () => (await committed()) === 10);
    await task.stop(2000);
    expect(numbersOf(sink.target)).toEqual(range(0, 10));
    expect(task.view().gauges['write_retries_total']).toBe(3);
  });

  test('a stop ends the waiting for another try, without a loss', async () => {
    await fill(0, 10);
    sink.target.beforeWrite = () => ({ durable: new Map(), retryAfterMs: 60_000 });
    const first = sink.bench.start(memorySink(sink.target), config);
    await until(() => first.task.view().gauges['write_retries_total'] === 1);
    expect(await first.task.stop(2000)).toBe('stopped');
    sink.target.beforeWrite = () => undefined;
    const second = sink.bench.start(memorySink(sink.target), config);
    await until(async () => (await committed()) === 10);
    await second.task.stop(2000);
    expect(numbersOf(sink.target)).toEqual(range(0, 10));
  });

  test('reads on where the sink wants to', async () => {
    await fill(0, 10);
    let seeks = 0;
    sink.target.beforeWrite = (batch) => {
      if (batch.at(-1)?.offset !== 9n || seeks++ > 0) return undefined;
      return { durable: new Map([['memory-0', 4n]]), seek: new Map([['memory-0', 4n]]) };
    };
    const { task } = sink.bench.start(memorySink(sink.target), config);
    await until(() => seeks > 0);
    // Comes next where the seek is not followed.
    await fill(10, 11);
    await until(async () => (await committed()) === 11);
    await task.stop(2000);
    expect(numbersOf(sink.target)).toEqual(range(4, 11));
  });

  test('a rejected record stops the task and is named', async () => {
    await fill(0, 10);
    sink.target.beforeWrite = (batch) => rejecting(batch, 7n);
    const { task } = sink.bench.start(memorySink(sink.target), config);
    await task.over;
    expect(task.view().failure).toMatchObject({ code: 'TASK_RECORD_REJECTED', retry: 'operator' });
    expect(task.view().failure?.message).toContain('memory-0 at offset 7');
    expect(await committed()).toBe(0);
  });

  test('with a dead-letter topic a rejected record goes there, with where it came from, and the task goes on', async () => {
    await fill(0, 10);
    sink.target.beforeWrite = (batch) => rejecting(batch, 7n);
    const { task } = sink.bench.start(memorySink(sink.target), {
      ...config,
      'errors.tolerance': 'all',
      'errors.deadletterqueue.topic.name': 'dead',
      'errors.deadletterqueue.context.headers.enable': 'true',
    });
    await until(async () => (await committed()) === 10);
    await task.stop(2000);
    const dead = await sink.bench.records('dead');
    expect(dead.map(({ value }) => value)).toEqual(['{"n":7}']);
    const headers = new Map(dead[0]?.headers.map(({ key, value }) => [key, Buffer.from(value ?? []).toString()]));
    expect(headers.get('__connect.errors.topic')).toBe('memory');
    expect(headers.get('__connect.errors.offset')).toBe('7');
    expect(headers.get('__connect.errors.stage')).toBe('TASK_PUT');
    expect(headers.get('__connect.errors.exception.message')).toBe('no sevens');
  });

  test.each(['', ' and somebody makes it anew'])(
    'goes on when its dead-letter topic is deleted%s while it runs',
    async (anew) => {
      await fill(0, 10);
      sink.target.beforeWrite = (records) => ({
        durable: new Map([['memory-0', (records.at(-1)?.offset ?? -1n) + 1n]]),
        rejected: records.map((record) => ({ record, error: new Error('no') })),
      });
      const { task } = sink.bench.start(memorySink(sink.target), {
        ...config,
        'errors.tolerance': 'all',
        'errors.deadletterqueue.topic.name': 'dead',
      });
      await until(async () => (await committed()) === 10);
      await sink.bench.hub.admin.deleteTopic('dead');
      if (anew !== '') await sink.bench.hub.admin.createTopic('dead', 1);
      await fill(10, 15);
      await until(async () => (await committed()) === 15);
      // Of the new topic: of the old one ten would be before them.
      const { latest } = await sink.bench.hub.admin.offsets({ topic: 'dead', partition: 0 }, 'read_committed');
      expect(latest).toBe(5n);
      expect(task.view().state).toBe('RUNNING');
    },
  );

  test('errors.tolerance=all without a dead-letter topic drops nothing: the task stops', async () => {
    await fill(0, 10);
    sink.target.beforeWrite = (batch) => rejecting(batch, 7n);
    const { task } = sink.bench.start(memorySink(sink.target), { ...config, 'errors.tolerance': 'all' });
    await task.over;
    expect(task.view().failure).toMatchObject({ code: 'TASK_RECORD_REJECTED' });
    expect(task.view().failure?.remedy).toContain('errors.deadletterqueue.topic.name');
  });

  test('two tasks of a group share the partitions and hand them over without gap or repetition', async () => {
    const upstream = new MemoryUpstream();
    upstream.produce(200);
    const source = sink.bench.start(memorySource(upstream), {
      name: 'source',
      'topic.creation.default.partitions': '4',
    });
    await until(() => upstream.committed.at(-1) === 200);
    const first = sink.bench.start(memorySink(sink.target), config);
    await until(() => sink.target.written.length === 200);
    const other = new MemoryTarget();
    const second = sink.bench.start({ ...memorySink(other), className: 'OtherSink' }, config);
    await until(() => other.assigned.length === 2);
    upstream.produce(200);
    await until(() => sink.target.written.length + other.written.length === 400);
    await second.task.stop(2000);
    upstream.produce(200);
    await until(() => sink.target.written.length + other.written.length === 600);
    await first.task.stop(2000);
    await source.task.stop(2000);
    const seen = [...sink.target.written, ...other.written].map(({ partition, offset }) => `${partition}/${offset}`);
    expect(new Set(seen).size).toBe(600);
    expect(seen).toHaveLength(600);
    expect(other.revoked).toHaveLength(2);
  });

  test('what a task makes durable when it gives a partition up is committed before another reads on', async () => {
    const upstream = new MemoryUpstream();
    upstream.produce(100);
    const source = sink.bench.start(memorySource(upstream), {
      name: 'source',
      'topic.creation.default.partitions': '2',
    });
    await until(() => upstream.committed.at(-1) === 100);
    await source.task.stop(2000);
    sink.target.holds = true;
    const first = sink.bench.start(withoutFlush(sink.target), config);
    await until(() => sink.target.written.length === 100);
    expect(await committed()).toBe(0);
    const other = new MemoryTarget();
    const second = sink.bench.start({ ...memorySink(other), className: 'OtherSink' }, config);
    await until(() => other.assigned.length === 1);
    const [moved] = other.assigned;
    const last = sink.target.written.findLast(({ partition }) => partition === moved?.partition.partition);
    expect(moved?.offset).toBe((last?.offset ?? -1n) + 1n);
    await second.task.stop(2000);
    await first.task.stop(2000);
    expect(other.written).toEqual([]);
  });

  test('topics.regex takes in topics as they appear', async () => {
    await fill(0, 5, 'orders.a');
    const { task } = sink.bench.start(memorySink(sink.target), { name: 'sink', 'topics.regex': 'orders\\..*' });
    await until(() => sink.target.written.length === 5);
    await fill(5, 10, 'orders.b');
    await fill(0, 10, 'other');
    await until(() => sink.target.written.length === 10);
    await task.stop(2000);
    expect(numbersOf(sink.target)).toEqual(range(0, 10));
  });

  test('values carry the schema that their header names', async () => {
    const upstream = new MemoryUpstream();
    upstream.produce(1);
    const source = sink.bench.start(memorySource(upstream), { name: 'source' });
    await until(() => upstream.committed.at(-1) === 1);
    const schemas: (string | undefined)[] = [];
    sink.target.beforeWrite = (batch) => {
      for (const record of batch) schemas.push(record.key().schema?.name, record.value().schema?.name);
      return undefined;
    };
    const { task } = sink.bench.start(memorySink(sink.target), config);
    await until(() => sink.target.written.length === 1);
    expect(schemas).toEqual(['memory.Key', 'memory.Value']);
    await task.stop(2000);
    await source.task.stop(2000);
  });

  test('an offset whose records are gone stops the task and names the gap', async () => {
    await fill(0, 10);
    const first = sink.bench.start(memorySink(sink.target), config);
    await until(async () => (await committed()) === 10);
    await first.task.stop(2000);
    await fill(10, 20);
    await sink.bench.hub.admin.deleteRecords({ topic: 'memory', partition: 0 }, 15n);
    const second = sink.bench.start(memorySink(sink.target), config);
    await second.task.over;
    expect(second.task.view().failure).toMatchObject({ code: 'TASK_OFFSET_OUT_OF_RANGE' });
    expect(second.task.view().failure?.message).toContain('5 records from 10 on');
    const third = sink.bench.start(memorySink(sink.target), {
      ...config,
      'consumer.override.auto.offset.reset': 'earliest',
    });
    await until(async () => (await committed()) === 20);
    await third.task.stop(2000);
    expect(numbersOf(sink.target)).toEqual([...range(0, 10), ...range(15, 20)]);
  });

  test('a sink that calls more durable than it was given is stopped', async () => {
    await fill(0, 10);
    sink.target.beforeWrite = () => ({ durable: new Map([['memory-0', 11n]]) });
    const { task } = sink.bench.start(memorySink(sink.target), config);
    await task.over;
    expect(task.view().failure).toMatchObject({ code: 'TASK_SINK_OFFSET_AHEAD' });
  });
});

function rejecting(batch: Parameters<MemoryTarget['beforeWrite']>[0], offset: bigint): SinkResult {
  const record = batch.find((one) => one.offset === offset);
  const end = (batch.at(-1)?.offset ?? -1n) + 1n;
  return {
    durable: new Map([['memory-0', end]]),
    ...(record === undefined ? {} : { rejected: [{ record, error: new Error('no sevens') }] }),
  };
}

/** A sink that makes durable what it holds only when its partitions are taken away. */
function withoutFlush(target: MemoryTarget): ReturnType<typeof memorySink> {
  const connector = memorySink(target);
  return {
    ...connector,
    createTask: (config) => {
      const task = connector.createTask(config);
      return {
        open: (start) => task.open(start),
        assign: (added) => task.assign(added),
        revoke: (removed, options) => task.revoke(removed, options),
        write: (batch, signal) => task.write(batch, signal),
        close: () => task.close(),
      };
    },
  };
}
