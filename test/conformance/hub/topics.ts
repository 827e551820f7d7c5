import { describe, expect, it } from 'vitest';
import type { Hub } from '../../../runtime/hub/port.ts';
import { batchOf, fresh, readAll, values } from './driver.ts';

export function topicTests(open: () => Promise<Hub>): void {
  describe('topics', () => {
    it('describes a topic it created, and null for one it did not', async () => {
      const hub = await open();
      const topic = fresh('topic');
      expect(await hub.admin.describe(topic)).toBeNull();
      const created = await hub.admin.createTopic(topic, 3, { 'retention.ms': '1000000' });
      expect(created).toMatchObject({ name: topic, partitions: 3 });
      expect(created.config['retention.ms']).toBe('1000000');
      expect((await hub.admin.describe(topic))?.id).toBe(created.id);
      expect((await hub.admin.topics()).map(({ name }) => name)).toContain(topic);
    });

    it('refuses a topic that exists, and a name or setting that cannot be', async () => {
      const { admin } = await open();
      const topic = fresh('topic');
      await admin.createTopic(topic, 1);
      await expect(admin.createTopic(topic, 1)).rejects.toMatchObject({ code: 'HUB_TOPIC_EXISTS' });
      await expect(admin.createTopic('a b', 1)).rejects.toMatchObject({ code: 'HUB_TOPIC_INVALID' });
      await expect(admin.createTopic(fresh('topic'), 0)).rejects.toMatchObject({ code: 'HUB_TOPIC_INVALID' });
      const odd = { 'cleanup.policy': 'shred' };
      await expect(admin.createTopic(fresh('topic'), 1, odd)).rejects.toMatchObject({ code: 'HUB_TOPIC_INVALID' });
    });

    it('gives a topic made again another id and no old records', async () => {
      const hub = await open();
      const topic = fresh('topic');
      const { id } = await hub.admin.createTopic(topic, 1);
      const producer = await hub.producer({ acks: 'all' });
      await producer.append(topic, 0, batchOf('old'));
      await hub.admin.deleteTopic(topic);
      await expect(hub.admin.offsets({ topic, partition: 0 })).rejects.toMatchObject({ code: 'HUB_UNKNOWN_TOPIC' });
      await producer.close();
      const again = await hub.admin.createTopic(topic, 1);
      expect(again.id).not.toBe(id);
      expect(await hub.admin.offsets({ topic, partition: 0 })).toMatchObject({ earliest: 0n, latest: 0n });
    });

    it('alters single settings', async () => {
      const { admin } = await open();
      const topic = fresh('topic');
      await admin.createTopic(topic, 1, { 'retention.ms': '1', 'cleanup.policy': 'compact' });
      await admin.alterTopic(topic, { 'retention.ms': '2000000' });
      const config = (await admin.describe(topic))?.config;
      expect(config).toMatchObject({ 'retention.ms': '2000000', 'cleanup.policy': 'compact' });
      const { config: after } = await admin.alterTopic(topic, { 'cleanup.policy': null });
      expect(after).toMatchObject({ 'retention.ms': '2000000' });
      expect(after['cleanup.policy'] ?? 'delete').toBe('delete');
      await expect(admin.alterTopic(topic, { 'retention.ms': 'x' })).rejects.toMatchObject({
        code: 'HUB_TOPIC_INVALID',
      });
      expect((await admin.describe(topic))?.config).toEqual(after);
    });

    it('drops records before an offset, and says so to who asks for them', async () => {
      const hub = await open();
      const topic = fresh('topic');
      await hub.admin.createTopic(topic, 1);
      const producer = await hub.producer({ acks: 'all' });
      for (const value of ['a', 'b', 'c', 'd']) await producer.append(topic, 0, batchOf(value));
      await hub.admin.deleteRecords({ topic, partition: 0 }, 2n);
      expect((await hub.admin.offsets({ topic, partition: 0 })).earliest).toBe(2n);
      expect(values(await readAll(hub, topic))).toEqual(['c', 'd']);
      const reader = await hub.reader({ isolation: 'read_committed' });
      reader.assign([{ topic, partition: 0, offset: 1n }]);
      await expect(reader.read(100, AbortSignal.timeout(5000))).rejects.toMatchObject({
        code: 'HUB_OFFSET_OUT_OF_RANGE',
      });
      await producer.close();
      await reader.close();
    });

    it('finds offsets by time', async () => {
      const hub = await open();
      const topic = fresh('topic');
      await hub.admin.createTopic(topic, 1, { 'retention.ms': '-1' });
      const producer = await hub.producer({ acks: 'all' });
      const at = 1_700_000_000_000;
      for (let second = 0; second < 20; second++) {
        const timestampMs = at + second * 10_000;
        await producer.append(
          topic,
          0,
          batchOf({ value: 'a', timestampMs }, { value: 'b', timestampMs: timestampMs + 5 }),
        );
      }
      const find = (timestampMs: number) => hub.admin.offsetFor({ topic, partition: 0 }, { timestampMs });
      expect(await find(0)).toBe(0n);
      expect(await find(at)).toBe(0n);
      expect(await find(at + 1)).toBe(1n);
      expect(await find(at + 70_000)).toBe(14n);
      expect(await find(at + 70_001)).toBe(15n);
      expect(await find(at + 190_005)).toBe(39n);
      expect(await find(at + 190_006)).toBe(40n);
      expect(await hub.admin.offsetFor({ topic, partition: 0 }, 'earliest')).toBe(0n);
      expect(await hub.admin.offsetFor({ topic, partition: 0 }, 'latest')).toBe(40n);
      await producer.close();
    });
  });
}
