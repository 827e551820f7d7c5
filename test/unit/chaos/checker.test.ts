import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkHistory, type ObservedEvent, type OracleEntry } from '../../chaos/history/checker.ts';

/** A random but consistent history: per key create, updates, deletes and re-creations, interleaved. */
const histories = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.boolean()), { minLength: 12, maxLength: 80 })
  .map((steps) => {
    const state = new Map<string, { seq: number; live: boolean }>();
    return steps.map(([number, wantsDelete]): OracleEntry => {
      const key = String(number);
      const { seq, live } = state.get(key) ?? { seq: 0, live: false };
      const op = !live ? 'c' : wantsDelete ? 'd' : 'u';
      state.set(key, { seq: seq + 1, live: op !== 'd' });
      return { key, seq: seq + 1, op };
    });
  });

const kinds = (
  oracle: readonly OracleEntry[],
  observed: readonly ObservedEvent[],
  delivery: Parameters<typeof checkHistory>[2],
) => checkHistory(oracle, observed, delivery).map((anomaly) => anomaly.kind);

describe('valid histories are accepted', () => {
  test('as committed', () => {
    fc.assert(fc.property(histories, (oracle) => kinds(oracle, oracle, 'exactly-once').length === 0));
  });

  test('at least once: a contiguous replay from any point', () => {
    fc.assert(
      fc.property(histories, fc.nat(), fc.nat(), (oracle, a, b) => {
        const to = a % oracle.length;
        const from = b % (to + 1);
        const observed = [...oracle.slice(0, to + 1), ...oracle.slice(from, to + 1), ...oracle.slice(to + 1)];
        return kinds(oracle, observed, 'at-least-once').length === 0;
      }),
    );
  });

  test('a snapshot of the baseline, at any place before the next change of each key', () => {
    fc.assert(
      fc.property(histories, fc.nat(), (oracle, at) => {
        const cut = at % oracle.length;
        const state = new Map(oracle.slice(0, cut).map((entry) => [entry.key, entry]));
        const reads = [...state.values()].flatMap((entry) =>
          entry.op === 'd' ? [] : [{ ...entry, op: 'r' as const }],
        );
        return checkHistory(oracle, [...reads, ...oracle.slice(cut)], 'exactly-once', cut).length === 0;
      }),
    );
  });

  test('keys whose changes came first need no read', () => {
    const oracle: OracleEntry[] = [
      { key: '1', seq: 1, op: 'c' },
      { key: '1', seq: 2, op: 'u' },
    ];
    expect(checkHistory(oracle, oracle.slice(1), 'exactly-once', 1)).toEqual([]);
    expect(checkHistory(oracle.slice(0, 1), [], 'exactly-once', 1)).toMatchObject([{ kind: 'lost' }]);
  });
});

/** Each breaks a history in one way; returns undefined where it cannot. */
const MUTATORS: Readonly<Record<string, (history: ObservedEvent[], at: number) => ObservedEvent[] | undefined>> = {
  'a lost last event of a key': (history, at) => {
    const key = history[at]?.key;
    const index = history.findLastIndex((event) => event.key === key);
    return history.toSpliced(index, 1);
  },
  'a hole in the middle': (history, at) => {
    const event = history[at];
    const later = history.slice(at + 1).some((other) => other.key === event?.key);
    return later ? history.toSpliced(at, 1) : undefined;
  },
  'an event never committed': (history, at) => history.toSpliced(at, 0, { key: 'x', seq: 1, op: 'c' }),
  'a change beyond the last': (history) => {
    const end = history.at(-1);
    return end === undefined ? undefined : [...history, { ...end, seq: end.seq + 1000 }];
  },
  'a wrong operation': (history, at) => {
    const event = history[at];
    if (event === undefined) return undefined;
    return history.with(at, { ...event, op: event.op === 'c' ? 'u' : 'c' });
  },
  'two changes of one key swapped': (history, at) => {
    const event = history[at];
    const next = history.findIndex((other, index) => index > at && other.key === event?.key);
    const other = history[next];
    return event === undefined || other === undefined ? undefined : history.with(at, other).with(next, event);
  },
  'a read of an older state': (history, at) => {
    const event = history[at];
    const index = history.findLastIndex((other) => other.key === event?.key);
    if (event === undefined || event.op === 'd' || index === at) return undefined;
    return history.toSpliced(index + 1, 0, { ...event, op: 'r' });
  },
};

describe('broken histories are refused in both delivery modes', () => {
  test.each(Object.keys(MUTATORS))('%s', (name) => {
    fc.assert(
      fc.property(histories, fc.nat(), (oracle, at) => {
        const broken = MUTATORS[name]?.([...oracle], at % oracle.length);
        fc.pre(broken !== undefined);
        if (broken === undefined) return true;
        return kinds(oracle, broken, 'exactly-once').length > 0 && kinds(oracle, broken, 'at-least-once').length > 0;
      }),
      { numRuns: 300 },
    );
  });
});

test('a duplicate is an anomaly in exactly-once only', () => {
  const oracle: OracleEntry[] = [
    { key: '1', seq: 1, op: 'c' },
    { key: '1', seq: 2, op: 'u' },
  ];
  const observed = [...oracle, ...oracle.slice(1)];
  expect(kinds(oracle, observed, 'exactly-once')).toEqual(['duplicate']);
  expect(kinds(oracle, observed, 'at-least-once')).toEqual([]);
});
