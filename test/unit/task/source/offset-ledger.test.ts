import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Progress } from '../../../../runtime/connector/source.ts';
import { OffsetLedger, type LedgerEntry } from '../../../../runtime/task/source/offset-ledger.ts';

function at(partition: string, n: number): Progress {
  return { partition: { server: partition }, position: { toOffset: () => ({ n }) } };
}

function taken(ledger: OffsetLedger): Map<string, number> {
  return new Map(
    ledger.take().map(({ partition, position }) => [String(partition['server']), Number(position.toOffset()['n'])]),
  );
}

describe('offset ledger', () => {
  test('offers nothing before a batch is complete', () => {
    const ledger = new OffsetLedger();
    ledger.add([at('a', 1)]);
    expect(ledger.hasReady).toBe(false);
    expect(ledger.take()).toEqual([]);
    expect(ledger.pending).toBe(1);
  });

  test('holds back a later batch until the earlier one is complete', () => {
    const ledger = new OffsetLedger();
    const first = ledger.add([at('a', 1)]);
    const second = ledger.add([at('a', 2)]);
    ledger.complete(second);
    expect(ledger.take()).toEqual([]);
    ledger.complete(first);
    expect(taken(ledger)).toEqual(new Map([['a', 2]]));
    expect(ledger.hasReady).toBe(false);
  });

  test('does not let one source partition hold up another', () => {
    const ledger = new OffsetLedger();
    ledger.add([at('a', 1)]);
    ledger.complete(ledger.add([at('b', 1)]));
    expect(taken(ledger)).toEqual(new Map([['b', 1]]));
  });

  test('knows a source partition by its content, whatever the order of its fields', () => {
    const ledger = new OffsetLedger();
    const first = ledger.add([{ partition: { x: 1, y: 2 }, position: { toOffset: () => ({}) } }]);
    ledger.complete(ledger.add([{ partition: { y: 2, x: 1 }, position: { toOffset: () => ({}) } }]));
    expect(ledger.take()).toEqual([]);
    ledger.complete(first);
    expect(ledger.take()).toHaveLength(1);
  });

  test('a batch without progress holds up nothing', () => {
    const ledger = new OffsetLedger();
    ledger.add([]);
    ledger.complete(ledger.add([at('a', 1)]));
    expect(taken(ledger)).toEqual(new Map([['a', 1]]));
  });

  test('in any order of completion the offer is the newest of the contiguous finished prefix', () => {
    const step = fc.record({ partitions: fc.subarray(['a', 'b', 'c']), finish: fc.nat(), take: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ledger = new OffsetLedger();
        const batches: { entry: LedgerEntry; partitions: string[]; n: number; done: boolean }[] = [];
        const committed = new Map<string, number>();
        const expected = (partition: string): number | undefined => {
          let newest: number | undefined;
          for (const batch of batches.filter((one) => one.partitions.includes(partition))) {
            if (!batch.done) break;
            newest = batch.n;
          }
          return newest;
        };
        for (const [n, { partitions, finish, take }] of steps.entries()) {
          batches.push({ entry: ledger.add(partitions.map((name) => at(name, n))), partitions, n, done: false });
          const batch = batches[finish % batches.length];
          if (batch !== undefined) {
            ledger.complete(batch.entry);
            batch.done = true;
          }
          if (take) for (const [name, offered] of taken(ledger)) committed.set(name, offered);
        }
        for (const [name, offered] of taken(ledger)) committed.set(name, offered);
        for (const name of ['a', 'b', 'c']) expect(committed.get(name)).toBe(expected(name));
        expect(ledger.pending).toBe(batches.filter((batch) => !batch.done).length);
      }),
    );
  });
});
