import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { realEnv } from '../../../runtime/env/real.ts';
import { openHub } from '../../../runtime/hub/embedded/open.ts';
import type { Hub } from '../../../runtime/hub/port.ts';
import { offsetKey, OffsetStore, parseOffsetKey, partitionIdentity } from '../../../runtime/store/offsets.ts';

describe('offset keys', () => {
  // As a Kafka Connect worker wrote it.
  const recorded = '["ref",{"server":"ref"}]';

  test('are written as Kafka Connect writes them, and read back', () => {
    expect(offsetKey('ref', { server: 'ref' })).toBe(recorded);
    expect(parseOffsetKey(recorded)).toEqual({ connector: 'ref', partition: { server: 'ref' } });
  });

  test.each(['x', '[]', '["a"]', '["a",1]', '[1,{}]', '{"a":{}}', '["a",[]]', '["a",null]'])('%s is none', (key) => {
    expect(parseOffsetKey(key)).toBeNull();
  });

  test('a source partition is the same whatever the order of its fields, at any depth', () => {
    expect(partitionIdentity({ a: 1, b: { c: 2, d: [3, { f: 1, e: 2 }] } })).toBe(
      partitionIdentity({ b: { d: [3, { e: 2, f: 1 }], c: 2 }, a: 1 }),
    );
    expect(partitionIdentity({ a: { b: 1 } })).not.toBe(partitionIdentity({ a: { b: 2 } }));
  });
});

describe('offset store', () => {
  let path: string;
  let hub: Hub;
  const signal = AbortSignal.timeout(60_000);

  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), 'millrace-offsets-'));
    hub = await openHub({ path, env: realEnv });
  });

  afterAll(async () => {
    await hub.close();
    await rm(path, { recursive: true, force: true });
  });

  const open = (topic: string, partitions = 3): Promise<OffsetStore> =>
    OffsetStore.open({ hub, env: realEnv, topic, partitions });

  test('refuses a topic that drops old records: offsets would be forgotten', async () => {
    await hub.admin.createTopic('dropping', 1, { 'cleanup.policy': 'delete' });
    await expect(open('dropping')).rejects.toMatchObject({ code: 'STORE_TOPIC_NOT_COMPACTED', kind: 'config' });
  });

  test('gives back the last offset of each source partition of its connector only', async () => {
    const store = await open('a');
    await store.write('one', [
      { partition: { table: 'x' }, offset: { lsn: 1 } },
      { partition: { table: 'y' }, offset: { lsn: 2 } },
    ]);
    await store.write('two', [{ partition: { table: 'x' }, offset: { lsn: 9 } }]);
    await store.write('one', [{ partition: { table: 'x' }, offset: { lsn: 3, deep: { a: null } } }]);
    await store.close();
    const again = await open('a');
    const offsets = await again.read('one', signal);
    expect(offsets.sort((a, b) => String(a.partition['table']).localeCompare(String(b.partition['table'])))).toEqual([
      { partition: { table: 'x' }, offset: { lsn: 3, deep: { a: null } } },
      { partition: { table: 'y' }, offset: { lsn: 2 } },
    ]);
    expect(await again.read('three', signal)).toEqual([]);
    await again.close();
  });

  test('forgets a source partition whose offset is null', async () => {
    const store = await open('b');
    await store.write('one', [{ partition: {}, offset: { at: 1 } }]);
    await store.write('one', [{ partition: {}, offset: null }]);
    expect(await store.read('one', signal)).toEqual([]);
    await store.close();
  });

  test('its topic is compacted', async () => {
    const store = await open('c', 5);
    expect(await hub.admin.describe('c')).toMatchObject({ partitions: 5, config: { 'cleanup.policy': 'compact' } });
    await store.close();
  });

  test('an offset behind an open transaction of somebody else is waited for, not missed', async () => {
    const store = await open('d', 1);
    const other = await hub.producer({ acks: 'all', transactionalId: 'other' });
    other.begin();
    const [batch] = store.batches('other', [{ partition: {}, offset: { at: 5 } }]);
    if (batch === undefined) throw new Error('no batch');
    await other.append('d', batch.partition, batch.batch);
    await store.write('one', [{ partition: {}, offset: { at: 1 } }]);
    const reading = store.read('one', signal);
    const first = await Promise.race([
      reading.then(() => 'read'),
      realEnv.timers.sleep(100, signal).then(() => 'waits'),
    ]);
    expect(first).toBe('waits');
    await other.abort();
    expect(await reading).toEqual([{ partition: {}, offset: { at: 1 } }]);
    expect(await store.read('other', signal)).toEqual([]);
    await other.close();
    await store.close();
  });

  test('a value that is no offset is named', async () => {
    const store = await open('e', 1);
    const producer = await hub.producer({ acks: 'all' });
    const { encodeRecords } = await import('../../../runtime/store/compacted-topic-batch.ts');
    await producer.append('e', 0, encodeRecords([{ key: '["one",{}]', value: '[1]' }], 0));
    await expect(store.read('one', signal)).rejects.toMatchObject({ code: 'STORE_OFFSET_INVALID', kind: 'position' });
    await producer.close();
    await store.close();
  });
});
