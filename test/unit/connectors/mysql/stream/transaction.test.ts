import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TransactionState } from '../../../../../connectors/mysql/stream/transaction.ts';

const START = { file: 'binlog.000001', position: 4, gtids: '', event: 0, transaction: '' };

/** Rows of a transaction in their order, each of one of three tables. */
const rowsOf = fc.array(fc.constantFrom('a.x', 'a.y', 'b.x'), { minLength: 1, maxLength: 60 });

/** Cuts rows into events: as many rows of one table as follow each other, and at most `most`. */
function events(rows: readonly string[], most: number): { table: string; from: number; count: number }[] {
  const made: { table: string; from: number; count: number }[] = [];
  for (const [from, table] of rows.entries()) {
    const last = made.at(-1);
    if (last?.table === table && last.count < most) last.count++;
    else made.push({ table, from, count: 1 });
  }
  return made;
}

function begun(): TransactionState {
  const state = new TransactionState(START);
  state.begin('binlog.000001', 4, 'u:1', 0);
  return state;
}

/** Hands over the first events; what was handed over then. */
function handOver(rows: readonly string[], most: number, count: number) {
  const state = begun();
  for (const { table, count: size } of events(rows, most).slice(0, count)) {
    state.ghost(table, size);
    state.events++;
  }
  return state.part();
}

/** Numbers of the rows that go out when the transaction comes again. */
function again(rows: readonly string[], most: number, part: ReturnType<typeof handOver>): number[] {
  const state = begun();
  if (part !== undefined) state.again(part);
  const out: number[] = [];
  for (const { table, from, count } of events(rows, most)) {
    if (!state.ghost(table, count)) out.push(...Array.from({ length: count }, (_, i) => from + i));
    state.events++;
    if (state.drop > 0) state.drop--;
  }
  expect(state.missing).toEqual([]);
  return out;
}

describe('a transaction', () => {
  test('that comes again in the same events goes on behind those that are done', () => {
    fc.assert(
      fc.property(rowsOf, fc.integer({ min: 1, max: 9 }), fc.nat(60), (rows, most, count) => {
        const left = events(rows, most).slice(count);
        const expected = left.flatMap(({ from, count: size }) => Array.from({ length: size }, (_, i) => from + i));
        expect(again(rows, most, handOver(rows, most, count))).toEqual(expected);
      }),
    );
  });

  test('that comes again in other events loses no row, and repeats none before the event that the place is in', () => {
    fc.assert(
      fc.property(
        rowsOf,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(60),
        (rows, most, otherMost, count) => {
          const done = events(rows, most).slice(0, count);
          const handed = done.reduce((sum, event) => sum + event.count, 0);
          const out = again(rows, otherMost, handOver(rows, most, count));
          expect(out.slice(-(rows.length - handed) || rows.length)).toEqual(
            Array.from({ length: rows.length - handed }, (_, i) => handed + i),
          );
          expect(out.length - (rows.length - handed)).toBeLessThan(otherMost);
        },
      ),
    );
  });

  test('that lacks rows which were handed over is another one', () => {
    const state = begun();
    state.again({ transaction: 'u:1', event: 2, rows: { 'a.x': 5, 'a.y': 1 } });
    state.ghost('a.x', 5);
    expect(state.missing).toEqual(['a.y']);
  });

  test('of which only events were counted goes on behind as many', () => {
    const state = begun();
    state.again({ transaction: 'u:1', event: 1 });
    expect(state.ghost('a.x', 3)).toBe(true);
    state.events++;
    state.drop--;
    expect(state.ghost('a.x', 3)).toBe(false);
    expect(state.part()).toEqual({ transaction: 'u:1', event: 1 });
  });
});
