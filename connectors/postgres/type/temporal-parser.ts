import { DAY_S, daysOfRecent } from '../../../runtime/record/calendar.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { isDigit, parseDigits, twoDigits } from './ascii.ts';
import { readInt32 } from './integer-codec.ts';
import type { CellFormat } from './codec.ts';

/** Days from 1970-01-01 to Postgres's epoch, 2000-01-01. */
const POSTGRES_EPOCH_DAYS = 10_957;
const DAY_US = DAY_S * 1_000_000;
const LETTER_B = 0x42;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const INT32_MAX = 0x7fffffff;
const INT32_MIN = -0x80000000;

/**
 * A date or time read from a cell, in fields instead of an object per cell: `days` since
 * 1970-01-01, `micros` of the day, `offset` seconds east of UTC, `infinite` -1, 0 or 1. Text is
 * Postgres's output with `DateStyle = ISO`. One instance holds one value until the next read.
 */
export class TemporalParser {
  days = 0;
  micros = 0;
  offset = 0;
  infinite: -1 | 0 | 1 = 0;

  /** `date` */
  date(bytes: Buffer, at: number, length: number, format: CellFormat): void {
    this.#reset();
    if (format === 'binary') {
      const days = readInt32(bytes, at);
      if (days === INT32_MAX) this.infinite = 1;
      else if (days === INT32_MIN) this.infinite = -1;
      else this.days = days + POSTGRES_EPOCH_DAYS;
    } else if (!this.#infinity(bytes, at)) this.#date(bytes, at, at + length);
  }

  /** `timestamp` and `timestamptz`; what comes out is UTC. */
  timestamp(bytes: Buffer, at: number, length: number, format: CellFormat): void {
    this.#reset();
    if (format === 'binary') this.#binaryTimestamp(bytes, at);
    else if (!this.#infinity(bytes, at)) {
      const end = at + length;
      this.#zone(bytes, this.#time(bytes, this.#date(bytes, at, end) + 1, end), end);
      if (this.offset !== 0) this.#toUtc();
    }
  }

  /** `time`; 24:00 is 86400000000. */
  time(bytes: Buffer, at: number, length: number, format: CellFormat): void {
    this.#reset();
    if (format === 'binary') this.micros = readInt64(bytes, at);
    else this.#time(bytes, at, at + length);
  }

  /** `timetz`, in UTC; the day it may fall on is lost, as in any time of day. */
  timetz(bytes: Buffer, at: number, length: number, format: CellFormat): void {
    this.time(bytes, at, length, format);
    if (format === 'binary') this.offset = -readInt32(bytes, at + 8);
    else this.#zone(bytes, this.#end, at + length);
    if (this.offset === 0) return;
    this.micros = (((this.micros - this.offset * 1_000_000) % DAY_US) + DAY_US) % DAY_US;
  }

  #end = 0;

  #reset(): void {
    this.days = 0;
    this.micros = 0;
    this.offset = 0;
    this.infinite = 0;
  }

  #infinity(bytes: Buffer, at: number): boolean {
    const first = bytes[at];
    if (first === 0x69) this.infinite = 1;
    else if (first === MINUS && bytes[at + 1] === 0x69) this.infinite = -1;
    return this.infinite !== 0;
  }

  /** Reads `Y…Y-MM-DD`; returns the end. Looks ahead for the ` BC` that ends the text. */
  #date(bytes: Buffer, at: number, end: number): number {
    let dash = at + 4;
    while (bytes[dash] !== MINUS) {
      if (++dash >= end) throw malformed(bytes, at, end);
    }
    const year = parseDigits(bytes, at, dash);
    const month = twoDigits(bytes, dash + 1);
    const day = twoDigits(bytes, dash + 4);
    const bc = bytes[end - 2] === LETTER_B;
    this.days = daysOfRecent(bc ? 1 - year : year, month, day);
    return dash + 6;
  }

  /** Reads `HH:MM:SS[.f…]`; returns the end. */
  #time(bytes: Buffer, at: number, end: number): number {
    const seconds = twoDigits(bytes, at) * 3600 + twoDigits(bytes, at + 3) * 60 + twoDigits(bytes, at + 6);
    let next = at + 8;
    let fraction = 0;
    if (next < end && bytes[next] === DOT) {
      let places = 6;
      for (next++; next < end && isDigit(bytes[next]); next++) {
        fraction = fraction * 10 + (bytes[next] as number) - 0x30;
        places--;
      }
      for (; places > 0; places--) fraction *= 10;
    }
    this.micros = seconds * 1_000_000 + fraction;
    this.#end = next;
    return next;
  }

  /** Reads `±HH[:MM[:SS]]`, if it is there. */
  #zone(bytes: Buffer, at: number, end: number): void {
    const sign = bytes[at];
    if (at >= end || (sign !== PLUS && sign !== MINUS)) return;
    let seconds = twoDigits(bytes, at + 1) * 3600;
    if (at + 3 < end && bytes[at + 3] === 0x3a) {
      seconds += twoDigits(bytes, at + 4) * 60;
      if (at + 6 < end && bytes[at + 6] === 0x3a) seconds += twoDigits(bytes, at + 7);
    }
    this.offset = sign === MINUS ? -seconds : seconds;
  }

  #toUtc(): void {
    const micros = this.micros - this.offset * 1_000_000;
    const days = Math.floor(micros / DAY_US);
    this.days += days;
    this.micros = micros - days * DAY_US;
  }

  #binaryTimestamp(bytes: Buffer, at: number): void {
    const high = readInt32(bytes, at);
    const low = readInt32(bytes, at + 4) >>> 0;
    if (high === INT32_MAX && low === 0xffffffff) this.infinite = 1;
    else if (high === INT32_MIN && low === 0) this.infinite = -1;
    else if (high >= -0x200000 && high < 0x200000) {
      const micros = high * 0x100000000 + low;
      const days = Math.floor(micros / DAY_US);
      this.days = days + POSTGRES_EPOCH_DAYS;
      this.micros = micros - days * DAY_US;
    } else {
      const micros = bytes.readBigInt64BE(at);
      const day = BigInt(DAY_US);
      const rest = ((micros % day) + day) % day;
      this.days = Number((micros - rest) / day) + POSTGRES_EPOCH_DAYS;
      this.micros = Number(rest);
    }
  }
}

/** A big-endian int64 that is a safe integer. */
export function readInt64(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at) * 0x100000000 + (readInt32(bytes, at + 4) >>> 0);
}

function malformed(bytes: Buffer, at: number, end: number): MillraceError {
  const text = bytes.toString('utf8', at, Math.min(end, at + 64));
  return new MillraceError('POSTGRES_DATE_UNREADABLE', `${JSON.stringify(text)} is not a date in ISO style`, {
    kind: 'data',
    remedy: 'The session must run with DateStyle ISO; report this value.',
  });
}
