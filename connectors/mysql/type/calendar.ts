import type { ByteWriter } from '../../../runtime/record/byte-writer.ts';

/* The proleptic Gregorian calendar in arithmetic: days since 1970-01-01. */

export const DAY_S = 86_400;
const DAYS_PER_ERA = 146_097;

let lastDate = Number.NaN;
let lastDays = 0;

/** Days since 1970-01-01; remembers the last answer, since neighbouring rows share their dates. */
export function daysOf(year: number, month: number, day: number): number {
  const date = year * 10_000 + month * 100 + day;
  if (date === lastDate) return lastDays;
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  lastDate = date;
  lastDays = era * DAYS_PER_ERA + dayOfEra - 719_468;
  return lastDays;
}

/** `YYYY-MM-DD` */
export function writeDate(year: number, month: number, day: number, writer: ByteWriter): void {
  writePadded(year, 4, writer);
  writer.byte(0x2d);
  writePadded(month, 2, writer);
  writer.byte(0x2d);
  writePadded(day, 2, writer);
}

/** The date of a day since 1970-01-01, which is not before it. */
export function writeDays(days: number, writer: ByteWriter): void {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const dayOfEra = shifted - era * DAYS_PER_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const m = Math.floor((5 * dayOfYear + 2) / 153);
  const month = m < 10 ? m + 3 : m - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  writeDate(year, month, dayOfYear - Math.floor((153 * m + 2) / 5) + 1, writer);
}

/** `HH:MM:SS`, and a fraction of `digits` digits (0: none, -1: as many as it takes). */
export function writeTime(micros: number, digits: number, writer: ByteWriter): void {
  const seconds = Math.floor(micros / 1_000_000);
  let part = micros - seconds * 1_000_000;
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  writePadded(hours, hours > 99 ? 3 : 2, writer);
  writer.byte(0x3a);
  writePadded(minutes - hours * 60, 2, writer);
  writer.byte(0x3a);
  writePadded(seconds - minutes * 60, 2, writer);
  let width = digits;
  if (digits < 0) {
    width = part === 0 ? 0 : 6;
    while (width > 0 && part % 10 === 0) {
      part /= 10;
      width--;
    }
  } else part = Math.floor(part / 10 ** (6 - digits));
  if (width === 0) return;
  writer.byte(0x2e);
  writePadded(part, width, writer);
}

export function writePadded(value: number, width: number, writer: ByteWriter): void {
  writer.reserve(width);
  const { bytes, length } = writer;
  let rest = value | 0;
  for (let i = length + width - 1; i >= length; i--) {
    const next = (rest / 10) | 0;
    bytes[i] = 0x30 + rest - next * 10;
    rest = next;
  }
  writer.length = length + width;
}
