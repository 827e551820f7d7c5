import { DAY_S, daysOfRecent } from '../../../runtime/record/calendar.ts';
import type { Column } from '../catalog/table.ts';
import { readInt32 } from './integer-codec.ts';
import type { CellFormat } from './options.ts';

/** Microseconds that one unit of the stored fraction is worth, by its bytes. */
const FRACTION_US = [1, 10_000, 100, 1] as const;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/**
 * Reads dates and times from cells. The result is in the fields, so that no object is made per cell
 * (D14); it is valid until the next read.
 */
export class TemporalReader {
  /** The date is none of the calendar: `0000-00-00`, a month or day 0, 30 February. */
  zero = false;
  year = 0;
  month = 0;
  day = 0;
  /** Of the day, or of a duration: then perhaps negative. */
  micros = 0;
  /** Of a timestamp: since 1970. */
  seconds = 0;

  /** Of the date's beginning: since 1970. */
  get daySeconds(): number {
    return daysOfRecent(this.year, this.month, this.day) * DAY_S;
  }

  /** Of date and time: since 1970. */
  get exactMicros(): bigint {
    return BigInt(this.daySeconds) * 1_000_000n + BigInt(this.micros);
  }

  date(bytes: Buffer, at: number, format: CellFormat): void {
    if (format === 'text') {
      this.#dateText(bytes, at);
      return;
    }
    const packed = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
    this.#setDate(packed >> 9, (packed >> 5) & 15, packed & 31);
  }

  time(bytes: Buffer, at: number, length: number, column: Column, format: CellFormat): void {
    if (format === 'text') this.#timeText(bytes, at, at + length);
    else if (column.old) this.#oldTime(bytes, at);
    else this.#time2(bytes, at, length);
  }

  datetime(bytes: Buffer, at: number, length: number, column: Column, format: CellFormat): void {
    if (format === 'text') this.#datetimeText(bytes, at, length);
    else if (column.old) this.#oldDatetime(bytes, at);
    else this.#datetime2(bytes, at, length);
  }

  /** Sets `seconds`, and `micros` to the fraction. */
  timestamp(bytes: Buffer, at: number, length: number, column: Column): void {
    this.seconds = (column.old ? readInt32(bytes, at) : bytes.readUInt32BE(at)) >>> 0;
    this.micros = column.old ? 0 : fraction(bytes, at + 4, length - 4);
    this.zero = this.seconds === 0 && this.micros === 0;
  }

  #setDate(year: number, month: number, day: number): void {
    this.year = year;
    this.month = month;
    this.day = day;
    const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
    const days = month === 2 && leap ? 29 : (MONTH_DAYS[month - 1] ?? 0);
    this.zero = day === 0 || day > days;
  }

  /** Sign, hours, minutes and seconds in 24 bits, and the fraction, as one number that is offset. */
  #time2(bytes: Buffer, at: number, length: number): void {
    const fractionBytes = length - 3;
    const unit = 256 ** fractionBytes;
    const packed = bytes.readUIntBE(at, length) - 0x80_0000 * unit;
    const size = Math.abs(packed);
    const whole = Math.floor(size / unit);
    const part = (size - whole * unit) * (FRACTION_US[fractionBytes] ?? 1);
    const seconds = (whole >> 12) * 3600 + ((whole >> 6) & 63) * 60 + (whole & 63);
    const micros = seconds * 1_000_000 + part;
    this.micros = packed < 0 ? -micros : micros;
  }

  #oldTime(bytes: Buffer, at: number): void {
    const packed = bytes.readIntLE(at, 3);
    const size = Math.abs(packed);
    const seconds = Math.floor(size / 10_000) * 3600 + (Math.floor(size / 100) % 100) * 60 + (size % 100);
    this.micros = (packed < 0 ? -seconds : seconds) * 1_000_000;
  }

  #datetime2(bytes: Buffer, at: number, length: number): void {
    const packed = bytes.readUIntBE(at, 5) - 0x80_0000_0000;
    const date = Math.floor(packed / 0x2_0000);
    const time = packed - date * 0x2_0000;
    const months = date >> 5;
    this.#setDate(Math.floor(months / 13), months % 13, date & 31);
    const seconds = (time >> 12) * 3600 + ((time >> 6) & 63) * 60 + (time & 63);
    this.micros = seconds * 1_000_000 + fraction(bytes, at + 5, length - 5);
  }

  #oldDatetime(bytes: Buffer, at: number): void {
    const packed = Number(bytes.readBigUInt64LE(at));
    const date = Math.floor(packed / 1_000_000);
    const time = packed - date * 1_000_000;
    this.#setDate(Math.floor(date / 10_000), Math.floor(date / 100) % 100, date % 100);
    this.micros = (Math.floor(time / 10_000) * 3600 + (Math.floor(time / 100) % 100) * 60 + (time % 100)) * 1_000_000;
  }

  /** `YYYY-MM-DD` */
  #dateText(bytes: Buffer, at: number): void {
    this.#setDate(digits(bytes, at, at + 4), digits(bytes, at + 5, at + 7), digits(bytes, at + 8, at + 10));
  }

  /** `YYYY-MM-DD HH:MM:SS[.f…]` */
  #datetimeText(bytes: Buffer, at: number, length: number): void {
    this.#dateText(bytes, at);
    this.#timeText(bytes, at + 11, at + length);
  }

  /** `[-]H…:MM:SS[.f…]` */
  #timeText(bytes: Buffer, at: number, end: number): void {
    const negative = bytes[at] === 0x2d;
    const from = negative ? at + 1 : at;
    let colon = from;
    while (colon < end && bytes[colon] !== 0x3a) colon++;
    const seconds =
      digits(bytes, from, colon) * 3600 +
      digits(bytes, colon + 1, colon + 3) * 60 +
      digits(bytes, colon + 4, colon + 6);
    let part = 0;
    for (let i = 0; i < 6; i++) {
      const place = colon + 7 + i;
      part = part * 10 + (place < end ? (bytes[place] as number) - 0x30 : 0);
    }
    const micros = seconds * 1_000_000 + part;
    this.micros = negative ? -micros : micros;
  }
}

function fraction(bytes: Buffer, at: number, length: number): number {
  return length > 0 ? bytes.readUIntBE(at, length) * (FRACTION_US[length] ?? 1) : 0;
}

function digits(bytes: Buffer, at: number, end: number): number {
  let value = 0;
  for (let i = at; i < end; i++) value = value * 10 + (bytes[i] as number) - 0x30;
  return value;
}
