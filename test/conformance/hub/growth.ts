import { describe, expect, it } from 'vitest';
import type { Hub } from '../../../runtime/hub/port.ts';
import { batchOf, fresh, never, readAll, values } from './driver.ts';

async function appended(hub: Hub, topic: string, ...of: readonly (readonly [partition: number, value: string])[]) {
  const producer = await hub.producer({ acks: 'all' });
  for (const [partition, value] of of) await producer.append(topic, partition, batchOf(value));
  await producer.close();
}

export function growthTests(open: () => Promise<Hub>): void {
  describe('a topic that gets more partitions', () => {
    it('keeps its id, settings and records', async () => {
      const hub = await open();
      const topic = fresh('growing');
      const { id } = await hub.admin.createTopic(topic, 2, { 'retention.ms': '1000000' });
      await appended(hub, topic, [0, 'a'], [1, 'b'], [1, 'c']);
      const grown = await hub.admin.createPartitions(topic, 5);
      expect(grown).toMatchObject({ name: topic, id, partitions: 5, config: { 'retention.ms': '1000000' } });
      expect(await hub.admin.describe(topic)).toEqual(grown);
      await appended(hub, topic, [4, 'd'], [0, 'e']);
      const all = await Promise.all([0, 1, 2, 3, 4].map(async (of) => values(await readAll(hub, topic, of))));
      expect(all).toEqual([['a', 'e'], ['b', 'c'], [], [], ['d']]);
    });

    it('only grows', async () => {
      const { admin } = await open();
      const topic = fresh('growing');
      await admin.createTopic(topic, 3);
      for (const wrong of [3, 2, 0, -1, 1.5, 100_000]) {
        await expect(admin.createPartitions(topic, wrong), `${wrong}`).rejects.toMatchObject({
          code: 'HUB_PARTITIONS_INVALID',
          key: 'partitions',
        });
      }
      const absent = admin.createPartitions(fresh('absent'), 2);
      await expect(absent).rejects.toMatchObject({ code: 'HUB_UNKNOWN_TOPIC' });
      expect((await admin.describe(topic))?.partitions).toBe(3);
    });

    it('refuses what was placed by the old number, and whatever that transaction held', async () => {
      const hub = await open();
      const topic = fresh('growing');
      await hub.admin.createTopic(topic, 1);
      const producer = await hub.producer({ acks: 'all', transactionalId: fresh('tx') });
      producer.begin();
      await producer.append(topic, 0, batchOf('before'), 1);
      await hub.admin.createPartitions(topic, 2);
      expect(await producer.partitions(topic)).toBe(2);
      const refused = { code: 'HUB_PARTITIONS_CHANGED', kind: 'busy' };
      await expect(producer.append(topic, 0, batchOf('stale'), 1)).rejects.toMatchObject(refused);
      await expect(producer.commit()).rejects.toMatchObject(refused);
      producer.begin();
      await producer.append(topic, 1, batchOf('fresh'), 2);
      await producer.append(topic, 0, batchOf('placed by itself'));
      await producer.commit();
      expect(values(await readAll(hub, topic, 0))).toEqual(['placed by itself']);
      expect(values(await readAll(hub, topic, 1))).toEqual(['fresh']);
    });

    it('gives the new partitions to the members of its groups', async () => {
      const hub = await open();
      const topic = fresh('growing');
      await hub.admin.createTopic(topic, 1);
      const member = await hub.groups.join(fresh('group'), { names: [topic] });
      const first = await member.assignment(-1, never);
      expect(first.partitions).toEqual([{ topic, partition: 0 }]);
      await member.acknowledge(first.generation);
      const next = member.assignment(first.generation, AbortSignal.timeout(20_000));
      await hub.admin.createPartitions(topic, 3);
      expect((await next).partitions.map(({ partition }) => partition).toSorted()).toEqual([0, 1, 2]);
      await member.leave();
    });

    it('where the hub tells growths, offsets tell what came before one, in whatever partition', async () => {
      const hub = await open();
      const topic = fresh('growing');
      await hub.admin.createTopic(topic, 2);
      await appended(hub, topic, [0, 'a'], [1, 'b'], [1, 'c'], [1, 'd']);
      await hub.admin.createPartitions(topic, 3);
      await appended(hub, topic, [2, 'e'], [0, 'f']);
      await hub.admin.createPartitions(topic, 4);
      await appended(hub, topic, [3, 'g'], [0, 'h'], [1, 'i'], [2, 'j']);
      const growths = (await hub.admin.describe(topic))?.growths;
      if (growths === undefined) return;
      expect(growths.map(({ partitions }) => partitions)).toEqual([2, 3]);
      const [first = 0n, second = 0n] = growths.map(({ offset }) => offset);
      const stages: string[][] = [[], [], []];
      for (let partition = 0; partition < 4; partition++) {
        for (const { offset, value } of await readAll(hub, topic, partition)) {
          const stage = offset < first ? 0 : offset < second ? 1 : 2;
          stages[stage]?.push(value ?? '');
        }
      }
      expect(stages.map((values) => values.toSorted().join(''))).toEqual(['abcd', 'ef', 'ghij']);
    });

    it('is passed by a reader that stood at the end, and by one that reads from the beginning', async () => {
      const hub = await open();
      const topic = fresh('growing');
      await hub.admin.createTopic(topic, 2);
      await appended(hub, topic, [1, 'a'], [1, 'b']);
      const reader = await hub.reader({ isolation: 'read_committed' });
      reader.assign([{ topic, partition: 0, offset: 0n }]);
      expect(await reader.read(0, never)).toEqual([]);
      const waiting = reader.read(20_000, AbortSignal.timeout(20_000));
      await hub.admin.createPartitions(topic, 3);
      await appended(hub, topic, [0, 'c']);
      let batches = await waiting;
      while (batches.length === 0) batches = await reader.read(1000, AbortSignal.timeout(20_000));
      expect(batches).toHaveLength(1);
      const { latest } = await hub.admin.offsets({ topic, partition: 0 }, 'read_committed');
      expect(reader.position(topic, 0)).toBe(latest);
      await reader.close();
    });
  });
}
