import { ByteWriter } from './byte-writer.ts';
import { writePadded } from './padded.ts';

/*
 * The proleptic Gregorian calendar in arithmetic: days since 1970-01-01, years counted
 * astronomically (1 BC is 0, 44 BC is -43), as ISO 8601 and java.time do.
 */

export const DAY_S = 86_400;
const DAYS_PER_ERA = 146_097;

export function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_PER_ERA + dayOfEra - 719_468;
}

/** The last date of {@link daysOf}: neighbouring rows share theirs. */
let lastDate = Number.NaN;
let lastDays = 0;

/** As {@link daysOf}, remembering the last answer. */
export function daysOfRecent(year: number, month: number, day: number): number {
  const date = year * 10_000 + month * 100 + day;
  if (date !== lastDate) {
    lastDate = date;
    lastDays = daysOf(year, month, day);
  }
  return lastDays;
}

/** Text of the last date written. */
const recentText = new ByteWriter(16);
let recentDays = Number.NaN;

/** As {@link writeDays}, remembering the last text. */
export function writeRecentDays(days: number, writer: ByteWriter): void {
  if (days !== recentDays) {
    recentText.reset();
    writeDays(days, recentText);
    recentDays = days;
  }
  writer.copy(recentText.bytes, 0, recentText.length);
}

/** As {@link writeDate}, of days since 1970-01-01. */
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

/** Writes a date as ISO 8601 with at least four digits of year: `2026-11-24`, `-0043-03-15`, `+10000-01-01`. */
export function writeDate(year: number, month: number, day: number, writer: ByteWriter): void {
  if (year < 0) writer.byte(0x2d);
  else if (year > 9999) writer.byte(0x2b);
  const shown = Math.abs(year);
  writePadded(shown, shown < 10_000 ? 4 : String(shown).length, writer);
  writer.byte(0x2d);
  writePadded(month, 2, writer);
  writer.byte(0x2d);
  writePadded(day, 2, writer);
}

/**
 * Writes a time of day, or a duration below 1000 hours, with seconds and a fraction of `digits` digits:
 * 0 none, 6 microseconds; -1: as many as it takes.
 */
export function writeTime(micros: number, digits: number, writer: ByteWriter): void {
  const seconds = Math.floor(micros / 1_000_000) | 0;
  let fraction = (micros - seconds * 1_000_000) | 0;
  const minutes = (seconds / 60) | 0;
  const hours = (minutes / 60) | 0;
  writer.reserve(16);
  const { bytes } = writer;
  let to = writer.length;
  if (hours > 99) bytes[to++] = 0x30 + (((hours / 100) | 0) % 10);
  putTwo(bytes, to, hours % 100);
  bytes[to + 2] = 0x3a;
  putTwo(bytes, to + 3, minutes - hours * 60);
  bytes[to + 5] = 0x3a;
  putTwo(bytes, to + 6, seconds - minutes * 60);
  writer.length = to + 8;
  let width = digits;
  if (digits < 0) {
    width = fraction === 0 ? 0 : 6;
    while (width > 0 && fraction % 10 === 0) {
      fraction /= 10;
      width--;
    }
  } else if (digits < 6) fraction = Math.floor(fraction / 10 ** (6 - digits));
  if (width === 0) return;
  writer.byte(0x2e);
  writePadded(fraction, width, writer);
}

function putTwo(bytes: Buffer, at: number, value: number): void {
  const tens = (value / 10) | 0;
  bytes[at] = 0x30 + tens;
  bytes[at + 1] = 0x30 + value - tens * 10;
}
