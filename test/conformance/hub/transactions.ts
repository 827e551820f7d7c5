import { describe, expect, it } from 'vitest';
import type { Hub } from '../../../runtime/hub/port.ts';
import { batchOf, fresh, never, readAll, readUntil, recordsOf, values } from './driver.ts';

const transactional = (hub: Hub, id = fresh('tx'), transactionTimeoutMs = 60_000) =>
  hub.producer({ acks: 'all', transactionalId: id, transactionTimeoutMs });

export function transactionTests(open: () => Promise<Hub>): void {
  describe('transactions', () => {
    it('show all of a commit at once, over partitions and group offsets, and nothing before', async () => {
      const hub = await open();
      const topic = fresh('commit');
      const group = fresh('group');
      await hub.admin.createTopic(topic, 2);
      const producer = await transactional(hub);
      producer.begin();
      await producer.append(topic, 0, batchOf('a'));
      await producer.append(topic, 1, batchOf('b'));
      producer.addOffsets(group, [{ topic, partition: 1, offset: 42n, metadata: 'why' }]);
      expect(await readAll(hub, topic)).toEqual([]);
      expect(values(await readAll(hub, topic, 0, 'read_uncommitted'))).toEqual(['a']);
      expect(await hub.groups.offsets(group)).toEqual([]);
      await producer.commit();
      expect(values(await readAll(hub, topic, 0))).toEqual(['a']);
      expect(values(await readAll(hub, topic, 1))).toEqual(['b']);
      expect(await hub.groups.offsets(group)).toEqual([{ topic, partition: 1, offset: 42n, metadata: 'why' }]);
      await producer.close();
    });

    it('leave no trace of an abort for read_committed', async () => {
      const hub = await open();
      const topic = fresh('abort');
      const group = fresh('group');
      await hub.admin.createTopic(topic, 1);
      const producer = await transactional(hub);
      const plain = await hub.producer({ acks: 'all' });
      await plain.append(topic, 0, batchOf('before'));
      producer.begin();
      await producer.append(topic, 0, batchOf('gone'));
      await plain.append(topic, 0, batchOf('between'));
      await producer.append(topic, 0, batchOf('gone too'));
      producer.addOffsets(group, [{ topic, partition: 0, offset: 1n }]);
      await producer.abort();
      await plain.append(topic, 0, batchOf('after'));
      producer.begin();
      await producer.append(topic, 0, batchOf('kept'));
      await producer.commit();
      expect(values(await readAll(hub, topic))).toEqual(['before', 'between', 'after', 'kept']);
      expect(await hub.groups.offsets(group)).toEqual([]);
      await producer.close();
      await plain.close();
    });

    it('hold readers at the last stable offset until they end', async () => {
      const hub = await open();
      const topic = fresh('stable');
      await hub.admin.createTopic(topic, 1);
      const plain = await hub.producer({ acks: 'all' });
      const slow = await transactional(hub);
      slow.begin();
      await plain.append(topic, 0, batchOf('0'));
      await slow.append(topic, 0, batchOf('1'));
      await plain.append(topic, 0, batchOf('2'));
      const of = { topic, partition: 0 };
      expect((await hub.admin.offsets(of, 'read_committed')).latest).toBe(1n);
      expect((await hub.admin.offsets(of)).latest).toBe(3n);
      const reader = await hub.reader({ isolation: 'read_committed' });
      reader.assign([{ ...of, offset: 0n }]);
      expect(values(recordsOf(await reader.read(1000, never)))).toEqual(['0']);
      const waiting = reader.read(30_000, never);
      await slow.commit();
      expect(values(recordsOf(await waiting))).toEqual(['1', '2']);
      await Promise.all([plain.close(), slow.close(), reader.close()]);
    });

    it('may follow each other without waiting, and end in order', async () => {
      const hub = await open();
      const topic = fresh('pipeline');
      const group = fresh('group');
      await hub.admin.createTopic(topic, 1);
      const producer = await transactional(hub);
      const ends: Promise<void>[] = [];
      const order: number[] = [];
      for (let i = 0; i < 50; i++) {
        producer.begin();
        void producer.append(topic, 0, batchOf(`${i}`));
        producer.addOffsets(group, [{ topic, partition: 0, offset: BigInt(i) }]);
        const end = i % 5 === 4 ? producer.abort() : producer.commit();
        ends.push(end.then(() => void order.push(i)));
      }
      await Promise.all(ends);
      expect(order).toEqual(order.toSorted((a, b) => a - b));
      const kept = Array.from({ length: 50 }, (_, i) => i).filter((i) => i % 5 !== 4);
      expect(values(await readAll(hub, topic))).toEqual(kept.map(String));
      expect((await hub.groups.offsets(group))[0]?.offset).toBe(48n);
      await producer.close();
    });

    it('that miss a batch are not committed, nor is what was sent after them', async () => {
      const hub = await open();
      const topic = fresh('hole');
      const group = fresh('group');
      await hub.admin.createTopic(topic, 2, { 'max.message.bytes': '1000' });
      const producer = await transactional(hub);
      producer.begin();
      const bad = producer.append(topic, 0, batchOf('x'.repeat(2000)));
      producer.addOffsets(group, [{ topic, partition: 0, offset: 1n }]);
      const first = producer.commit();
      producer.begin();
      const later = producer.append(topic, 1, batchOf('later'));
      producer.addOffsets(group, [{ topic, partition: 0, offset: 2n }]);
      const second = producer.commit();
      const settled = await Promise.allSettled([bad, first, later, second]);
      expect(settled.map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
      expect(await hub.groups.offsets(group)).toEqual([]);
      producer.begin();
      await producer.append(topic, 1, batchOf('again'));
      await producer.commit();
      expect(values(await readAll(hub, topic, 1))).toEqual(['again']);
      await producer.close();
    });

    it('of a zombie are fenced and aborted by a newer producer of its id', async () => {
      const hub = await open();
      const other = await open();
      const topic = fresh('zombie');
      const id = fresh('tx');
      await hub.admin.createTopic(topic, 1);
      const zombie = await transactional(hub, id);
      zombie.begin();
      await zombie.append(topic, 0, batchOf('zombie'));
      const successor = await transactional(other, id);
      successor.begin();
      await successor.append(topic, 0, batchOf('successor'));
      await successor.commit();
      await expect(zombie.append(topic, 0, batchOf('late'))).rejects.toMatchObject({ code: 'HUB_PRODUCER_FENCED' });
      await expect(zombie.commit()).rejects.toMatchObject({ code: 'HUB_PRODUCER_FENCED' });
      expect(values(await readAll(hub, topic))).toEqual(['successor']);
      await Promise.all([zombie.close(), successor.close()]);
    });

    it('that nobody ends are aborted after their timeout', async () => {
      const hub = await open();
      const topic = fresh('timeout');
      await hub.admin.createTopic(topic, 1);
      const producer = await transactional(hub, fresh('tx'), 300);
      const plain = await hub.producer({ acks: 'all' });
      producer.begin();
      await producer.append(topic, 0, batchOf('lost'));
      await plain.append(topic, 0, batchOf('seen'));
      const reader = await hub.reader({ isolation: 'read_committed' });
      reader.assign([{ topic, partition: 0, offset: 0n }]);
      expect(values(await readUntil(reader, topic, 0, 2n))).toEqual(['seen']);
      await expect(producer.commit()).rejects.toMatchObject({ code: 'HUB_PRODUCER_FENCED' });
      await Promise.all([producer.close(), plain.close(), reader.close()]);
    });

    it('of a client that goes away are aborted', async () => {
      const hub = await open();
      const leaving = await open();
      const topic = fresh('leaving');
      await hub.admin.createTopic(topic, 1);
      const producer = await transactional(leaving);
      producer.begin();
      await producer.append(topic, 0, batchOf('lost'));
      await leaving.close();
      const plain = await hub.producer({ acks: 'all' });
      await plain.append(topic, 0, batchOf('seen'));
      const reader = await hub.reader({ isolation: 'read_committed' });
      reader.assign([{ topic, partition: 0, offset: 0n }]);
      expect(values(recordsOf(await reader.read(30_000, never)))).toEqual(['seen']);
      await Promise.all([plain.close(), reader.close()]);
    });
  });
}
