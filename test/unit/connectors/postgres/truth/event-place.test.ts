import { expect, test } from 'vitest';
import { precedes, walRecord } from '../../../../../connectors/postgres/truth/event-place.ts';
import { struct } from '../../../../../runtime/record/value.ts';

const streamed = (lastCommit: number | null, lsn: number) =>
  struct({
    snapshot: 'false',
    sequence: JSON.stringify([lastCommit === null ? null : String(lastCommit), String(lsn)]),
    txId: 7n,
    lsn: BigInt(lsn),
  });
const read = (lsn: number) => struct({ snapshot: 'true', sequence: `[null,"${lsn}"]`, txId: 7n, lsn: BigInt(lsn) });
const incremental = (lsn: number) => struct({ snapshot: 'incremental', sequence: `["${lsn}","${lsn}"]`, lsn: null });

test.each([
  ['by the commit before, where a transaction began early and ended late', streamed(200, 90), streamed(300, 80), true],
  ['by LSN within a transaction', streamed(200, 210), streamed(200, 220), true],
  ['an event does not precede itself', streamed(200, 210), streamed(200, 210), false],
  ['a snapshot follows what had committed before it', streamed(90, 95), read(100), true],
  ['a snapshot precedes what commits first after it', read(100), streamed(100, 80), true],
  ['a window of an incremental snapshot follows what came before its mark', streamed(100, 110), incremental(120), true],
  ['a window precedes the transactions after its mark', incremental(120), streamed(125, 122), true],
  ['nothing is known without a sequence', struct({ snapshot: 'false' }), streamed(1, 2), false],
] as const)('%s', (_what, one, other, expected) => {
  expect(precedes(one, other)).toBe(expected);
  if (expected) expect(precedes(other, one)).toBe(false);
});

test('a streamed event is named by its transaction and WAL record, a row that was read is not', () => {
  expect(walRecord(streamed(1, 42))).toBe('7@42');
  expect(walRecord(read(42))).toBe(null);
  expect(walRecord(incremental(42))).toBe(null);
});
