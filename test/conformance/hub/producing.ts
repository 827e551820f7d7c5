import { describe, expect, it } from 'vitest';
import type { Hub } from '../../../runtime/hub/port.ts';
import { batchOf, fresh, never, readAll, readUntil, recordsOf, values } from './driver.ts';

export function producingTests(open: () => Promise<Hub>): void {
  describe('appending and reading', () => {
    it.each([0, 1, 'all'] as const)('keeps the order of appends under way, acks=%s', async (acks) => {
      const hub = await open();
      const topic = fresh('order');
      await hub.admin.createTopic(topic, 2);
      const producer = await hub.producer({ acks });
      const appends = [];
      for (let i = 0; i < 200; i++) appends.push(producer.append(topic, i % 2, batchOf(`${i}`, `${i}'`)));
      const appended = await Promise.all(appends);
      if (acks !== 0) expect(appended[3]).toMatchObject({ topic, partition: 1, baseOffset: 2n });
      await producer.close();
      const reader = await hub.reader({ isolation: 'read_committed' });
      reader.assign([{ topic, partition: 0, offset: 0n }]);
      const read = await readUntil(reader, topic, 0, 200n);
      expect(values(read).slice(0, 4)).toEqual(['0', "0'", '2', "2'"]);
      expect(read.map(({ offset }) => offset)).toEqual(Array.from({ length: 200 }, (_, i) => BigInt(i)));
      await reader.close();
    });

    it('has acknowledged what it shows to a reader that begins anywhere', async () => {
      const hub = await open();
      const topic = fresh('from');
      await hub.admin.createTopic(topic, 1);
      const producer = await hub.producer({ acks: 'all' });
      await producer.append(topic, 0, batchOf('a', 'b', 'c'));
      await producer.append(topic, 0, batchOf({ key: 'k', value: null }, { key: null, value: '' }));
      const reader = await hub.reader({ isolation: 'read_uncommitted' });
      reader.assign([{ topic, partition: 0, offset: 1n }]);
      const batches = await reader.read(1000, never);
      const read = recordsOf(batches, 1n);
      expect(read).toMatchObject([
        { offset: 1n, value: 'b' },
        { offset: 2n, value: 'c' },
        { offset: 3n, key: 'k', value: null },
        { offset: 4n, key: null, value: '' },
      ]);
      expect(reader.position(topic, 0)).toBe(5n);
      reader.seek(topic, 0, 4n);
      expect(recordsOf(await reader.read(1000, never), 4n)).toHaveLength(1);
      await producer.close();
      await reader.close();
    });

    it('wakes a waiting reader, and lets its signal end the wait', async () => {
      const hub = await open();
      const other = await open();
      const topic = fresh('wake');
      await hub.admin.createTopic(topic, 2);
      const reader = await other.reader({ isolation: 'read_committed' });
      reader.assign([0, 1].map((partition) => ({ topic, partition, offset: 0n })));
      const producer = await hub.producer({ acks: 'all' });
      const waiting = reader.read(30_000, never);
      await producer.append(topic, 1, batchOf('news'));
      expect(values(recordsOf(await waiting))).toEqual(['news']);
      const given = new AbortController();
      const ended = reader.read(30_000, given.signal);
      given.abort(new Error('enough'));
      await expect(ended).rejects.toThrow('enough');
      expect(await reader.read(1, never)).toEqual([]);
      await producer.close();
      await reader.close();
    });

    it('leaves paused partitions out and is fair to the others', async () => {
      const hub = await open();
      const topic = fresh('fair');
      await hub.admin.createTopic(topic, 3);
      const producer = await hub.producer({ acks: 'all' });
      const body = 'x'.repeat(4000);
      for (let i = 0; i < 12; i++) await producer.append(topic, i % 3, batchOf(body));
      const reader = await hub.reader({ isolation: 'read_committed', maxBytes: 3000 });
      reader.assign([0, 1, 2].map((partition) => ({ topic, partition, offset: 0n })));
      reader.pause([{ topic, partition: 2 }]);
      const seen = [];
      for (let i = 0; i < 4; i++) seen.push(...(await reader.read(1000, never)).map(({ partition }) => partition));
      expect(seen.toSorted((a, b) => a - b)).toEqual([0, 0, 1, 1]);
      reader.resume([{ topic, partition: 2 }]);
      for (let i = 0; i < 3; i++) seen.push(...(await reader.read(1000, never)).map(({ partition }) => partition));
      expect(seen).toContain(2);
      await producer.close();
      await reader.close();
    });

    it('creates topics a producer may create, and refuses others', async () => {
      const hub = await open();
      const topic = fresh('auto');
      const strict = await hub.producer({ acks: 'all' });
      await expect(strict.partitions(topic)).rejects.toMatchObject({ code: 'HUB_UNKNOWN_TOPIC' });
      await expect(strict.append(topic, 0, batchOf('a'))).rejects.toMatchObject({ code: 'HUB_UNKNOWN_TOPIC' });
      const producer = await hub.producer({ acks: 'all', createTopics: () => ({ partitions: 4 }) });
      expect(await producer.partitions(topic)).toBe(4);
      await producer.append(topic, 3, batchOf('a'));
      expect(values(await readAll(hub, topic, 3))).toEqual(['a']);
      await strict.close();
      await producer.close();
    });

    it('refuses a batch beyond max.message.bytes and goes on after it', async () => {
      const hub = await open();
      const topic = fresh('large');
      await hub.admin.createTopic(topic, 1, { 'max.message.bytes': '1000' });
      const producer = await hub.producer({ acks: 'all' });
      const large = producer.append(topic, 0, batchOf('x'.repeat(2000)));
      await expect(large).rejects.toMatchObject({ code: 'HUB_RECORD_TOO_LARGE' });
      await producer.append(topic, 0, batchOf('small'));
      expect(values(await readAll(hub, topic))).toEqual(['small']);
      await producer.close();
    });

    it('fails the appends after a failed one that were under way with it', async () => {
      const hub = await open();
      const topic = fresh('failing');
      await hub.admin.createTopic(topic, 1, { 'max.message.bytes': '1000' });
      const producer = await hub.producer({ acks: 'all' });
      const first = producer.append(topic, 0, batchOf('1'));
      const second = producer.append(topic, 0, batchOf('x'.repeat(2000)));
      const third = producer.append(topic, 0, batchOf('3'));
      const settled = await Promise.allSettled([first, second, third]);
      expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
      await producer.append(topic, 0, batchOf('4'));
      expect(values(await readAll(hub, topic))).toEqual(['1', '4']);
      await producer.close();
    });

    it('stamps records itself where the topic says so', async () => {
      const hub = await open();
      const topic = fresh('stamped');
      await hub.admin.createTopic(topic, 1, { 'message.timestamp.type': 'LogAppendTime' });
      const producer = await hub.producer({ acks: 'all' });
      const { logAppendTimeMs } = await producer.append(topic, 0, batchOf({ value: 'a', timestampMs: 1 }));
      expect(Math.abs(logAppendTimeMs - Date.now())).toBeLessThan(60_000);
      expect((await readAll(hub, topic))[0]?.timestampMs).toBe(logAppendTimeMs);
      await producer.close();
    });
  });
}
