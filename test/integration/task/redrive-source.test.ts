import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DeadLetterService } from '../../../runtime/app/dead-letters/dead-letter-service.ts';
import type { SourceTask } from '../../../runtime/connector/source.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { until } from '../../until.ts';
import { memorySource, MemoryUpstream } from './memory-source.ts';
import { TaskBench } from './task-bench.ts';

const config = {
  name: 'source',
  'errors.tolerance': 'all',
  'millrace.errors.deadletterqueue.topic.name': 'dead',
};
const cast = { transforms: 'c', 'transforms.c.type': 'Cast$Value', 'transforms.c.spec': 'text:int32' };
const everything = { action: 'redrive', filter: {}, only: null, force: false } as const;

let bench: TaskBench;
let upstream: MemoryUpstream;
let service: DeadLetterService;

beforeEach(async () => {
  bench = await TaskBench.open();
  upstream = new MemoryUpstream();
  upstream.text = (id) => (id === 1 ? 'no number' : String(id));
  service = new DeadLetterService({ hub: bench.hub, env: realEnv, connector: () => ({ config, kind: 'source' }) });
});

afterEach(async () => {
  await service.close();
  await bench.close();
});

async function done(id: string) {
  await until(async () => (await service.job('source', id)).state !== 'open');
  return service.job('source', id);
}

/** Runs with the chain until all is read, then goes on without it. */
async function mended(delivery: string) {
  upstream.produce(3);
  const first = bench.start(memorySource(upstream), { ...config, ...cast, 'millrace.delivery': delivery });
  await until(() => upstream.committed.at(-1) === 3);
  await first.task.stop(2000);
  return bench.start(memorySource(upstream), { ...config, 'millrace.delivery': delivery });
}

describe.each(['at-least-once', 'exactly-once'])('dead letters of a source, %s', (delivery) => {
  test('are kept with schema and source position, and produced again by the idle task', async () => {
    await mended(delivery);
    const { deadletters } = await service.list('source', {}, 10, false);
    expect(deadletters).toMatchObject([
      { form: 'record', stage: 'TRANSFORMATION', value: { id: 1, text: 'no number' }, origin: { topic: 'memory' } },
    ]);
    expect(deadletters[0]?.source).toHaveProperty('offset');
    const job = await service.redrive('source', everything);
    expect(await done(job.id)).toMatchObject({ outcomes: { redriven: 1 } });
    const records = await bench.records('memory');
    expect(records.map(({ value }) => value)).toEqual([
      '{"id":0,"text":0}',
      '{"id":2,"text":2}',
      '{"id":1,"text":"no number"}',
    ]);
    const headers = new Map(records.at(-1)?.headers.map(({ key, value }) => [key, String(value)]));
    expect(headers.get('millrace.redrive.count')).toBe('1');
    expect(headers.get('millrace.source')).toContain('offset');
    // The stream goes on after it.
    upstream.produce(1);
    await until(async () => (await bench.records('memory')).length === 4);
  });
});

describe('dead letters of a source', () => {
  test('stay however old their records are: retention does not take them', async () => {
    upstream.produce(3);
    bench.start(memorySource(upstream), { ...config, ...cast, 'topic.creation.default.partitions': '2' });
    await until(() => upstream.committed.at(-1) === 3);
    const dead = await bench.hub.admin.describe('dead');
    expect(dead).toMatchObject({ partitions: 1, config: { 'retention.ms': '-1' } });
    expect(await bench.hub.admin.describe('memory')).toMatchObject({ partitions: 2 });
  });

  test('that fail again are dead letters again, with their count', async () => {
    upstream.produce(3);
    bench.start(memorySource(upstream), { ...config, ...cast });
    await until(() => upstream.committed.at(-1) === 3);
    expect(await done((await service.redrive('source', everything)).id)).toMatchObject({ outcomes: { failed: 1 } });
    const { deadletters } = await service.list('source', {}, 10, false);
    expect(deadletters).toMatchObject([{ redrives: 1, value: { id: 1, text: 'no number' } }]);
  });

  test('one whose key has a later event is superseded: produced only if forced', async () => {
    const { task } = await mended('exactly-once');
    // The same key again.
    upstream.rows.push({ id: 1, topic: 'memory' });
    upstream.wake();
    await until(async () => (await bench.records('memory')).length === 3);
    expect((await done((await service.redrive('source', everything)).id)).outcomes).toEqual({ superseded: 1 });
    expect(await bench.records('memory')).toHaveLength(3);
    await done((await service.redrive('source', { ...everything, force: true })).id);
    expect(await bench.records('memory')).toHaveLength(4);
    await task.stop(2000);
  });

  test('one that a converter does not take is a dead letter too, and the batch goes on', async () => {
    upstream.produce(3);
    const converter = { 'value.converter': 'org.apache.kafka.connect.converters.IntegerConverter' };
    bench.start(memorySource(upstream), { ...config, ...converter });
    await until(() => upstream.committed.at(-1) === 3);
    const { deadletters } = await service.list('source', { error: 'VALUE_CONVERTER' }, 10, false);
    expect(deadletters.map(({ value }) => (value as { id: number }).id)).toEqual([0, 1, 2]);
    expect(await bench.records('memory')).toEqual([]);
  });

  test('bytes that the source could not read are given to it again, and pass the chain', async () => {
    upstream.text = (id) => String(id);
    upstream.unreadable = (id) => id === 1;
    upstream.produce(3);
    bench.start(memorySource(upstream), { ...config, ...cast });
    await until(() => upstream.committed.at(-1) === 3);
    expect((await done((await service.redrive('source', everything)).id)).outcomes).toEqual({ failed: 1 });
    const { deadletters } = await service.list('source', {}, 10, false);
    expect(deadletters).toMatchObject([
      { form: 'raw', stage: 'TASK_POLL', redrives: 1, value: { id: 1 }, message: 'row 1 is unreadable still' },
    ]);
    expect(deadletters[0]?.source).toEqual({ partition: { server: 'memory' }, offset: { index: 1 } });
    upstream.unreadable = () => false;
    expect((await done((await service.redrive('source', everything)).id)).outcomes).toEqual({ redriven: 1 });
    const records = await bench.records('memory');
    expect(records.map(({ value }) => value)).toEqual(['{"id":0,"text":0}', '{"id":2,"text":2}', '{"id":1,"text":1}']);
    const headers = new Map(records.at(-1)?.headers.map(({ key, value }) => [key, String(value)]));
    expect(headers.get('millrace.redrive.count')).toBe('2');
  });

  test('bytes of a source that reads none again stay dead letters', async () => {
    upstream.unreadable = (id) => id === 1;
    upstream.produce(3);
    const source = memorySource(upstream);
    const once = (): SourceTask => {
      const task = source.createTask({});
      return { open: (start) => task.open(start), read: (signal) => task.read(signal), close: () => task.close() };
    };
    bench.start({ ...source, createTask: once }, config);
    await until(async () => (await service.list('source', {}, 10, false)).deadletters.length === 1);
    expect((await done((await service.redrive('source', everything)).id)).outcomes).toEqual({ unsupported: 1 });
    expect((await service.list('source', {}, 10, false)).deadletters).toHaveLength(1);
  });

  test('are redriven as often as the limit allows', async () => {
    upstream.unreadable = (id) => id === 1;
    upstream.produce(3);
    bench.start(memorySource(upstream), { ...config, 'millrace.redrive.max': '2' });
    await until(() => upstream.committed.at(-1) === 3);
    const outcomes = [];
    for (let i = 0; i < 3; i++) outcomes.push((await done((await service.redrive('source', everything)).id)).outcomes);
    expect(outcomes).toEqual([{ failed: 1 }, { failed: 1 }, { limit: 1 }]);
  });
});
