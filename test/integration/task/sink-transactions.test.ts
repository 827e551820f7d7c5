import { describe, expect, test } from 'vitest';
import { until } from '../../until.ts';
import { committedOffset, fillTopic, numberBatch, numbersOf } from './memory-numbers.ts';
import { memorySink } from './memory-sink.ts';
import { useSinkBench } from './use-sink-bench.ts';

const sink = useSinkBench();

const config = { name: 'sink', topics: 'memory' };

describe('records of a transaction that a sink reads', () => {
  test('are not seen while it is open', async () => {
    await fillTopic(sink.bench.hub, 0, 1);
    const producer = await sink.bench.hub.producer({ acks: 'all', transactionalId: 'x' });
    producer.begin();
    await producer.append('memory', 0, numberBatch(1));
    const { task } = sink.bench.start(memorySink(sink.target), config);
    await until(() => sink.target.written.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(numbersOf(sink.target)).toEqual([0]);
    await producer.commit();
    await until(() => sink.target.written.length === 2);
    await task.stop(2000);
    await producer.close();
  });

  test.each(['committed', 'aborted'])('are moved over where it was %s', async (how) => {
    await fillTopic(sink.bench.hub, 0, 1);
    const append = async (n: number): Promise<void> => {
      const producer = await sink.bench.hub.producer({ acks: 'all', transactionalId: 'x' });
      producer.begin();
      await producer.append('memory', 0, numberBatch(n));
      await (how === 'committed' ? producer.commit() : producer.abort());
      await producer.close();
    };
    await append(1);
    // Offsets 0 and 1 are records, 2 is the marker that ends the transaction.
    const first = sink.bench.start(memorySink(sink.target), config);
    await until(async () => (await committedOffset(sink.bench.hub)) === 3);
    await until(() => first.task.view().gauges['lag_records'] === 0);
    await append(2);
    await until(async () => (await committedOffset(sink.bench.hub)) === 5);
    await first.task.stop(2000);
    const { latest } = await sink.bench.hub.admin.offsets({ topic: 'memory', partition: 0 }, 'read_committed');
    expect(latest).toBe(5n);
    expect(numbersOf(sink.target)).toEqual(how === 'committed' ? [0, 1, 2] : [0]);
  });

  test('are moved over in one partition while another is never at rest', async () => {
    await sink.bench.hub.admin.createTopic('memory', 2);
    const busy = await sink.bench.hub.producer({ acks: 'all' });
    const ended = await sink.bench.hub.producer({ acks: 'all', transactionalId: 'x' });
    ended.begin();
    await ended.append('memory', 1, numberBatch(1));
    await ended.commit();
    await ended.close();
    const { task } = sink.bench.start(memorySink(sink.target), config);
    const endOf = async (): Promise<bigint | undefined> =>
      (await sink.bench.hub.groups.offsets('connect-sink')).find(({ partition }) => partition === 1)?.offset;
    await until(async () => {
      await busy.append('memory', 0, numberBatch(1));
      return (await endOf()) === 2n;
    });
    await busy.close();
    await task.stop(2000);
  });

  test('are not committed over its end where the sink does not call them durable', async () => {
    await fillTopic(sink.bench.hub, 0, 1);
    const producer = await sink.bench.hub.producer({ acks: 'all', transactionalId: 'x' });
    producer.begin();
    await producer.append('memory', 0, numberBatch(1));
    await producer.commit();
    await producer.close();
    sink.target.beforeWrite = () => ({ durable: new Map([['memory-0', 1n]]) });
    const { task } = sink.bench.start(memorySink(sink.target), config);
    await until(async () => (await committedOffset(sink.bench.hub)) === 1);
    await until(() => task.view().gauges['lag_records'] === 0);
    const { flushes } = sink.target;
    await until(() => sink.target.flushes >= flushes + 2);
    expect(await committedOffset(sink.bench.hub)).toBe(1);
    await task.stop(2000);
  });
});
