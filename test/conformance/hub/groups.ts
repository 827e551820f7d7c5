import { describe, expect, it } from 'vitest';
import type { Assignment, GroupMember, Hub } from '../../../runtime/hub/port.ts';
import { fresh, never } from './driver.ts';

const ascending = (a: number, b: number) => a - b;
const numbers = (assignment: Assignment) => assignment.partitions.map(({ partition }) => partition).toSorted(ascending);

/** Acknowledges until the assignment has `count` partitions. */
async function settle(member: GroupMember, count: number): Promise<Assignment> {
  let assignment = await member.assignment(-1, never);
  await member.acknowledge(assignment.generation);
  while (assignment.partitions.length !== count) {
    assignment = await member.assignment(assignment.generation, AbortSignal.timeout(20_000));
    await member.acknowledge(assignment.generation);
  }
  return assignment;
}

export function groupTests(open: () => Promise<Hub>): void {
  describe('groups', () => {
    it('give all partitions to the only member, and share them with a second', async () => {
      const hub = await open();
      const topic = fresh('shared');
      const group = fresh('group');
      await hub.admin.createTopic(topic, 4);
      const first = await hub.groups.join(group, { names: [topic] });
      const alone = await settle(first, 4);
      expect(numbers(alone)).toEqual([0, 1, 2, 3]);
      const second = await hub.groups.join(group, { names: [topic] });
      const [one, two] = await Promise.all([settle(first, 2), settle(second, 2)]);
      expect([...numbers(one), ...numbers(two)].toSorted(ascending)).toEqual([0, 1, 2, 3]);
      expect((await hub.groups.list()).find((found) => found.group === group)?.members).toBe(2);
      await second.leave();
      expect(numbers(await settle(first, 4))).toEqual([0, 1, 2, 3]);
      await first.leave();
    });

    it('never give a partition to two members', async () => {
      const hub = await open();
      const topic = fresh('owned');
      const group = fresh('group');
      await hub.admin.createTopic(topic, 2);
      const first = await hub.groups.join(group, { names: [topic] });
      const before = await settle(first, 2);
      const second = await hub.groups.join(group, { names: [topic] });
      const waiting = await second.assignment(-1, never);
      expect(waiting.partitions).toEqual([]);
      const after = await first.assignment(before.generation, never);
      expect(after.partitions).toHaveLength(1);
      const given = second.assignment(waiting.generation, AbortSignal.timeout(20_000));
      await first.acknowledge(after.generation);
      expect((await given).partitions).toHaveLength(1);
      await Promise.all([first.leave(), second.leave()]);
    });

    it('follow topics that match their pattern later', async () => {
      const hub = await open();
      const prefix = fresh('pattern');
      const member = await hub.groups.join(fresh('group'), { pattern: `${prefix}\\..*` });
      const none = await member.assignment(-1, never);
      expect(none.partitions).toEqual([]);
      const grown = member.assignment(none.generation, AbortSignal.timeout(20_000));
      await hub.admin.createTopic(`${prefix}.a`, 2);
      expect(numbers(await grown)).toEqual([0, 1]);
      await member.leave();
    });

    it('keep the offsets their members commit, until they are altered or deleted', async () => {
      const hub = await open();
      const topic = fresh('offsets');
      const group = fresh('group');
      await hub.admin.createTopic(topic, 2);
      const member = await hub.groups.join(group, { names: [topic] });
      const { generation } = await settle(member, 2);
      await member.commit(generation, [{ topic, partition: 0, offset: 5n, metadata: 'm' }]);
      await member.commit(generation, [{ topic, partition: 1, offset: 6n }]);
      await member.commit(generation, [{ topic, partition: 0, offset: 7n }]);
      const stored = [
        { topic, partition: 0, offset: 7n },
        { topic, partition: 1, offset: 6n },
      ];
      expect(await hub.groups.offsets(group)).toEqual(stored);
      const altering = hub.groups.alter(group, [{ topic, partition: 0, offset: 1n }]);
      await expect(altering).rejects.toMatchObject({ code: 'HUB_GROUP_ACTIVE' });
      await member.leave();
      await hub.groups.alter(group, [
        { topic, partition: 0, offset: 1n },
        { topic, partition: 1, offset: null },
      ]);
      expect(await hub.groups.offsets(group)).toEqual([{ topic, partition: 0, offset: 1n }]);
      await hub.groups.delete(group);
      expect(await hub.groups.offsets(group)).toEqual([]);
      expect((await hub.groups.list()).map((found) => found.group)).not.toContain(group);
    });

    it('fence commits of a generation that is over or of partitions given up', async () => {
      const hub = await open();
      const topic = fresh('fence');
      const group = fresh('group');
      await hub.admin.createTopic(topic, 2);
      const first = await hub.groups.join(group, { names: [topic] });
      const before = await settle(first, 2);
      const second = await hub.groups.join(group, { names: [topic] });
      const after = await settle(first, 1);
      const lost = before.partitions.find((of) => !after.partitions.some((kept) => kept.partition === of.partition));
      const offset = { topic, partition: lost?.partition ?? -1, offset: 1n };
      await expect(first.commit(after.generation, [offset])).rejects.toMatchObject({ code: 'HUB_GROUP_FENCED' });
      await expect(first.commit(before.generation, [])).rejects.toMatchObject({ code: 'HUB_GROUP_FENCED' });
      await first.leave();
      await expect(first.commit(after.generation, [])).rejects.toMatchObject({ code: 'HUB_GROUP_FENCED' });
      await second.leave();
    });
  });
}
