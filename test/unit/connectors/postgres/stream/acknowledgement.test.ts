import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StreamPlace } from '../../../../../connectors/postgres/offset.ts';
import { Acknowledgement, statusUpdate } from '../../../../../connectors/postgres/stream/acknowledgement.ts';

const start: StreamPlace = { flushLsn: 10n, commitLsn: 10n, index: 0 };
const place = (flushLsn: bigint, commitLsn = flushLsn, index = 0): StreamPlace => ({ flushLsn, commitLsn, index });

describe('the acknowledgement', () => {
  test('tells the server nothing that was only handed over', () => {
    const ack = new Acknowledgement(start);
    ack.handedOver(place(50n));
    expect(ack.flushLsn).toBe(10n);
    expect(ack.settled).toBe(false);
    expect(ack.committed(place(50n))).toBe(true);
    expect(ack.flushLsn).toBe(50n);
    expect(ack.settled).toBe(true);
  });

  test('stands at the last complete transaction while one is in the middle', () => {
    const ack = new Acknowledgement(start);
    ack.handedOver(place(20n, 30n, 4));
    expect(ack.committed(place(20n, 30n, 4))).toBe(true);
    expect(ack.flushLsn).toBe(20n);
    ack.handedOver(place(20n, 30n, 9));
    expect(ack.committed(place(20n, 30n, 9))).toBe(false);
    expect(ack.settled).toBe(true);
  });

  test('never goes back and never passes what was committed, whatever order calls come in', () => {
    const step = fc.record({ flush: fc.bigInt({ min: 0n, max: 100n }), index: fc.nat(5), hand: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const ack = new Acknowledgement(start);
        let most = start.flushLsn;
        for (const { flush, index, hand } of steps) {
          const before = ack.flushLsn;
          if (hand) ack.handedOver(place(flush, flush + 1n, index));
          else {
            ack.committed(place(flush, flush + 1n, index));
            if (flush > most) most = flush;
          }
          expect(ack.flushLsn).toBeGreaterThanOrEqual(before);
          expect(ack.flushLsn).toBe(most);
        }
      }),
    );
  });

  test('the status update has the fields of the protocol', () => {
    const body = statusUpdate(0x1_0000_0005n, 7n, -1n, true);
    expect(body.toString('hex')).toBe(
      ['72', '0000000100000005', '0000000000000007', '0000000000000007', 'ffffffffffffffff', '01'].join(''),
    );
    expect(statusUpdate(1n, 9n, 0n, false).readBigUInt64BE(1)).toBe(9n);
  });
});
