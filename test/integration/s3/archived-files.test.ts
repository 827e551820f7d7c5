import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { archivedFiles } from '../../../connectors/s3/archived-files.ts';
import type { RawConfig } from '../../../runtime/connector/options.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { startS3 } from '../../services/s3.ts';
import { Bucket } from './bucket.ts';

const server = await startS3();
const missing = 'missing' in server;
if (missing) console.warn(`skipped: ${server.missing}`);
afterAll(async () => {
  if (!missing) await server.stop();
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mr-fetched-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function found(config: RawConfig, topic = 'orders'): Promise<readonly string[]> {
  return archivedFiles({ config, topic, env: realEnv, signal: new AbortController().signal, folder });
}

describe.skipIf(missing)('the archive in a bucket', () => {
  const bucket = missing ? undefined : new Bucket(server, 'fetched');
  const config = { ...bucket?.config({ 'flush.size': '1' }) };

  test('is fetched topic by topic, over all pages, what is hidden and other topics left out', async () => {
    const names = Array.from(
      { length: 1005 },
      (_, n) => `orders/partition=0/orders+0+${String(n).padStart(10, '0')}.json`,
    );
    await bucket?.put('orders2/partition=0/orders2+0+0000000000.json', 'other topic');
    await bucket?.put('.millrace/facts/orders,facts', 'hidden');
    for (let at = 0; at < names.length; at += 50) {
      await Promise.all(names.slice(at, at + 50).map(async (name) => bucket?.put(name, `{"of":"${name}"}\n`)));
    }
    const files = await found(config);
    expect(files.map((path) => readFileSync(path, 'utf8'))).toEqual(names.map((name) => `{"of":"${name}"}\n`));
    expect(new Set(files).size).toBe(1005);
  });

  test('is searched whole where transforms rename topics, hidden objects and other topics left out', async () => {
    const renamed = new Bucket(server as Exclude<typeof server, { missing: string }>, 'renamed');
    await renamed.put('shop/partition=0/orders+0+0000000000.json', 'first');
    await renamed.put('other/partition=1/orders+1+0000000007.json', 'second');
    await renamed.put('shop/partition=0/old.orders+0+0000000000.json', 'of another topic');
    await renamed.put('.millrace/facts/shop/partition=0/orders+0+0000000000.json,facts', 'hidden');
    const own = { ...renamed.config({ 'flush.size': '1' }), transforms: 'route' };
    const files = await found(own);
    expect(files.map((path) => readFileSync(path, 'utf8')).toSorted()).toEqual(['first', 'second']);
  });

  test('has nothing of a topic without objects', async () => {
    expect(await found(config, 'nothing')).toEqual([]);
  });

  test('that is not there is named with the remedy', async () => {
    await expect(found({ ...config, 's3.bucket.name': 'no-such-bucket' })).rejects.toMatchObject({
      code: 'S3_BUCKET_MISSING',
    });
  });
});
