import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connector } from '../../../../connectors/s3/index.ts';
import type { RawConfig } from '../../../../runtime/connector/options.ts';
import type { SinkRecord } from '../../../../runtime/connector/sink.ts';
import { finishedFiles, parsedLines } from './archive-folder.ts';
import { sinkRecord, taskStart, unsyncedEnv } from './sink-records.ts';
import { feed } from './topic-reader.ts';

let root: string;
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), 'millrace-replay-'))));
afterEach(() => rm(root, { recursive: true }));

async function archive(
  folder: string,
  topic: readonly SinkRecord[],
  rules: RawConfig,
  from = 0n,
  batch = 10,
): Promise<bigint> {
  if (connector.kind !== 'sink') throw new Error('not a sink');
  const task = connector.createTask({ 'store.url': `file://${folder}`, ...rules });
  await task.open(taskStart(unsyncedEnv));
  const { durable } = await feed(task, topic, { from, batch });
  await task.close();
  return durable;
}

/** Offsets with gaps, times that wander, now and then a tombstone. */
const topics = fc
  .array(
    fc.record({
      gap: fc.integer({ min: 1, max: 3 }),
      timestampMs: fc.integer({ min: 0, max: 6 * 3_600_000 }),
      length: fc.integer({ min: 0, max: 200 }),
      tombstone: fc.boolean().map((value) => value && true),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((steps) => {
    let offset = 0;
    return steps.map(({ gap, timestampMs, length, tombstone }) => {
      offset += gap;
      const json = tombstone && length > 150 ? null : `{"n":${offset},"text":"${'x'.repeat(length)}"}`;
      return sinkRecord({ offset, timestampMs, json });
    });
  });

const rules = fc.record(
  {
    'flush.size': fc.integer({ min: 1, max: 20 }).map(String),
    'millrace.rotate.bytes': fc.integer({ min: 50, max: 2000 }).map(String),
    'rotate.interval.ms': fc.constantFrom('-1', '600000', '7200000'),
    'partitioner.class': fc.constantFrom('DefaultPartitioner', 'HourlyPartitioner'),
    'partitioner.max.open.files': fc.constantFrom('1', '2', '100'),
  },
  { requiredKeys: ['flush.size', 'partitioner.class'] },
);
const FIXED = { timezone: 'UTC', 'timestamp.extractor': 'Record', 'behavior.on.null.values': 'ignore' };

test('any place a replay may start from gives the same files', { timeout: 60_000 }, async () => {
  const property = fc.asyncProperty(
    topics,
    rules,
    fc.nat(),
    fc.nat(),
    fc.integer({ min: 1, max: 30 }),
    async (topic, rule, cut, lag, batch) => {
      const config = { ...rule, ...FIXED };
      const whole = await mkdtemp(join(root, 'whole-'));
      const end = await archive(whole, topic, config);
      const broken = await mkdtemp(join(root, 'broken-'));
      // The task dies after a part of the topic, having committed at one of its durable offsets, and starts again.
      const part = topic.slice(0, 1 + (cut % topic.length));
      const committed = await archive(broken, part.slice(0, 1 + (lag % part.length)), config, 0n, batch);
      await archive(broken, part, config, 0n, batch);
      expect(await archive(broken, topic, config, committed, batch)).toBe(end);
      expect(await finishedFiles(broken)).toEqual(await finishedFiles(whole));
    },
  );
  await fc.assert(property, { numRuns: 60 });
});

test('rules that change between two runs cost no record and repeat none', { timeout: 60_000 }, async () => {
  const property = fc.asyncProperty(topics, rules, rules, fc.nat(), async (topic, before, after, cut) => {
    const folder = await mkdtemp(join(root, 'changed-'));
    const same = { 'partitioner.class': before['partitioner.class'] ?? '', ...FIXED };
    const first = await archive(folder, topic.slice(0, 1 + (cut % topic.length)), { ...before, ...same });
    const second = await archive(folder, topic, { ...after, ...same });
    const durable = first > second ? first : second;
    const found = (parsedLines(await finishedFiles(folder)) as { n: number }[]).map(({ n }) => n).sort((a, b) => a - b);
    const written = topic
      .filter((record) => !record.tombstone && record.offset < durable)
      .map(({ offset }) => Number(offset));
    expect(found).toEqual(written);
  });
  await fc.assert(property, { numRuns: 60 });
});
