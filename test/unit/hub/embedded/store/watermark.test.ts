import { describe, expect, it, onTestFinished } from 'vitest';
import { boundsOf } from '../../../../../runtime/hub/embedded/store/log-reader.ts';
import { rowKey } from '../../../../../runtime/hub/embedded/store/key.ts';
import { decodeRow, EMPTY_ROW, encodeRow } from '../../../../../runtime/hub/embedded/store/partition-row.ts';
import { RemoteWatermark, SharedWatermark } from '../../../../../runtime/hub/embedded/store/watermark.ts';
import { Store } from '../../../../../runtime/hub/embedded/store/store.ts';
import { batchOf, readAll } from '../../../../conformance/hub/driver.ts';
import { openTestHub, scratch } from '../harness.ts';

describe('the high watermark', () => {
  it('hides from readers what a commit has written that is not synced', async () => {
    const store = new Store(await scratch());
    onTestFinished(() => store.close());
    const row = { ...EMPTY_ROW, seq: 8, start: 2, end: 20, lso: 15, syncedEnd: 12, syncedLso: 10 };
    store.commit(true, () => void store.state.put(rowKey(3), encodeRow(row)));
    const watermark = new SharedWatermark();
    const end = (isolation: 'read_committed' | 'read_uncommitted') =>
      store.read(() => boundsOf(store, watermark, 3, isolation)?.end);
    watermark.publish(7);
    expect([end('read_uncommitted'), end('read_committed')]).toEqual([12, 10]);
    watermark.publish(8);
    expect([end('read_uncommitted'), end('read_committed')]).toEqual([20, 15]);
    expect(store.read(() => boundsOf(store, watermark, 4, 'read_committed'))).toBeNull();
  });

  it('is behind an append with acks=1 until the next sync', async () => {
    const hub = await openTestHub(await scratch());
    await hub.admin.createTopic('t', 1);
    const producer = await hub.producer({ acks: 1 });
    await producer.append('t', 0, batchOf('a'));
    expect((await hub.admin.offsets({ topic: 't', partition: 0 })).latest).toBe(0n);
    await hub.groups.alter('g', [{ topic: 't', partition: 0, offset: 0n }]);
    expect(await readAll(hub, 't')).toHaveLength(1);
  });

  it('never goes back in another process', () => {
    const watermark = new RemoteWatermark();
    watermark.advance(5);
    watermark.advance(3);
    expect(watermark.syncedSeq()).toBe(5);
  });
});

describe('a partition row', () => {
  it('is stored as pinned here, and a shorter one of an earlier version is read', () => {
    const row = { ...EMPTY_ROW, seq: 1, start: 2, end: 2 ** 52 };
    const bytes = encodeRow(row);
    expect(bytes.toString('hex', 0, 24)).toBe('3ff000000000000040000000000000004330000000000000');
    expect(decodeRow(bytes)).toEqual(row);
    expect(decodeRow(bytes.subarray(0, 24))).toEqual(row);
  });
});
