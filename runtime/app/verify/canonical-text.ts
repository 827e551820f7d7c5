import { createHash } from 'node:crypto';
import { LONG_TEXT_BYTES, type CanonicalForm } from '../../connector/truth.ts';
import { Decimal } from '../../record/decimal.ts';
import type { Schema } from '../../record/schema.ts';
import type { Value } from '../../record/value.ts';

/** Microseconds per unit of the semantic time types. */
export const MICROS_PER_UNIT: Readonly<Record<string, bigint>> = {
  'io.debezium.time.Timestamp': 1000n,
  'io.debezium.time.Time': 1000n,
  'io.debezium.time.MicroTimestamp': 1n,
  'io.debezium.time.MicroTime': 1n,
  'org.apache.kafka.connect.data.Timestamp': 1000n,
  'org.apache.kafka.connect.data.Time': 1000n,
};

export const NANO_TYPES: ReadonlySet<string> = new Set(['io.debezium.time.NanoTimestamp', 'io.debezium.time.NanoTime']);

/** The canonical text of a value that the hub holds: see `CanonicalForm`. */
export function canonicalText(form: CanonicalForm, schema: Schema | null, value: Value): string | null {
  if (value === null) return null;
  switch (form) {
    case 'text':
    case 'integer':
    case 'boolean':
    case 'days':
      return scalarText(value);
    case 'decimal':
      return decimalText(value);
    case 'double':
      return ieee(value, 8);
    case 'float':
      return ieee(value, 4);
    case 'bytes':
      return bytesText(value);
    case 'micros':
      return microsText(schema, value);
  }
}

/** Text of a value that is no structure; structures never have a canonical form. */
function scalarText(value: Value): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function decimalText(value: Value): string {
  if (value instanceof Decimal) return trimFraction(value.toString());
  if (value !== null && typeof value === 'object' && 'scale' in value && 'value' in value) {
    const parts = value as { readonly scale: Value; readonly value: Value };
    if (parts.value instanceof Uint8Array) {
      const hex = Buffer.from(parts.value).toString('hex');
      const unscaled = BigInt.asIntN(hex.length * 4, BigInt(`0x${hex}`));
      return trimFraction(new Decimal(unscaled, Number(parts.scale)).toString());
    }
  }
  return trimFraction(scalarText(value));
}

function trimFraction(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function ieee(value: Value, bytes: 4 | 8): string {
  const buffer = Buffer.alloc(bytes);
  const number = Number(value);
  if (bytes === 8) buffer.writeDoubleBE(number);
  else buffer.writeFloatBE(number);
  return buffer.toString('hex');
}

function bytesText(value: Value): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return Buffer.from(scalarText(value), 'base64').toString('hex');
}

function microsText(schema: Schema | null, value: Value): string {
  const name = schema?.name ?? '';
  if (typeof value === 'string') return isoMicros(value);
  const units = BigInt(value as number | bigint);
  const micros = NANO_TYPES.has(name) ? units / 1000n : units * (MICROS_PER_UNIT[name] ?? 1n);
  const [first, last] = infiniteMicros(name);
  if (micros === last) return 'infinity';
  return micros === first ? '-infinity' : String(micros);
}

/** What Debezium shows, in microseconds, for the infinite instants, which numbers have no place for. */
export function infiniteMicros(schemaName: string): readonly [first: bigint, last: bigint] {
  if (NANO_TYPES.has(schemaName)) return [-9_223_372_036_854_775n, 9_223_372_036_854_775n];
  return [-9_223_372_036_832_400_000n, 9_223_372_036_825_200_000n];
}

const ISO = /^([+-]?\d{4,})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)$/;

/** `2024-05-01T10:00:00.25Z` in microseconds since the epoch; other texts (`infinity`) as they are. */
function isoMicros(text: string): string {
  const parts = ISO.exec(text);
  if (parts === null) return text;
  const [, year, month, day, hour, minute, second, fraction = ''] = parts;
  const seconds = Number(hour) * 3600 + Number(minute) * 60 + Number(second);
  return String(
    BigInt(dayNumber(year, month, day)) * 86_400_000_000n +
      BigInt(seconds) * 1_000_000n +
      BigInt(fraction.padEnd(6, '0').slice(0, 6)),
  );
}

/** Days from 1970-01-01 to a date of the Gregorian calendar, in any year. */
export function dayNumber(year = '', month = '', day = ''): number {
  // Its years repeat every 400, so any year has one that Date knows.
  const eras = Math.floor(Number(year) / 400);
  const midnight = new Date(0);
  midnight.setUTCFullYear(Number(year) - eras * 400 + 2000, Number(month) - 1, Number(day));
  return midnight.getTime() / 86_400_000 + (eras - 5) * 146_097;
}

/** A canonical text as it is hashed, and kept where rows have to be completed: see `TruthTable.rows`. */
export function hashedField(text: string | null): string {
  if (text === null) return 'n';
  const bytes = Buffer.byteLength(text);
  return bytes > LONG_TEXT_BYTES ? `m${createHash('md5').update(text).digest('hex')}` : `${bytes}:${text}`;
}

/** The hash of a row of such fields. */
export function rowHash(fields: readonly string[]): bigint {
  return BigInt(`0x${createHash('md5').update(fields.join('')).digest('hex').slice(0, 15)}`);
}
