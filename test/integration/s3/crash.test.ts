import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
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

/**
 * Kills the sink again and again, with another flush size each time, then lets it reach the end. Goes on, with
 * more time between kills, until a kill has met a file that was whole and not yet counted.
 */
async function crashing(config: RawConfig, kills: number, seed: number, scale: number): Promise<void> {
  let from = '0';
  let random = seed;
  let adopted = 0;
  for (let kill = 0; kill < kills || (adopted === 0 && kill < 4 * kills); kill++) {
    random = (random * 48271) % 2147483647;
    const flushSize = String(scale * (200 + (random % 900)));
    const withinMs = (random % (100 + 50 * scale)) * (1 + Math.floor(kill / kills));
    const killed = await run({ ...config, 'flush.size': flushSize }, from, withinMs);
    adopted += killed.adopted;
    from = killed.ended ? '0' : killed.durable;
  }
  const last = await run({ ...config, 'flush.size': '500' }, from, null);
  expect(last.ended).toBe(true);
  expect(adopted + last.adopted).toBeGreaterThan(0);
}

const hourly = { 'partitioner.class': 'HourlyPartitioner', timezone: 'UTC', 'timestamp.extractor': 'Record' };

describe('killed in the middle of writing, over and over', () => {
  test.each([
    ['one file at a time', {}, 7],
    ['several files at a time', hourly, 11],
  ])('a folder has each record once: %s', async (_what, more, seed) => {
    const root = await mkdtemp(join(tmpdir(), 'mr-s3-crash-'));
    try {
      await crashing({ 'store.url': `file://${root}`, ...more }, 12, seed, 1);
      expectOnce(numbers(await finishedFiles(root)));
    } finally {
      await rm(root, { recursive: true });
    }
  });

  test.each([
    ['by topic', {}, 23],
    ['by topic and hour', hourly, 29],
  ])('a folder has each record once where transforms name topics after records: %s', async (_what, more, seed) => {
    const root = await mkdtemp(join(tmpdir(), 'mr-s3-crash-'));
    process.env['DESTINATIONS'] = '3';
    try {
      await crashing({ 'store.url': `file://${root}`, ...more }, 12, seed, 1);
      const files = await finishedFiles(root);
      expectOnce(numbers(files));
      expect(new Set([...files.keys()].map((name) => name.split('/').at(1)))).toEqual(
        new Set(['to-0', 'to-1', 'to-2']),
      );
    } finally {
      delete process.env['DESTINATIONS'];
      await rm(root, { recursive: true });
    }
  });

  test.skipIf(missing).each([
    ['one object at a time', {}, 13, 1],
    ['several objects at a time', hourly, 17, 1],
    ['objects of several parts', { 's3.part.size': '5242880' }, 19, 12],
  ])('a bucket has each record once: %s', async (_what, more, seed, scale) => {
    if (missing) return;
    const bucket = new Bucket(server, `crash-${seed}`);
    await crashing(bucket.config(more), 12, seed, scale);
    expectOnce(numbers(await bucket.files()));
  });
});
