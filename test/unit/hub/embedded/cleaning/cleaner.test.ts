import { describe, expect, it } from 'vitest';
import type { Hub } from '../../../../../runtime/hub/port.ts';
import { batchOf, readAll, values, type TestRecord } from '../../../../conformance/hub/driver.ts';
import { openTestHub, scratch, testEnv } from '../harness.ts';

const DAY_MS = 86_400_000;

async function append(hub: Hub, topic: string, ...records: (TestRecord | string)[]): Promise<void> {
  const producer = await hub.producer({ acks: 'all' });
  for (const record of records) await producer.append(topic, 0, batchOf(record));
  await producer.close();
}

const pairs = async (hub: Hub, topic: string) =>
  (await readAll(hub, topic)).map(({ key, value, offset }) => `${offset}:${key}=${value}`);

describe('retention', () => {
  it('drops batches older than retention.ms, whole and from the beginning only', async () => {
    const { env, at } = testEnv();
    const hub = await openTestHub(await scratch(), env);
    await hub.admin.createTopic('t', 1, { 'retention.ms': '10000' });
    const young = { value: 'young', timestampMs: at.ms };
    await append(hub, 't', { value: 'old', timestampMs: at.ms - 9000 }, young, {
      value: 'late',
      timestampMs: at.ms - 9000,
    });
    at.ms += 2000;
    await hub.server.clean();
    expect(values(await readAll(hub, 't'))).toEqual(['young', 'late']);
    at.ms += 20_000;
    await hub.server.clean();
    expect(await hub.admin.offsets({ topic: 't', partition: 0 })).toEqual({ earliest: 3n, latest: 3n, sizeBytes: 0 });
  });

  it('keeps at least retention.bytes, and nothing is dropped without a limit', async () => {
    const hub = await openTestHub(await scratch());
    await hub.admin.createTopic('bounded', 1, { 'retention.bytes': '5000', 'retention.ms': '-1' });
    await hub.admin.createTopic('unbounded', 1, { 'retention.ms': '-1' });
    const large = Array.from({ length: 20 }, () => 'x'.repeat(1000));
    await append(hub, 'bounded', ...large);
    await append(hub, 'unbounded', ...large);
    await hub.server.clean();
    const { sizeBytes, earliest } = await hub.admin.offsets({ topic: 'bounded', partition: 0 });
    expect(sizeBytes).toBeGreaterThanOrEqual(5000);
    expect(sizeBytes).toBeLessThan(6200);
    expect(earliest).toBe(15n);
    expect(await readAll(hub, 'unbounded')).toHaveLength(20);
  });

  it('leaves what an open transaction still holds', async () => {
    const { env, at } = testEnv();
    const hub = await openTestHub(await scratch(), env);
    await hub.admin.createTopic('t', 1, { 'retention.ms': '1000' });
    const producer = await hub.producer({ acks: 'all', transactionalId: 'tx' });
    producer.begin();
    await producer.append('t', 0, batchOf({ value: 'open', timestampMs: at.ms }));
    at.ms += DAY_MS;
    await hub.server.clean();
    await producer.commit();
    expect(values(await readAll(hub, 't'))).toEqual(['open']);
  });

  it('frees the batches and group offsets of a deleted topic', async () => {
    const hub = await openTestHub(await scratch());
    await hub.admin.createTopic('t', 1);
    await append(hub, 't', 'a', 'b');
    await hub.groups.alter('g', [{ topic: 't', partition: 0, offset: 1n }]);
    await hub.admin.deleteTopic('t');
    await hub.server.clean();
    expect(await hub.groups.list()).toEqual([]);
    expect(hub.server.store.read(() => [...hub.server.store.log.getKeys({})])).toEqual([]);
  });
});

describe('compaction', () => {
  const compacted = { 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '0' };

  it('keeps the last record of each key under its offset', async () => {
    const hub = await openTestHub(await scratch());
    await hub.admin.createTopic('t', 1, compacted);
    for (const [key, value] of ['a1', 'b1', 'a2', 'c1', 'b2', 'a3'])
      await append(hub, 't', { key: key ?? '', value: value ?? '' });
    await hub.server.clean();
    expect(await pairs(hub, 't')).toEqual(['3:c=1', '4:b=2', '5:a=3']);
    await append(hub, 't', { key: 'c', value: '2' });
    await hub.server.clean();
    expect(await pairs(hub, 't')).toEqual(['4:b=2', '5:a=3', '6:c=2']);
    expect((await hub.admin.offsets({ topic: 't', partition: 0 })).latest).toBe(7n);
  });

  it('takes single records out of a batch, also a compressed one', async () => {
    const hub = await openTestHub(await scratch());
    await hub.admin.createTopic('t', 1, compacted);
    const { BatchBuilder } = await import('../../../../../runtime/hub/batch/batch-builder.ts');
    const producer = await hub.producer({ acks: 'all' });
    for (const compression of ['none', 'gzip', 'zstd', 'lz4'] as const) {
      const builder = new BatchBuilder({ compression });
      for (const key of ['x', 'y', compression]) builder.add(1, Buffer.from(key), Buffer.from(compression));
      await producer.append('t', 0, builder.finish());
    }
    await hub.server.clean();
    expect(await pairs(hub, 't')).toEqual([
      '2:none=none',
      '5:gzip=gzip',
      '8:zstd=zstd',
      '9:x=lz4',
      '10:y=lz4',
      '11:lz4=lz4',
    ]);
  });

  it('keeps a tombstone for delete.retention.ms after it was cleaned', async () => {
    const { env, at } = testEnv();
    const hub = await openTestHub(await scratch(), env);
    await hub.admin.createTopic('t', 1, { ...compacted, 'delete.retention.ms': '60000' });
    await append(hub, 't', { key: 'a', value: '1' }, { key: 'a', value: null }, { key: 'b', value: '1' });
    await hub.server.clean();
    expect(await pairs(hub, 't')).toEqual(['1:a=null', '2:b=1']);
    at.ms += 59_000;
    await hub.server.clean();
    expect(await pairs(hub, 't')).toEqual(['1:a=null', '2:b=1']);
    at.ms += 2000;
    await hub.server.clean();
    expect(await pairs(hub, 't')).toEqual(['2:b=1']);
  });

  it('lets no aborted record replace a committed one', async () => {
    const hub = await openTestHub(await scratch());
    await hub.admin.createTopic('t', 1, compacted);
    await append(hub, 't', { key: 'a', value: 'committed' });
    const producer = await hub.producer({ acks: 'all', transactionalId: 'tx' });
    producer.begin();
    await producer.append('t', 0, batchOf({ key: 'a', value: 'aborted' }));
    await producer.abort();
    await hub.server.clean();
    expect(await pairs(hub, 't')).toEqual(['0:a=committed']);
    producer.begin();
    await producer.append('t', 0, batchOf({ key: 'a', value: 'new' }));
    await hub.server.clean();
    expect(await pairs(hub, 't')).toEqual(['0:a=committed']);
    await producer.commit();
    await hub.server.clean();
    expect(await pairs(hub, 't')).toEqual(['3:a=new']);
  });

  it('compacts and deletes where a topic asks for both', async () => {
    const { env, at } = testEnv();
    const hub = await openTestHub(await scratch(), env);
    await hub.admin.createTopic('t', 1, { ...compacted, 'cleanup.policy': 'compact,delete', 'retention.ms': '1000' });
    await append(
      hub,
      't',
      { key: 'a', value: '1', timestampMs: at.ms },
      { key: 'a', value: '2', timestampMs: at.ms + 5000 },
    );
    await append(hub, 't', { key: 'b', value: '1', timestampMs: at.ms + 5000 });
    at.ms += 2000;
    await hub.server.clean();
    expect(await pairs(hub, 't')).toEqual(['1:a=2', '2:b=1']);
    at.ms += 10_000;
    await hub.server.clean();
    expect(await pairs(hub, 't')).toEqual([]);
  });

  it('waits for min.cleanable.dirty.ratio and min.compaction.lag.ms', async () => {
    const { env, at } = testEnv();
    const hub = await openTestHub(await scratch(), env);
    await hub.admin.createTopic('t', 1, { ...compacted, 'min.compaction.lag.ms': '60000' });
    await append(
      hub,
      't',
      { key: 'a', value: '1', timestampMs: at.ms },
      { key: 'a', value: '2', timestampMs: at.ms + 30_000 },
    );
    at.ms += 50_000;
    await hub.server.clean();
    expect(await pairs(hub, 't')).toHaveLength(2);
    at.ms += 50_000;
    await hub.server.clean();
    expect(await pairs(hub, 't')).toEqual(['1:a=2']);
  });
});
