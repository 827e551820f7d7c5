import { comparePlaces, type StreamPlace } from '../offset.ts';
import { maxLsn } from '../wire/lsn.ts';

/**
 * What the server may be told. Pure.
 *
 *     handed over → durable in the hub, offset stored → `committed` → flushed, as the server sees it
 *
 * Invariant (I1): `flushLsn` is the end of a transaction that `committed` said is durable together
 * with its stored offset, or an idle position that went the same way. So the slot is never ahead of
 * the stored offset.
 */
export class Acknowledgement {
  /** Reported as flushed and applied. */
  #flushLsn: bigint;
  #handed: StreamPlace;
  #committed: StreamPlace;

  /** `start`: the stored offset. */
  constructor(start: StreamPlace) {
    this.#flushLsn = start.flushLsn;
    this.#handed = start;
    this.#committed = start;
  }

  get flushLsn(): bigint {
    return this.#flushLsn;
  }

  /** The last place handed over; a new connection goes on from what was read after it. */
  get handed(): StreamPlace {
    return this.#handed;
  }

  handedOver(place: StreamPlace): void {
    this.#handed = place;
  }

  /** True where the server may be told something new. */
  committed(place: StreamPlace): boolean {
    const before = this.#flushLsn;
    // Offsets only move forward (I2), whatever order calls arrive in.
    if (comparePlaces(place, this.#committed) > 0) this.#committed = place;
    this.#flushLsn = maxLsn(before, place.flushLsn);
    return this.#flushLsn > before;
  }

  /** All that was handed over is durable: an idle stream may move to where the server stands. */
  get settled(): boolean {
    return comparePlaces(this.#committed, this.#handed) >= 0;
  }
}

/** Standby status update ('r'): int64 written, flushed, applied, int64 time since 2000 in µs, byte reply-now. */
export function statusUpdate(writtenLsn: bigint, flushLsn: bigint, timeUs: bigint, replyNow: boolean): Buffer {
  const body = Buffer.allocUnsafe(34);
  body[0] = 0x72;
  body.writeBigUInt64BE(maxLsn(writtenLsn, flushLsn), 1);
  body.writeBigUInt64BE(flushLsn, 9);
  body.writeBigUInt64BE(flushLsn, 17);
  body.writeBigInt64BE(timeUs, 25);
  body[33] = replyNow ? 1 : 0;
  return body;
}
