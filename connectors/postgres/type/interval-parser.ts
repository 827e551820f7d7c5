import { MillraceError } from '../../../runtime/record/error.ts';
import type { CellFormat } from './codec.ts';
import { readInt32 } from './integer-codec.ts';
import { readInt64 } from './temporal-parser.ts';

const HOUR_US = 3_600_000_000;
const INT32_MAX = 0x7fffffff;
const INT32_MIN = -0x80000000;

/**
 * An interval read from a cell: Postgres keeps months, days and microseconds apart. One instance
 * holds one value until the next read. Text is that of `IntervalStyle = postgres`:
 * `1 year 2 mons -3 days +04:05:06.789`.
 */
export class IntervalParser {
  months = 0;
  days = 0;
  /** Not safe beyond 2^53: then {@link exactMicros} counts. */
  micros = 0;
  infinite: -1 | 0 | 1 = 0;
  #exact: bigint | undefined;

  read(bytes: Buffer, at: number, length: number, format: CellFormat): void {
    this.months = 0;
    this.days = 0;
    this.micros = 0;
    this.infinite = 0;
    this.#exact = undefined;
    if (format === 'binary') this.#binary(bytes, at);
    else this.#text(bytes.toString('latin1', at, at + length));
  }

  exactMicros(): bigint {
    return this.#exact ?? BigInt(this.micros);
  }

  /** interval_send: Int64 microseconds, Int32 days, Int32 months. */
  #binary(bytes: Buffer, at: number): void {
    this.days = readInt32(bytes, at + 8);
    this.months = readInt32(bytes, at + 12);
    this.micros = readInt64(bytes, at);
    if (!Number.isSafeInteger(this.micros)) this.#exact = bytes.readBigInt64BE(at);
    if (this.months === INT32_MAX && this.days === INT32_MAX && this.#exact === 0x7fffffffffffffffn) this.infinite = 1;
    if (this.months === INT32_MIN && this.days === INT32_MIN && this.#exact === -0x8000000000000000n)
      this.infinite = -1;
  }

  #text(text: string): void {
    if (text === 'infinity' || text === '-infinity') {
      this.infinite = text === 'infinity' ? 1 : -1;
      return;
    }
    const words = text.split(' ');
    for (let i = 0; i < words.length; i++) {
      const word = words[i] ?? '';
      if (word.includes(':')) this.#clock(word);
      else this.#unit(Number(word), words[++i] ?? '');
    }
  }

  #unit(count: number, unit: string): void {
    if (unit.startsWith('year')) this.months += count * 12;
    else if (unit.startsWith('mon')) this.months += count;
    else if (unit.startsWith('day')) this.days += count;
    else {
      throw new MillraceError('POSTGRES_INTERVAL_UNREADABLE', `interval unit ${JSON.stringify(unit)}`, {
        kind: 'data',
        remedy: 'The session must run with IntervalStyle postgres; report this value.',
      });
    }
  }

  /** `[±]H…H:MM:SS[.f…]` */
  #clock(word: string): void {
    const negative = word.startsWith('-');
    const [hours = '0', minutes = '0', seconds = '0'] = word.replace(/^[+-]/, '').split(':');
    const [whole = '0', fraction = ''] = seconds.split('.');
    const below = Number(minutes) * 60_000_000 + Number(whole) * 1_000_000 + Number(fraction.padEnd(6, '0'));
    const magnitude = Number(hours) * HOUR_US + below;
    this.micros = negative && magnitude > 0 ? -magnitude : magnitude;
    if (Number.isSafeInteger(magnitude)) return;
    const exact = BigInt(hours) * BigInt(HOUR_US) + BigInt(below);
    this.#exact = negative ? -exact : exact;
  }
}
