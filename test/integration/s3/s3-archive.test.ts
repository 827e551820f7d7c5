import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { connector } from '../../../connectors/s3/index.ts';
import type { RawConfig } from '../../../runtime/connector/options.ts';
import type { SinkRecord, SinkTask } from '../../../runtime/connector/sink.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { startS3 } from '../../services/s3.ts';
import { parsedLines } from '../../unit/connectors/s3/archive-folder.ts';
import { sinkRecord, taskStart } from '../../unit/connectors/s3/sink-records.ts';
import { feed } from '../../unit/connectors/s3/topic-reader.ts';
import { Bucket } from './bucket.ts';
import { storeProxy } from './store-proxy.ts';

const server = await startS3();
const missing = 'missing' in server;
if (missing) console.warn(`skipped: ${server.missing}`);
afterAll(async () => {
  if (!missing) await server.stop();
});

let bucket: Bucket;
let folders = 0;
beforeEach(() => {
  if (!missing) bucket = new Bucket(server, `archive-${folders++}`);
});

async function started(config: RawConfig): Promise<SinkTask> {
  if (connector.kind !== 'sink') throw new Error('not a sink');
  const task = connector.createTask(config);
  await task.open(taskStart());
  return task;
}

async function archive(topic: readonly SinkRecord[], config: RawConfig): Promise<bigint> {
  const task = await started(config);
  try {
    return (await feed(task, topic, { batch: 50 })).durable;
  } finally {
    await task.close();
  }
}

const numbered = (count: number, text = ''): SinkRecord[] =>
  Array.from({ length: count }, (_, n) => sinkRecord({ offset: n, key: `k${n}`, json: `{"n":${n}${text}}` }));
/** About 12 MB in 120 records. */
const large = (): SinkRecord[] => numbered(120, `,"text":"${'x'.repeat(100_000)}"`);
const FIRST = 'orders/partition=0/orders+0+0000000000.json';

/** Hits every request of the method and path, up to a number of times. */
const some = (times: number, method: string, path: RegExp): ((m: string, p: string) => boolean) => {
  let left = times;
  return (m, p) => m === method && path.test(p) && left-- > 0;
};

const checked = async (more: RawConfig): Promise<readonly { ok: boolean; code?: string; key?: string }[]> => {
  const start = taskStart();
  const config = bucket.config({ 'flush.size': '1', 's3.part.retries': '0', ...more });
  const call = { name: 'archive', config, env: realEnv, log: start.context.log, signal: start.signal };
  return (await connector.check?.(call)) ?? [];
};

describe.skipIf(missing)('a bucket as an archive', () => {
  test('names objects and says in their metadata what they hold', async () => {
    expect(await archive(numbered(25), bucket.config({ 'flush.size': '10' }))).toBe(20n);
    expect(await bucket.names()).toEqual([FIRST, 'orders/partition=0/orders+0+0000000010.json']);
    expect(parsedLines(await bucket.files())).toEqual(Array.from({ length: 20 }, (_, n) => ({ n })));
    expect(await bucket.metadata(FIRST)).toEqual({
      'millrace-first-offset': '0',
      'millrace-last-offset': '9',
      'millrace-end-offset': '10',
      'millrace-records': '10',
      'millrace-crc32': expect.stringMatching(/^[0-9a-f]{8}$/) as string,
    });
  });

  test('uploads what is larger than a part in parts, its facts beside it', async () => {
    expect(await archive(large(), bucket.config({ 'flush.size': '120', 's3.part.size': '5242880' }))).toBe(120n);
    expect(await bucket.names()).toEqual([`.millrace/facts/${bucket.folder}/${FIRST.replace('.', ',')},facts`, FIRST]);
    expect((parsedLines(await bucket.files()) as { n: number }[]).map(({ n }) => n)).toEqual(
      Array.from({ length: 120 }, (_, n) => n),
    );
    expect(await archive(large(), bucket.config({ 'flush.size': '120', 's3.part.size': '5242880' }))).toBe(120n);
    expect(await bucket.unfinishedUploads()).toBe(0);
  });

  test('compresses', async () => {
    await archive(numbered(10), bucket.config({ 'flush.size': '10', 's3.compression.type': 'gzip' }));
    const [[name, bytes] = ['', Buffer.alloc(0)]] = await bucket.files();
    expect(name).toBe(`${FIRST}.gz`);
    expect(gunzipSync(bytes).toString().split('\n')).toHaveLength(11);
  });

  test('leaves no parts behind what a stop left open', async () => {
    const task = await started(bucket.config({ 'flush.size': '1000', 's3.part.size': '5242880' }));
    expect((await feed(task, large())).durable).toBe(0n);
    expect(await bucket.unfinishedUploads()).toBe(1);
    await task.close();
    expect(await bucket.unfinishedUploads()).toBe(0);
    expect(await bucket.names()).toEqual([]);
  });
});

describe.skipIf(missing)('an object that is there already', () => {
  test.each([
    ['one put', numbered(120), '10', '25'],
    ['one put, longer', numbered(120), '25', '10'],
    ['an upload in parts', large(), '60', '100'],
    ['an upload in parts, longer', large(), '100', '60'],
  ])('by %s with another flush.size is adopted: each record once', async (_what, topic, before, after) => {
    const parts = { 's3.part.size': '5242880' };
    await archive(topic.slice(0, Number(before)), bucket.config({ ...parts, 'flush.size': before }));
    const durable = await archive(topic, bucket.config({ ...parts, 'flush.size': after }));
    const expected = Number(before) + Math.floor((120 - Number(before)) / Number(after)) * Number(after);
    expect(durable).toBe(BigInt(expected));
    const numbers = (parsedLines(await bucket.files()) as { n: number }[]).map(({ n }) => n);
    expect(numbers).toEqual(Array.from({ length: expected }, (_, n) => n));
  });

  test('by a zombie, shorter than ours, is adopted', async () => {
    const config = bucket.config({ 'flush.size': '40' });
    const successor = await started(config);
    const zombie = await started(bucket.config({ 'flush.size': '15' }));
    await feed(successor, numbered(30), { batch: 50 });
    await feed(zombie, numbered(15), { batch: 50 });
    const taken = await feed(successor, numbered(120), { from: 30n, batch: 50, assign: false });
    expect(taken.durable).toBe(95n);
    const numbers = (parsedLines(await bucket.files()) as { n: number }[]).map(({ n }) => n);
    expect(numbers).toEqual(Array.from({ length: 95 }, (_, n) => n));
    await Promise.all([successor.close(), zombie.close()]);
  });

  test.each([
    ['one put', numbered(20), '20'],
    ['an upload in parts', large(), '120'],
  ])('of unknown making is a named conflict, for %s', async (_what, topic, size) => {
    await bucket.put(FIRST, 'something else');
    const config = bucket.config({ 'flush.size': size, 's3.part.size': '5242880' });
    await expect(archive(topic, config)).rejects.toMatchObject({ code: 'S3_OBJECT_CONFLICT' });
    expect((await bucket.bytes(FIRST)).toString()).toBe('something else');
  });

  test('with other records is a named conflict', async () => {
    await archive(numbered(10), bucket.config({ 'flush.size': '10' }));
    const other = numbered(10, ',"other":true');
    await expect(archive(other, bucket.config({ 'flush.size': '10' }))).rejects.toMatchObject({
      code: 'S3_OBJECT_CONFLICT',
    });
  });
});

describe.skipIf(missing)('when the store misbehaves', () => {
  test.each([
    ['a put whose answer is lost', 'PUT', /orders%2B0/, numbered(20), '10', { kind: 'lose' }],
    ['a completion whose answer is lost', 'POST', /uploadId=/, large(), '120', { kind: 'lose' }],
    ['a part whose answer is lost', 'PUT', /partNumber=2/, large(), '120', { kind: 'lose' }],
    ['503 SlowDown', 'PUT', /orders%2B0/, numbered(20), '10', { kind: 'answer', status: 503, code: 'SlowDown' }],
    [
      '409 on a put',
      'PUT',
      /orders%2B0/,
      numbered(20),
      '10',
      { kind: 'answer', status: 409, code: 'ConditionalRequestConflict' },
    ],
    [
      '409 on a completion',
      'POST',
      /uploadId=/,
      large(),
      '120',
      { kind: 'answer', status: 409, code: 'ConditionalRequestConflict' },
    ],
    ['500', 'PUT', /orders%2B0/, numbered(20), '10', { kind: 'answer', status: 500, code: 'InternalError' }],
  ] as const)('%s costs no record and repeats none', async (_what, method, path, topic, size, fault) => {
    const hit = some(2, method, path);
    const proxy = await storeProxy(bucket.server.url, (m, p) => (hit(m, p) ? fault : { kind: 'pass' }));
    try {
      const config = bucket.config({ 'flush.size': size, 's3.part.size': '5242880' }, proxy.url);
      expect(await archive(topic, config)).toBe(BigInt(topic.length));
      expect(proxy.hits).toBe(2);
      const numbers = (parsedLines(await bucket.files()) as { n: number }[]).map(({ n }) => n);
      expect(numbers).toEqual(Array.from({ length: topic.length }, (_, n) => n));
    } finally {
      await proxy.close();
    }
  });

  test('an outage longer than the retries is waited out', { timeout: 60_000 }, async () => {
    const hit = some(12, 'PUT', /orders%2B0/);
    const down = { kind: 'answer', status: 503, code: 'ServiceUnavailable' } as const;
    const proxy = await storeProxy(bucket.server.url, (m, p) => (hit(m, p) ? down : { kind: 'pass' }));
    try {
      const config = bucket.config({ 'flush.size': '10', 's3.part.retries': '1' }, proxy.url);
      expect(await archive(numbered(20), config)).toBe(20n);
      expect(proxy.hits).toBe(12);
      expect(parsedLines(await bucket.files())).toHaveLength(20);
    } finally {
      await proxy.close();
    }
  });

  test('a store without conditional writes is refused by name', async () => {
    const proxy = await storeProxy(bucket.server.url, (m) =>
      m === 'PUT' ? { kind: 'answer', status: 501, code: 'NotImplemented' } : { kind: 'pass' },
    );
    try {
      const config = bucket.config({ 'flush.size': '10', 's3.part.retries': '0' }, proxy.url);
      await expect(archive(numbered(20), config)).rejects.toMatchObject({
        code: 'S3_CONDITIONAL_WRITE_UNSUPPORTED',
        key: 'enable.conditional.writes',
      });
    } finally {
      await proxy.close();
    }
  });
});

describe.skipIf(missing)('the start', () => {
  const opened = async (more: RawConfig, url?: string): Promise<void> => {
    const task = await started(bucket.config({ 'flush.size': '1000', 's3.part.retries': '0', ...more }, url));
    await task.close();
  };

  afterEach(() => vi.unstubAllEnvs());

  test.each([
    ['a wrong secret', { 'aws.secret.access.key': 'wrong' }, 'S3_ACCESS_DENIED', 'aws.secret.access.key'],
    ['an unknown key', { 'aws.access.key.id': 'nobody' }, 'S3_ACCESS_DENIED', 'aws.access.key.id'],
    ['a missing bucket', { 's3.bucket.name': 'no-such-bucket' }, 'S3_BUCKET_MISSING', 's3.bucket.name'],
    [
      'credentials that are nowhere',
      { 'aws.access.key.id': '', 'aws.secret.access.key': '' },
      'S3_CREDENTIALS_MISSING',
      'aws.access.key.id',
    ],
  ])('fails by name with %s, before a record is read', async (_what, more, code, key) => {
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    await expect(opened(more)).rejects.toMatchObject({ code, key });
  });

  test.each([
    ['a store that is away for a moment', { kind: 'answer', status: 503, code: 'ServiceUnavailable' }, 'S3_THROTTLED'],
    ['credentials that may not list', { kind: 'answer', status: 403, code: 'AccessDenied' }, 'S3_ACCESS_DENIED'],
    ['a store that lists in another way', { kind: 'answer', status: 501, code: 'NotImplemented' }, ''],
  ] as const)('goes on with %s: the writes tell', async (_what, fault, warned) => {
    const proxy = await storeProxy(bucket.server.url, (m) => (m === 'GET' ? fault : { kind: 'pass' }));
    try {
      const start = taskStart();
      const { warnings } = start.told;
      if (connector.kind !== 'sink') throw new Error('not a sink');
      const task = connector.createTask(bucket.config({ 'flush.size': '10', 's3.part.retries': '0' }, proxy.url));
      await task.open(start);
      expect(proxy.hits).toBe(1);
      expect(warnings.get('S3_NOT_SEEN') ?? '').toContain(warned);
      await feed(task, numbered(20), { batch: 20 });
      expect(warnings.has('S3_NOT_SEEN')).toBe(false);
      await task.close();
    } finally {
      await proxy.close();
    }
  });
});

describe.skipIf(missing)('the check', () => {
  test('passes and writes nothing', async () => {
    expect((await checked({})).map(({ ok }) => ok)).toEqual([true, true]);
    expect(await bucket.names()).toEqual([]);
  });

  test.each([
    ['a missing bucket', { 's3.bucket.name': 'no-such-bucket' }, 'S3_BUCKET_MISSING', 's3.bucket.name'],
    ['a wrong secret', { 'aws.secret.access.key': 'wrong' }, 'S3_ACCESS_DENIED', 'aws.access.key.id'],
    ['a server that is not there', { 'store.url': 'http://127.0.0.1:9' }, 'S3_UNAVAILABLE', 'store.url'],
    ['a wrong option', { 'flush.size': '0' }, 'CONFIG_INVALID', 'flush.size'],
  ])('names %s and the option it concerns', async (_what, more, code, key) => {
    const results = await checked(more);
    expect(results.at(-1)).toMatchObject({ ok: false, code, key });
    expect(JSON.stringify(results)).not.toContain(bucket.server.secretKey);
  });
});
