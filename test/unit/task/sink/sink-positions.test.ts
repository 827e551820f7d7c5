import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SinkPositions } from '../../../../runtime/task/sink/sink-positions.ts';

const P0 = { topic: 't', partition: 0 };
const durable = (offset: bigint) => new Map([['t-0', offset]]);

describe('sink positions', () => {
  test('offer for commit only what is durable, once', () => {
    const positions = new SinkPositions();
    positions.add(P0, 5n);
    positions.wrote(P0, 10n);
    expect(positions.uncommitted).toEqual([]);
    positions.durable(durable(8n));
    expect(positions.uncommitted).toEqual([{ ...P0, offset: 8n }]);
    positions.committed(positions.uncommitted);
    expect(positions.uncommitted).toEqual([]);
    expect(positions.settled).toBe(false);
    positions.durable(durable(10n));
    positions.committed(positions.uncommitted);
    expect(positions.settled).toBe(true);
  });

  test('pass over what was taken away', () => {
    const positions = new SinkPositions();
    positions.add(P0, 0n);
    positions.remove([P0]);
    positions.durable(durable(5n));
    positions.wrote(P0, 5n);
    expect(positions.uncommitted).toEqual([]);
    expect(positions.nextOf(P0)).toBeNull();
  });

  test('go past dropped records only where all that was given is durable', () => {
    const positions = new SinkPositions();
    positions.add(P0, 0n);
    positions.wrote(P0, 5n);
    positions.passed(P0, 9n);
    expect(positions.uncommitted).toEqual([]);
    positions.durable(durable(3n));
    expect(positions.uncommitted).toEqual([{ ...P0, offset: 3n }]);
    positions.durable(durable(5n));
    expect(positions.uncommitted).toEqual([{ ...P0, offset: 9n }]);
    positions.committed(positions.uncommitted);
    expect(positions.settled).toBe(true);
  });

  test('commit past dropped records though none was given', () => {
    const positions = new SinkPositions();
    positions.add(P0, 4n);
    positions.passed(P0, 7n);
    expect(positions.uncommitted).toEqual([{ ...P0, offset: 7n }]);
    expect(positions.nextOf(P0)).toBe(7n);
  });

  test('refuse a durable offset the task was never given', () => {
    const positions = new SinkPositions();
    positions.add(P0, 0n);
    positions.wrote(P0, 5n);
    expect(() => positions.durable(durable(6n))).toThrow('t-0 is durable up to 6');
  });

  test('a seek back reads again and keeps what is durable', () => {
    const positions = new SinkPositions();
    positions.add(P0, 0n);
    positions.wrote(P0, 10n);
    positions.durable(durable(7n));
    positions.seek(durable(7n));
    expect(positions.nextOf(P0)).toBe(7n);
    expect(positions.next).toEqual([{ ...P0, offset: 7n }]);
    expect(positions.uncommitted).toEqual([{ ...P0, offset: 7n }]);
  });

  test('in any order of events the commit never passes what is durable, and never goes back', () => {
    const event = fc.oneof(
      fc.record({ kind: fc.constant('write' as const), by: fc.bigInt({ min: 1n, max: 20n }) }),
      fc.record({ kind: fc.constant('durable' as const), part: fc.bigInt({ min: 0n, max: 100n }) }),
      fc.record({ kind: fc.constant('seek' as const), part: fc.bigInt({ min: 0n, max: 100n }) }),
      fc.record({ kind: fc.constant('commit' as const) }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 50 }), (events) => {
        const positions = new SinkPositions();
        positions.add(P0, 0n);
        let next = 0n;
        let written = 0n;
        let safe = 0n;
        let committed = 0n;
        for (const one of events) {
          if (one.kind === 'write') {
            next += one.by;
            if (next > written) written = next;
            positions.wrote(P0, next);
          } else if (one.kind === 'durable') {
            const offset = (written * one.part) / 100n;
            if (offset > safe) safe = offset;
            positions.durable(durable(offset));
          } else if (one.kind === 'seek') {
            next = (written * one.part) / 100n;
            positions.seek(durable(next));
          } else {
            const offsets = positions.uncommitted;
            for (const { offset } of offsets) {
              expect(offset).toBe(safe);
              expect(offset > committed).toBe(true);
              committed = offset;
            }
            positions.committed(offsets);
          }
        }
      }),
    );
  });
});
