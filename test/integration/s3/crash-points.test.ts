import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { S3_CRASH_POINTS } from '../../../connectors/s3/crash-points.ts';
import type { RawConfig } from '../../../runtime/connector/options.ts';
import { startS3 } from '../../services/s3.ts';
import { finishedFiles } from '../../unit/connectors/s3/archive-folder.ts';
import { Bucket } from './bucket.ts';
import { expectOnce, numbers, run } from './crashing-sink.ts';

const server = await startS3();
const missing = 'missing' in server;
if (missing) console.warn(`skipped: ${server.missing}`);
afterAll(async () => {
  if (!missing) await server.stop();
});

const HOURLY = { 'partitioner.class': 'HourlyPartitioner', timezone: 'UTC', 'timestamp.extractor': 'Record' };
const SIZES = ['700', '450', '1100', '300', '900'];

/** Kills the sink at the point five times, at another passage and with another flush size each time. */
async function crashed(point: string, config: RawConfig, scale = 1): Promise<void> {
  let from = '0';
  let kills = 0;
  for (let attempt = 0; kills < 5 && attempt < 12; attempt++) {
    const flush = { 'flush.size': String(Number(SIZES[attempt % SIZES.length]) * scale) };
    const ran = await run({ ...config, ...flush }, from, null, `${point}:${1 + (attempt % 3)}`);
    if (!ran.ended) kills++;
    // Past the end without a kill: a group whose commits were lost starts again.
    from = ran.ended ? '0' : ran.durable;
  }
  expect(kills).toBe(5);
  expect((await run({ ...config, 'flush.size': '500' }, from, null)).ended).toBe(true);
}

/** A folder's files have no parts. */
const inFolder = S3_CRASH_POINTS.filter((point) => point !== 's3.after_part');

describe('killed at a named place, five times', () => {
  test.each(inFolder)('%s: a folder has each record once', async (point) => {
    const root = await mkdtemp(join(tmpdir(), 'mr-s3-points-'));
    try {
      await crashed(point, { 'store.url': `file://${root}`, ...HOURLY });
      expectOnce(numbers(await finishedFiles(root)));
    } finally {
      await rm(root, { recursive: true });
    }
  });

  test.skipIf(missing).each(S3_CRASH_POINTS)('%s: a bucket has each record once', async (point) => {
    if (missing) return;
    const bucket = new Bucket(server, `points-${point}`);
    const parts = point === 's3.after_part' || point === 's3.after_facts';
    const more = parts ? { 's3.part.size': '5242880' } : HOURLY;
    await crashed(point, bucket.config(more), parts ? 10 : 1);
    expectOnce(numbers(await bucket.files()));
  });
});
