import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { comparePlaces, readOffset, StreamPosition } from '../../../../connectors/postgres/offset.ts';
import { formatLsn, parseLsn } from '../../../../connectors/postgres/wire/lsn.ts';

const lsn = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const identity = { systemId: '7123456789012345678', timeline: 3, slot: 'orders' };
const last = { lsn: 900n, xid: 77, timeUs: 1_700_000_000_000_000n, messageType: 'INSERT' };

const at = (commitLsn: bigint, index: number) => ({ flushLsn: 0n, commitLsn, index });

describe('offsets', () => {
  test('an LSN survives its text', () => {
    fc.assert(
      fc.property(lsn, (value) => {
        expect(parseLsn(formatLsn(value))).toBe(value);
      }),
    );
    expect(formatLsn(0x16_b374_d848n)).toBe('16/B374D848');
    expect(parseLsn('16/B374D848 ')).toBeUndefined();
    expect(parseLsn(null)).toBeUndefined();
  });

  test('our own come back exactly, beyond 2^53 too', () => {
    fc.assert(
      fc.property(lsn, lsn, fc.nat(), (flushLsn, commitLsn, index) => {
        const offset = new StreamPosition(identity, { flushLsn, commitLsn, index }, last).toOffset();
        const read = readOffset(JSON.parse(JSON.stringify(offset)));
        expect(read.place).toEqual({ flushLsn, commitLsn, index });
        expect(read.identity).toEqual(identity);
        expect(read.eventLsn).toBe(index > 0 ? last.lsn : undefined);
      }),
    );
  });

  test("carry Debezium's keys as Debezium means them", () => {
    const position = new StreamPosition(identity, { flushLsn: 800n, commitLsn: 950n, index: 2 }, last);
    expect(position.toOffset()).toEqual({
      lsn_proc: 900,
      messageType: 'INSERT',
      lsn_commit: 800,
      lsn: 900,
      txId: 77,
      ts_usec: 1_700_000_000_000_000,
      'millrace.system': identity.systemId,
      'millrace.timeline': 3,
      'millrace.slot': 'orders',
      'millrace.flush': '0/320',
      'millrace.commit': '0/3B6',
      'millrace.index': 2,
      'millrace.event': '0/384',
    });
  });

  test('carry what windows beside the stream must know again', () => {
    const place = { flushLsn: 800n, commitLsn: 800n, index: 0 };
    const annotation = { 'millrace.again': '{"public.a":["1"]}' };
    expect(new StreamPosition(identity, place, undefined, annotation).toOffset()).toMatchObject(annotation);
  });

  test("Debezium's own start at its last complete transaction", () => {
    const inside = { lsn_proc: 5946380960, messageType: 'UPDATE', lsn_commit: 5946380904, lsn: 5946380960, txId: 1 };
    expect(readOffset(inside)).toEqual({
      place: { flushLsn: 5946380904n, commitLsn: 5946380904n, index: 0 },
      identity: undefined,
      eventLsn: undefined,
    });
    const snapshot = { last_snapshot_record: true, lsn: 5, snapshot: 'INITIAL', snapshot_completed: true };
    expect(readOffset(snapshot).place.flushLsn).toBe(5n);
    expect(readOffset({ lsn: '12345678901234567890' }).place.flushLsn).toBe(12345678901234567890n);
  });

  test.each([
    [{ snapshot: 'INITIAL', snapshot_completed: false, lsn: 5 }, 'Debezium snapshot'],
    [{}, 'neither lsn_commit nor lsn'],
    [{ lsn: 1.5 }, 'neither lsn_commit nor lsn'],
    [{ 'millrace.flush': '0/1', 'millrace.commit': '0/1', 'millrace.index': -1 }, 'incomplete'],
    [{ 'millrace.flush': 'nonsense' }, 'incomplete'],
  ])('%j cannot be resumed from: %s', (offset, why) => {
    const expected = { code: 'POSTGRES_OFFSET_UNUSABLE', kind: 'position', message: expect.stringContaining(why) };
    expect(() => readOffset(offset)).toThrow(expect.objectContaining(expected));
  });

  test('places are ordered by commit, then by event', () => {
    expect(comparePlaces(at(1n, 9), at(2n, 0))).toBeLessThan(0);
    expect(comparePlaces(at(2n, 1), at(2n, 0))).toBeGreaterThan(0);
    expect(comparePlaces(at(2n, 1), at(2n, 1))).toBe(0);
  });
});
