import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { connector } from '../../../connectors/s3/index.ts';
import type { SinkRecord } from '../../../runtime/connector/sink.ts';
import { startS3 } from '../../services/s3.ts';
import { parsedLines } from '../../unit/connectors/s3/archive-folder.ts';
import { sinkRecord, taskStart } from '../../unit/connectors/s3/sink-records.ts';
import { feed } from '../../unit/connectors/s3/topic-reader.ts';
import { Bucket } from './bucket.ts';
import { typedRecord } from './numbered.ts';

const server = await startS3();
const missing = 'missing' in server;
if (missing) console.warn(`skipped: ${server.missing}`);
afterAll(async () => {
  if (!missing) await server.stop();
});

const BUDGET = 16_777_216;
const TEXT = 'x'.repeat(20_000);
const HOURLY = { 'partitioner.class': 'HourlyPartitioner', timezone: 'UTC', 'timestamp.extractor': 'Record' };
/** 48 MB over so many hours in turn: no file of the small ones reaches a part. */
const wide = (hours: number): SinkRecord[] =>
  Array.from({ length: 2400 }, (_, n) =>
    sinkRecord({ offset: n, timestampMs: (n % hours) * 3_600_000, json: `{"n":${n},"text":"${TEXT}"}` }),
  );

let bucket: Bucket;
let folders = 0;
beforeEach(() => {
  if (!missing) bucket = new Bucket(server, `memory-${folders++}`);
});

async function archive(
  topic: readonly SinkRecord[],
  more: Record<string, string>,
): Promise<{ durable: bigint; most: number }> {
  if (connector.kind !== 'sink') throw new Error('not a sink');
  const task = connector.createTask(bucket.config({ 'flush.size': '100000', 's3.part.size': '10485760', ...more }));
  const start = taskStart();
  await task.open(start);
  let most = 0;
  const watched = {
    ...task,
    assign: task.assign.bind(task),
    write: async (...args: Parameters<typeof task.write>) => {
      const result = await task.write(...args);
      most = Math.max(most, start.told.gauges.get('buffered_bytes') ?? 0);
      return result;
    },
  } as typeof task;
  const { durable } = await feed(watched, topic, { batch: 50 });
  await task.close();
  return { durable, most };
}

describe.skipIf(missing)('the bytes of open files stay within the budget', () => {
  test.each([
    ['by parts sent early', 2],
    ['by closing files early, which a replay adopts', 40],
  ])('%s', { timeout: 120_000 }, async (_what, hours) => {
    const topic = wide(hours);
    const tight = { ...HOURLY, 'millrace.buffer.bytes': String(BUDGET) };
    const { most, durable } = await archive(topic, tight);
    expect(most).toBeLessThanOrEqual(BUDGET);
    expect(most).toBeGreaterThan(BUDGET / 4);
    const replayed = await archive(topic, { ...HOURLY, 'flush.size': '500' });
    expect(replayed.durable).toBeGreaterThan(durable);
    const numbers = (parsedLines(await bucket.files()) as { n: number }[]).map(({ n }) => n).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: Number(replayed.durable) }, (_, n) => n));
  });

  test('by row groups written early', async () => {
    const topic = Array.from({ length: 6000 }, (_, n) => typedRecord(n));
    const parquet = { 'format.class': 'ParquetFormat', 'millrace.buffer.bytes': String(BUDGET), 'flush.size': '6000' };
    const { most, durable } = await archive(topic, { ...HOURLY, ...parquet });
    expect(durable).toBe(6000n);
    expect(most).toBeLessThanOrEqual(BUDGET);
  });
});
