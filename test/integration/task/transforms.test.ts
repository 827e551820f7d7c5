import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BatchBuilder } from '../../../runtime/hub/batch/batch-builder.ts';
import { until } from '../../until.ts';
import { memorySink, MemoryTarget } from './memory-sink.ts';
import { memorySource, MemoryUpstream } from './memory-source.ts';
import { TaskBench } from './task-bench.ts';

let bench: TaskBench;

beforeEach(async () => {
  bench = await TaskBench.open();
});

afterEach(async () => {
  await bench.close();
});

const rename = {
  transforms: 'short,route',
  'transforms.short.type': 'org.apache.kafka.connect.transforms.ReplaceField$Value',
  'transforms.short.renames': 'text:t',
  'transforms.route.type': 'RegexRouter',
  'transforms.route.regex': '(mem)ory',
  'transforms.route.replacement': '$1-out',
};
const onlyOther = {
  predicates: 'other',
  'predicates.other.type': 'TopicNameMatches',
  'predicates.other.pattern': 'other.*',
};
const deadLetters = { 'errors.tolerance': 'all', 'errors.deadletterqueue.topic.name': 'dead' };
const castText = {
  transforms: 'c',
  'transforms.c.type': 'Cast$Value',
  'transforms.c.spec': 'text:int32',
};

describe('a source with transforms', () => {
  function upstream(count: number): MemoryUpstream {
    const made = new MemoryUpstream();
    made.produce(count);
    made.ends = true;
    return made;
  }

  test('produces what the chain makes of its records', async () => {
    const { task } = bench.start(memorySource(upstream(25)), { name: 'source', ...rename });
    await task.over;
    expect(task.view().state).toBe('ENDED');
    const records = await bench.records('mem-out');
    expect(records.map(({ value }) => value)).toEqual(
      Array.from({ length: 25 }, (_, id) => JSON.stringify({ id, t: `row ${id}` })),
    );
    expect(await bench.records('memory')).toEqual([]);
  });

  test('passes on past what a filter dropped, all of it too', async () => {
    const made = upstream(10);
    made.produce(10, 'other');
    made.batchRows = 10;
    const filter = { transforms: 'f', 'transforms.f.type': 'Filter', 'transforms.f.predicate': 'other', ...onlyOther };
    const { task } = bench.start(memorySource(made), { name: 'source', ...filter });
    await task.over;
    expect((await bench.records('memory')).length).toBe(10);
    expect(await bench.records('other')).toEqual([]);
    expect(made.committed.at(-1)).toBe(20);
  });

  test('stops at a record that a transform does not take', async () => {
    const { task } = bench.start(memorySource(upstream(3)), { name: 'source', ...castText });
    await task.over;
    expect(task.view()).toMatchObject({ state: 'FAILED', failure: { code: 'TRANSFORM_VALUE' } });
    expect(task.view().failure?.message).toContain('transform c: Value (row 0) was out of range');
  });

  test('puts such a record aside as it was before the chain, where that is asked for', async () => {
    const made = upstream(3);
    made.text = (id) => (id === 1 ? 'no number' : String(id));
    const { task } = bench.start(memorySource(made), { name: 'source', ...castText, ...deadLetters });
    await task.over;
    expect(task.view().state).toBe('ENDED');
    expect((await bench.records('memory')).map(({ value }) => value)).toEqual([
      '{"id":0,"text":0}',
      '{"id":2,"text":2}',
    ]);
    const [dead] = await bench.records('dead');
    expect(dead?.value).toContain('"payload":{"id":1,"text":"no number"}}');
    const headers = new Map(dead?.headers.map(({ key, value }) => [key, String(value)]));
    expect(headers.get('__connect.errors.stage')).toBe('TRANSFORMATION');
    expect(headers.get('__connect.errors.class.name')).toBe('Cast$Value');
  });

  test('is refused with the key of the option that does not stand', async () => {
    const { task } = bench.start(memorySource(upstream(1)), {
      name: 'source',
      transforms: 'r',
      'transforms.r.type': 'RegexRouter',
      'transforms.r.regex': '(?=x)',
      'transforms.r.replacement': 'x',
    });
    await task.over;
    expect(task.view()).toMatchObject({ state: 'FAILED', failure: { code: 'TRANSFORM_OPTION' } });
    expect(task.view().failure?.message).toContain('transforms.r: Invalid value (?=x) for configuration regex');
  });
});

describe('a sink with transforms', () => {
  const config = { name: 'sink', topics: 'memory' };

  async function fill(values: readonly (string | null)[]): Promise<void> {
    const producer = await bench.hub.producer({ acks: 'all', createTopics: () => ({ partitions: 1 }) });
    await producer.partitions('memory');
    const builder = new BatchBuilder();
    values.forEach((value, n) => builder.add(n, Buffer.from(String(n)), value === null ? null : Buffer.from(value)));
    await producer.append('memory', 0, builder.finish());
    await producer.close();
  }

  const committed = async (): Promise<number> =>
    Number((await bench.hub.groups.offsets('connect-sink'))[0]?.offset ?? -1n);

  test('gives the connector what the chain makes, at its place in the hub', async () => {
    const target = new MemoryTarget();
    const seen: unknown[] = [];
    target.beforeWrite = (batch) => {
      for (const { topic, destination, offset, rawValue } of batch) {
        seen.push({ topic, destination, offset, raw: Buffer.from(rawValue ?? []).toString() });
      }
      return undefined;
    };
    await fill(['{"text":"a","n":1}', '{"text":"b","n":2}']);
    const { task } = bench.start(memorySink(target), { ...config, ...rename });
    await until(async () => (await committed()) === 2);
    expect(seen).toEqual([
      { topic: 'memory', destination: 'mem-out', offset: 0n, raw: '{"t":"a","n":1}' },
      { topic: 'memory', destination: 'mem-out', offset: 1n, raw: '{"t":"b","n":2}' },
    ]);
    await task.stop(2000);
  });

  test('commits past what a filter dropped, and past a fetch of which nothing is left', async () => {
    const target = new MemoryTarget();
    const filter = {
      transforms: 'f',
      'transforms.f.type': 'Filter',
      'transforms.f.predicate': 'empty',
      predicates: 'empty',
      'predicates.empty.type': 'RecordIsTombstone',
    };
    await fill([null, '{"n":1}', null, null]);
    const { task } = bench.start(memorySink(target), { ...config, ...filter });
    await until(async () => (await committed()) === 4);
    await fill([null, null]);
    await until(async () => (await committed()) === 6);
    expect(target.written.map(({ offset }) => offset)).toEqual([1n]);
    await task.stop(2000);
  });

  test('does not commit past a record that the connector still holds', async () => {
    const target = new MemoryTarget();
    target.beforeWrite = () => ({ durable: new Map() });
    const filter = {
      transforms: 'f',
      'transforms.f.type': 'Filter',
      'transforms.f.predicate': 'empty',
      predicates: 'empty',
      'predicates.empty.type': 'RecordIsTombstone',
    };
    await fill([null, '{"n":1}', null]);
    const { task } = bench.start(memorySink(target), { ...config, ...filter });
    const { flushes } = target;
    await until(() => target.flushes >= flushes + 3);
    expect(await committed()).toBeLessThan(2);
    await task.stop(2000);
  });

  test('puts aside what a transform does not take, as it stands in the hub', async () => {
    const target = new MemoryTarget();
    await fill(['{"text":"1"}', '{"text":"no number"}', 'no json', '{"text":"3"}']);
    const { task } = bench.start(memorySink(target), { ...config, ...castText, ...deadLetters });
    await until(async () => (await committed()) === 4);
    expect(target.written.map(({ offset }) => offset)).toEqual([0n, 3n]);
    const dead = await bench.records('dead');
    expect(dead.map(({ value }) => value)).toEqual(['{"text":"no number"}', 'no json']);
    await task.stop(2000);
  });

  test('stops at a record that becomes several, where the connector cannot tell them apart', async () => {
    const explode = { transforms: 'e', 'transforms.e.type': 'Explode', 'transforms.e.field': 'l' };
    await fill(['{"l":[1]}', '{"l":[1,2]}']);
    const { task } = bench.start(memorySink(new MemoryTarget()), { ...config, ...explode });
    await task.over;
    expect(task.view()).toMatchObject({ state: 'FAILED', failure: { code: 'TRANSFORM_SEVERAL_UNSUPPORTED' } });
  });

  test('gives all that a record becomes to a connector that can, in one write', async () => {
    const explode = { transforms: 'e', 'transforms.e.type': 'Explode', 'transforms.e.field': 'l' };
    const target = new MemoryTarget();
    const connector = { ...memorySink(target), takesSeveralPerOffset: true };
    await fill(['{"l":[1,2]}', '{"l":[]}', '{"l":[3]}', '{"l":[]}']);
    const { task } = bench.start(connector, { ...config, ...explode });
    await until(async () => (await committed()) === 4);
    expect(target.written.map(({ offset }) => offset)).toEqual([0n, 0n, 2n]);
    await task.stop(2000);
  });
});
