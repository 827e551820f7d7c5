import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignRanges } from '../../../../../runtime/hub/embedded/writer/range-assignment.ts';

const topics = (...names: string[]) => new Set(names);

describe('range assignment', () => {
  it('gives runs, the first members one more', () => {
    const consumers = [1, 2, 3].map((member) => ({ member, topics: topics('t') }));
    const assigned = assignRanges(consumers, new Map([['t', 7]]));
    const numbers = (member: number) => assigned.get(member)?.map(({ partition }) => partition);
    expect([numbers(1), numbers(2), numbers(3)]).toEqual([
      [0, 1, 2],
      [3, 4],
      [5, 6],
    ]);
  });

  it('gives each partition to exactly one of its subscribers, evenly', () => {
    const consumer = fc.record({ subscribed: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }) });
    const sizes = fc.record({ a: fc.nat(20), b: fc.nat(20), c: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(consumer, { maxLength: 8 }), sizes, (list, counts) => {
        const consumers = list.map(({ subscribed }, member) => ({ member, topics: topics(...subscribed) }));
        const assigned = assignRanges(consumers, new Map(Object.entries(counts)));
        for (const [topic, count] of Object.entries(counts)) {
          const shares = consumers
            .filter((of) => of.topics.has(topic))
            .map(({ member }) => assigned.get(member)?.filter((of) => of.topic === topic) ?? []);
          const given = shares.flat().map(({ partition }) => partition);
          const expected = shares.length === 0 ? [] : Array.from({ length: count }, (_, partition) => partition);
          expect(given.toSorted((a, b) => a - b)).toEqual(expected);
          const lengths = shares.map(({ length }) => length);
          if (lengths.length > 0) expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
        }
        const foreign = consumers.flatMap((of) =>
          assigned.get(of.member)?.filter(({ topic }) => !of.topics.has(topic)),
        );
        expect(foreign).toEqual([]);
      }),
    );
  });
});
