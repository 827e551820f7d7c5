import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DeadLetterService } from '../../../runtime/app/dead-letters/dead-letter-service.ts';
import type { SinkRecord, SinkRejection } from '../../../runtime/connector/sink.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { BatchBuilder } from '../../../runtime/hub/batch/batch-builder.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { RedriveRequest } from '../../../runtime/rest/dead-letter-access.ts';
import { RedriveStore } from '../../../runtime/store/redrives.ts';
import { until } from '../../until.ts';
import { memorySink, MemoryTarget } from './memory-sink.ts';
import { TaskBench } from './task-bench.ts';

let bench: TaskBench;
let target: MemoryTarget;
let service: DeadLetterService;
/** Values that the sink does not take. */
let bad: Set<number>;

const config = {
  name: 'sink',
  topics: 'memory',
  'errors.tolerance': 'all',
  'errors.deadletterqueue.topic.name': 'dead',
};
const everything: RedriveRequest = { action: 'redrive', filter: {}, only: null, force: false };

beforeEach(async () => {
  bench = await TaskBench.open();
  target = new MemoryTarget();
  bad = new Set();
  target.beforeWrite = rejectBad;
  target.refuses = (record) =>
    bad.has(numberOf(record)) ? new MillraceError('NO', 'still bad', { kind: 'data' }) : null;
  service = new DeadLetterService({ hub: bench.hub, env: realEnv, connector: () => ({ config, kind: 'sink' }) });
});

afterEach(async () => {
  await service.close();
  await bench.close();
});

const numberOf = (record: SinkRecord): number =>
  Number((record.value().value as ReadonlyMap<string, unknown>).get('n'));
const committed = async (): Promise<number> =>
  Number((await bench.hub.groups.offsets('connect-sink'))[0]?.offset ?? -1n);
const written = (): number[] => target.written.map(({ offset }) => Number(offset));

function rejectBad(batch: readonly SinkRecord[]) {
  const rejected: SinkRejection[] = [];
  for (const record of batch) {
    const { topic, partition, offset } = record;
    if (bad.has(numberOf(record)))
      rejected.push({ record, error: new MillraceError('SINK_NO', `no ${numberOf(record)}`, { kind: 'data' }) });
    else target.written.push({ topic, partition, offset, value: record.value().value });
  }
  const last = batch.at(-1);
  return { durable: new Map(last === undefined ? [] : [['memory-0', last.offset + 1n]]), rejected };
}

/** Records `{"n":n}`, each under the key that is given for it. */
async function fill(records: readonly (readonly [string, number])[]): Promise<void> {
  const producer = await bench.hub.producer({ acks: 'all', createTopics: () => ({ partitions: 1 }) });
  await producer.partitions('memory');
  const builder = new BatchBuilder();
  for (const [key, n] of records) builder.add(1000 + n, Buffer.from(`"${key}"`), Buffer.from(JSON.stringify({ n })));
  await producer.append('memory', 0, builder.finish());
  await producer.close();
}

async function done(id: string) {
  await until(async () => (await service.job('sink', id)).state !== 'open');
  return service.job('sink', id);
}

const three = [
  ['a', 0],
  ['b', 1],
  ['c', 2],
] as const;

describe('dead letters of a sink', () => {
  test('are found by error, key and time, and shown readable', async () => {
    await fill(three);
    bad = new Set([0, 2]);
    bench.start(memorySink(target), config);
    await until(async () => (await committed()) === 3);
    const { deadletters } = await service.list('sink', {}, 10, false);
    expect(deadletters.map(({ key, value, code, origin, state }) => ({ key, value, code, origin, state }))).toEqual([
      {
        key: 'a',
        value: { n: 0 },
        code: 'SINK_NO',
        origin: { topic: 'memory', partition: 0, offset: '0' },
        state: 'open',
      },
      {
        key: 'c',
        value: { n: 2 },
        code: 'SINK_NO',
        origin: { topic: 'memory', partition: 0, offset: '2' },
        state: 'open',
      },
    ]);
    const found = async (query: object) => (await service.list('sink', query, 10, false)).deadletters.length;
    expect([await found({ key: 'c' }), await found({ error: 'no 0' }), await found({ error: 'TASK_PUT' })]).toEqual([
      1, 1, 2,
    ]);
    expect([await found({ fromMs: Date.now() + 1000 }), await found({ toMs: Date.now() + 1000 })]).toEqual([0, 2]);
    expect((await service.list('sink', {}, 1, false)).more).toBe(true);
    const shown = await service.show('sink', 'dead', 0, 1n, true);
    expect(shown.stack).toContain('no 2');
    expect((await service.show('sink', 'dead', 0, 1n, false)).stack).toBeUndefined();
    await expect(service.show('sink', 'memory', 0, 1n, false)).rejects.toThrow('no dead letter');
  });

  test('go back into the running sink at their old place, once mended', async () => {
    await fill(three);
    bad = new Set([0, 2]);
    bench.start(memorySink(target), config);
    await until(async () => (await committed()) === 3);
    bad.clear();
    const job = await service.redrive('sink', everything);
    expect(await done(job.id)).toMatchObject({ state: 'done', total: 2, outcomes: { redriven: 2 } });
    expect(written()).toEqual([1, 0, 2]);
    expect((await service.list('sink', {}, 10, false)).deadletters).toEqual([]);
    expect((await service.list('sink', {}, 10, true)).deadletters.map(({ state }) => state)).toEqual([
      'redriven',
      'redriven',
    ]);
    expect(await done((await service.redrive('sink', everything)).id)).toMatchObject({ total: 0 });
  });

  test('ordered several times at once are redriven once, and the other orders are refused by name', async () => {
    await fill(three);
    bad = new Set([0, 1, 2]);
    bench.start(memorySink(target), config);
    await until(async () => (await committed()) === 3);
    bad.clear();
    const discard: RedriveRequest = { ...everything, action: 'discard' };
    const orders = [everything, everything, discard, everything, discard, everything];
    const answers = await Promise.allSettled(orders.map((order) => service.redrive('sink', order)));
    const [first] = answers;
    expect(first?.status).toBe('fulfilled');
    // Those that came while it was under way; one that came after its end found nothing left.
    for (const answer of answers.slice(1)) {
      if (answer.status === 'fulfilled') expect(answer.value).toMatchObject({ state: 'done', total: 0 });
      else expect(answer.reason).toMatchObject({ code: 'DEADLETTERS_BUSY', kind: 'conflict' });
    }
    await until(async () => (await service.jobs('sink')).every(({ state }) => state === 'done'));
    expect(written()).toEqual([0, 1, 2]);
    const { deadletters } = await service.list('sink', {}, 10, true);
    expect(deadletters.map(({ state }) => state)).toEqual(['redriven', 'redriven', 'redriven']);
  });

  test('of jobs that were open side by side each comes to its end', async () => {
    await fill(three);
    bad = new Set([0, 2]);
    const { task } = bench.start(memorySink(target), config);
    await until(async () => (await committed()) === 3);
    await task.stop(2000);
    bad.clear();
    const { id } = await service.redrive('sink', everything);
    const store = await RedriveStore.open(
      { hub: bench.hub, env: realEnv, failed: () => {} },
      new AbortController().signal,
    );
    const [job] = store.jobs('sink');
    if (job === undefined) throw new Error('the job is not stored');
    await store.putJob({ ...job, id: 'second' });
    await store.putJob({ ...job, id: 'third', action: 'discard' });
    await store.close();
    bench.start(memorySink(target), config);
    await until(async () => (await service.jobs('sink')).every(({ state }) => state === 'done'));
    expect(await done(id)).toMatchObject({ outcomes: { redriven: 2 } });
    expect(await done('second')).toMatchObject({ total: 2, outcomes: {} });
    expect(written()).toEqual([1, 0, 2]);
  });

  test('one that fails again is a new dead letter with its count, until the limit', async () => {
    await fill(three);
    bad = new Set([1]);
    bench.start(memorySink(target), { ...config, 'millrace.redrive.max': '2' });
    await until(async () => (await committed()) === 3);
    for (const outcomes of [{ failed: 1 }, { failed: 1 }, { limit: 1 }]) {
      expect(await done((await service.redrive('sink', everything)).id)).toMatchObject({ total: 1, outcomes });
    }
    const { deadletters } = await service.list('sink', {}, 10, false);
    expect(deadletters).toMatchObject([{ redrives: 2, state: 'open', origin: { offset: '1' } }]);
  });

  test('one whose key was delivered newer is superseded: written only if forced', async () => {
    await fill([
      ['a', 0],
      ['b', 1],
      ['a', 2],
      ['b', 3],
    ]);
    // Of b, the later one is a dead letter too: it does not supersede.
    bad = new Set([0, 1, 3]);
    bench.start(memorySink(target), config);
    await until(async () => (await committed()) === 4);
    bad.clear();
    const job = await done((await service.redrive('sink', everything)).id);
    expect(job.outcomes).toEqual({ superseded: 1, redriven: 2 });
    expect(written()).toEqual([2, 1, 3]);
    const [first] = (await service.list('sink', { key: 'a' }, 10, true)).deadletters;
    expect(first).toMatchObject({ state: 'superseded', note: 'by offset 2' });
    const forced = await done((await service.redrive('sink', { ...everything, force: true })).id);
    expect(forced.outcomes).toEqual({ redriven: 1 });
    expect(written()).toEqual([2, 1, 3, 0]);
  });

  test('one that is read again, as after a crash, is not delivered beside its dead letter', async () => {
    const rewindTo = (offset: bigint): Promise<void> =>
      bench.hub.groups.alter('connect-sink', [{ topic: 'memory', partition: 0, offset }]);
    await fill(three);
    bad = new Set([1]);
    const first = bench.start(memorySink(target), config);
    await until(async () => (await committed()) === 3);
    await first.task.stop(2000);
    await rewindTo(1n);
    target.written.length = 0;
    // Mended meanwhile.
    bad.clear();
    const second = bench.start(memorySink(target), config);
    await until(async () => (await committed()) === 3);
    expect(written()).toEqual([2]);
    expect((await done((await service.redrive('sink', everything)).id)).outcomes).toEqual({ redriven: 1 });
    expect(written()).toEqual([2, 1]);
    await second.task.stop(2000);
    // Going back behind where the sink stood when it was redriven means all of it again.
    await rewindTo(0n);
    target.written.length = 0;
    bench.start(memorySink(target), config);
    await until(async () => (await committed()) === 3);
    expect(written()).toEqual([0, 1, 2]);
  });

  test('stay however old their records are: retention does not take them', async () => {
    await fill(three);
    bad = new Set([0]);
    bench.start(memorySink(target), config);
    await until(async () => (await committed()) === 3);
    const dead = await bench.hub.admin.describe('dead');
    expect(dead).toMatchObject({ partitions: 1, config: { 'retention.ms': '-1' } });
    const old = (await bench.records('dead')).map(({ timestampMs }) => timestampMs);
    expect(old).toEqual([1000]);
  });

  test('a dead-letter topic that was made anew has none of the old outcomes', async () => {
    await fill(three);
    bad = new Set([0]);
    const first = bench.start(memorySink(target), config);
    await until(async () => (await committed()) === 3);
    await done((await service.redrive('sink', { ...everything, action: 'discard' })).id);
    expect((await service.list('sink', {}, 10, false)).deadletters).toEqual([]);
    await first.task.stop(2000);
    await bench.hub.admin.deleteTopic('dead');
    bench.start(memorySink(target), config);
    bad = new Set([3]);
    await fill([['d', 3]]);
    await until(async () => (await service.list('sink', {}, 10, false)).deadletters.length > 0);
    const { deadletters } = await service.list('sink', {}, 10, false);
    expect(deadletters).toMatchObject([{ offset: '0', state: 'open', value: { n: 3 } }]);
  });

  test('of a topic that was made anew hide none of its records, and go back only if forced', async () => {
    await fill(three);
    bad = new Set([0]);
    const first = bench.start(memorySink(target), config);
    await until(async () => (await committed()) === 3);
    await first.task.stop(2000);
    await bench.hub.admin.deleteTopic('memory');
    bad.clear();
    target.written.length = 0;
    await fill([
      ['a', 10],
      ['b', 11],
    ]);
    bench.start(memorySink(target), { ...config, 'consumer.override.auto.offset.reset': 'earliest' });
    await until(async () => (await committed()) === 2);
    expect(target.written.map(({ value }) => (value as ReadonlyMap<string, unknown>).get('n'))).toEqual([10, 11]);
    const { deadletters } = await service.list('sink', {}, 10, false);
    expect(deadletters).toMatchObject([{ origin: { topic: 'memory', offset: '0' }, state: 'open' }]);
    expect((await done((await service.redrive('sink', everything)).id)).outcomes).toEqual({ superseded: 1 });
    expect(written()).toEqual([0, 1]);
    const [letter] = (await service.list('sink', {}, 10, true)).deadletters;
    expect(letter).toMatchObject({ state: 'superseded', note: expect.stringContaining('made anew') });
    expect((await done((await service.redrive('sink', { ...everything, force: true })).id)).outcomes).toEqual({
      redriven: 1,
    });
    expect(written()).toEqual([0, 1, 0]);
  });

  test('a job goes on in the next start of the task, without what is done', async () => {
    await fill(Array.from({ length: 250 }, (_, n) => [`k${n}`, n] as const));
    bad = new Set(Array.from({ length: 250 }, (_, n) => n));
    const first = bench.start(memorySink(target), config);
    await until(async () => (await committed()) === 250);
    bad.clear();
    let calls = 0;
    target.refuses = () => {
      if (calls++ === 150) throw new MillraceError('DOWN', 'down', { kind: 'unavailable' });
      return null;
    };
    const job = await service.redrive('sink', everything);
    expect(await done(job.id)).toMatchObject({ outcomes: { redriven: 250 } });
    await first.task.stop(2000);
    // The second call failed half way: what it had written comes again, as at any restart of a sink without versions.
    expect(target.redrives).toEqual([100, 100, 50]);
    expect(new Set(written()).size).toBe(250);
  });

  test('a stopped task leaves the job open, and the next start does it', async () => {
    await fill(three);
    bad = new Set([0]);
    const first = bench.start(memorySink(target), config);
    await until(async () => (await committed()) === 3);
    await first.task.stop(2000);
    bad.clear();
    const job = await service.redrive('sink', everything);
    expect(job.state).toBe('open');
    await expect(service.redrive('sink', everything)).rejects.toMatchObject({ code: 'DEADLETTERS_BUSY' });
    bench.start(memorySink(target), config);
    expect(await done(job.id)).toMatchObject({ state: 'done', outcomes: { redriven: 1 } });
  });

  test('some can be chosen, and some discarded', async () => {
    await fill(three);
    bad = new Set([0, 1, 2]);
    bench.start(memorySink(target), config);
    await until(async () => (await committed()) === 3);
    bad.clear();
    const only = [{ partition: 0, offset: '1' }];
    await done((await service.redrive('sink', { ...everything, only })).id);
    expect(written()).toEqual([1]);
    await done((await service.redrive('sink', { ...everything, action: 'discard', filter: { key: 'a' } })).id);
    expect(written()).toEqual([1]);
    const states = (await service.list('sink', {}, 10, true)).deadletters.map(({ state }) => state);
    expect(states).toEqual(['discarded', 'redriven', 'open']);
  });

  test('a sink that cannot be given a record again says so, and nothing is written', async () => {
    await fill(three);
    bad = new Set([0]);
    const sink = memorySink(target);
    const plain = {
      ...sink,
      createTask: (of: Record<string, string>) => Object.assign(sink.createTask(of), { redrive: undefined }),
    };
    bench.start(plain, config);
    await until(async () => (await committed()) === 3);
    const job = await done((await service.redrive('sink', everything)).id);
    expect(job).toMatchObject({ state: 'refused', problem: expect.stringContaining('MemorySink') as string });
  });
});

describe('millrace.errors.block.key', () => {
  const blocking = { ...config, 'millrace.errors.block.key': 'true' };
  const records = [
    ['a', 0],
    ['b', 1],
    ['a', 2],
    ['a', 3],
  ] as const;

  test('holds later records of a dead key back, also after a restart, and redrives them in order', async () => {
    await fill(records);
    bad = new Set([0]);
    const first = bench.start(memorySink(target), blocking);
    await until(async () => (await committed()) === 4);
    expect(written()).toEqual([1]);
    await first.task.stop(2000);
    await fill([
      ['a', 4],
      ['c', 5],
    ]);
    bench.start(memorySink(target), blocking);
    await until(async () => (await committed()) === 6);
    expect(written()).toEqual([1, 5]);
    const { deadletters } = await service.list('sink', {}, 10, false);
    expect(deadletters.map(({ stage }) => stage)).toEqual(['TASK_PUT', 'BLOCKED', 'BLOCKED', 'BLOCKED']);
    bad.clear();
    expect((await done((await service.redrive('sink', everything)).id)).outcomes).toEqual({ redriven: 4 });
    expect(written()).toEqual([1, 5, 0, 2, 3, 4]);
    await fill([['a', 6]]);
    await until(async () => (await committed()) === 7);
    expect(written().at(-1)).toBe(6);
  });
});
