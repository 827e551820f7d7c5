import { asciiCodec } from '../../../runtime/record/ascii-codec.ts';
import type { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import { DAY_S, writeRecentDays, writeTime } from '../../../runtime/record/calendar.ts';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { writeInteger } from '../../../runtime/record/json-number.ts';
import { dateType, timestampType, timeType } from '../../../runtime/record/logical-types.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import * as semantic from '../../../runtime/record/semantic-types.ts';
import { scaledBigInt, writeScaled } from './ascii.ts';
import type { CellFormat } from './codec.ts';
import type { TypeOptions } from './options.ts';
import { TemporalParser } from './temporal-parser.ts';

/*
 * Dates and times as Debezium's `time.precision.mode` shows them. Infinite values, which the
 * numeric forms have no place for: int32 dates are ±2^31 (2147483647, -2147483648); int64
 * timestamps are the instants Debezium (pgjdbc) stands for them, 9223372036825200000 and
 * -9223372036832400000 microseconds; nanoseconds the ends of int64; texts `infinity`, `-infinity`.
 */

const parser = new TemporalParser();
const INFINITY = { 1: 'infinity', [-1]: '-infinity' } as const;
const INFINITE_US = { 1: 9_223_372_036_825_200_000n, [-1]: -9_223_372_036_832_400_000n } as const;
const INFINITE_NS = { 1: 0x7fffffffffffffffn, [-1]: -0x8000000000000000n } as const;
const INFINITE_DAY = { 1: 2_147_483_647, [-1]: -2_147_483_648 } as const;
/** Days from 1970 that an int64 reaches, by fraction digits. */
const REACH_DAYS = { 3: Number.MAX_SAFE_INTEGER, 6: 106_751_990, 9: 106_750 } as const;

export function dateCodec(format: CellFormat, options: TypeOptions): CellCodec {
  if (options.time === 'isostring') {
    return asciiCodec(semantic.isoDateOf(), (bytes, at, length, writer) => {
      parser.date(bytes, at, length, format);
      if (!wroteInfinity(writer)) writeRecentDays(parser.days, writer);
      if (parser.infinite === 0) writer.byte(0x5a);
    });
  }
  const read = (bytes: Buffer, at: number, length: number): number => {
    parser.date(bytes, at, length, format);
    return parser.infinite === 0 ? parser.days : INFINITE_DAY[parser.infinite];
  };
  return {
    schema: options.time === 'connect' ? dateType() : semantic.dateOf(),
    json: () => (bytes, at, length, writer) => writeInteger(writer, read(bytes, at, length)),
    value: read,
  };
}

/** `precision`: declared fraction digits, 6 without a declaration. */
export function timeCodec(format: CellFormat, precision: number, options: TypeOptions): CellCodec {
  if (options.time === 'isostring') {
    return asciiCodec(semantic.isoTimeOf(), (bytes, at, length, writer) => {
      parser.time(bytes, at, length, format);
      writeTime(parser.micros, -1, writer);
      writer.byte(0x5a);
    });
  }
  const unit = timeUnit(precision, options);
  const read = (bytes: Buffer, at: number, length: number): number => {
    parser.time(bytes, at, length, format);
    if (unit.perSecond === 1000) return Math.floor(parser.micros / 1000);
    return unit.perSecond === 1_000_000 ? parser.micros : parser.micros * 1000;
  };
  const { schema } = unit;
  return {
    schema,
    json: () => (bytes, at, length, writer) => writeInteger(writer, read(bytes, at, length)),
    value: (bytes, at, length) => {
      const value = read(bytes, at, length);
      return schema.type === 'int32' ? value : BigInt(value);
    },
  };
}

export function timestampCodec(format: CellFormat, precision: number, options: TypeOptions): CellCodec {
  if (options.time === 'isostring') {
    return asciiCodec(semantic.isoTimestampOf(), (bytes, at, length, writer) => {
      parser.timestamp(bytes, at, length, format);
      writeZoned(-1, writer);
    });
  }
  const { schema, digits } = timestampUnit(precision, options);
  const read = (bytes: Buffer, at: number, length: number): void => {
    parser.timestamp(bytes, at, length, format);
    if (Math.abs(parser.days) > REACH_DAYS[digits]) outOfReach();
  };
  const scale = 10 ** (6 - Math.min(digits, 6));
  const wide = digits === 9 ? 1000 : 1;
  return {
    schema,
    json: () => (bytes, at, length, writer) => {
      read(bytes, at, length);
      if (parser.infinite !== 0) return writer.ascii(infiniteInstant(digits).toString());
      const seconds = Math.floor(parser.micros / 1_000_000);
      const fraction = parser.micros - seconds * 1_000_000;
      writeScaled(parser.days * DAY_S + seconds, Math.floor(fraction / scale) * wide, digits, writer);
    },
    value: (bytes, at, length) => {
      read(bytes, at, length);
      if (parser.infinite !== 0) return infiniteInstant(digits);
      const seconds = Math.floor(parser.micros / 1_000_000);
      const fraction = parser.micros - seconds * 1_000_000;
      return scaledBigInt(parser.days * DAY_S + seconds, Math.floor(fraction / scale) * wide, digits);
    },
  };
}

/** `timestamptz`: ISO 8601 in UTC with as many fraction digits as declared. */
export function zonedTimestampCodec(format: CellFormat, precision: number): CellCodec {
  return asciiCodec(semantic.zonedTimestampOf(), (bytes, at, length, writer) => {
    if (format === 'text' && isPlainUtc(bytes, at, length)) {
      copyPlainUtc(bytes, at, length, precision, writer);
      return;
    }
    parser.timestamp(bytes, at, length, format);
    writeZoned(precision, writer);
  });
}

/** `timetz`: ISO 8601 in UTC with as many fraction digits as it takes. */
export function zonedTimeCodec(format: CellFormat): CellCodec {
  return asciiCodec(semantic.zonedTimeOf(), (bytes, at, length, writer) => {
    parser.timetz(bytes, at, length, format);
    writeTime(parser.micros, -1, writer);
    writer.byte(0x5a);
  });
}

const UTC_END = 3;
const TO_SECONDS = 19;

/** `YYYY-MM-DD HH:MM:SS[.f…]+00`: what our sessions, which run in UTC, get for almost all instants. */
function isPlainUtc(bytes: Buffer, at: number, length: number): boolean {
  const end = at + length;
  return (
    length >= TO_SECONDS + UTC_END &&
    bytes[at + 4] === 0x2d &&
    bytes[at + 10] === 0x20 &&
    bytes[end - 3] === 0x2b &&
    bytes[end - 2] === 0x30 &&
    bytes[end - 1] === 0x30
  );
}

/** Such a text is the ISO form but for `T`, `Z` and zeros at the end of the fraction. */
function copyPlainUtc(bytes: Buffer, at: number, length: number, precision: number, writer: ByteWriter): void {
  writer.reserve(TO_SECONDS + 8);
  const { bytes: out } = writer;
  let to = writer.length;
  for (let from = at; from < at + TO_SECONDS; from++) out[to++] = bytes[from] as number;
  out[to - 9] = 0x54;
  if (precision > 0) {
    out[to++] = 0x2e;
    const digits = at + length - UTC_END;
    for (let place = 0, from = at + TO_SECONDS + 1; place < precision; place++, from++) {
      out[to++] = from < digits ? (bytes[from] as number) : 0x30;
    }
  }
  out[to++] = 0x5a;
  writer.length = to;
}

function writeZoned(digits: number, writer: ByteWriter): void {
  if (wroteInfinity(writer)) return;
  writeRecentDays(parser.days, writer);
  writer.byte(0x54);
  writeTime(parser.micros, digits, writer);
  writer.byte(0x5a);
}

function wroteInfinity(writer: ByteWriter): boolean {
  if (parser.infinite === 0) return false;
  writer.ascii(INFINITY[parser.infinite]);
  return true;
}

function infiniteInstant(digits: number): bigint {
  const which = parser.infinite === -1 ? -1 : 1;
  if (digits === 9) return INFINITE_NS[which];
  return digits === 6 ? INFINITE_US[which] : INFINITE_US[which] / 1000n;
}

function outOfReach(): never {
  throw new MillraceError('POSTGRES_TIMESTAMP_RANGE', 'a timestamp is too far from 1970 for an int64 of its unit', {
    kind: 'data',
    key: 'time.precision.mode',
    remedy: 'Use time.precision.mode=isostring.',
  });
}

function timeUnit(precision: number, options: TypeOptions): { schema: Schema; perSecond: number } {
  switch (options.time) {
    case 'connect':
      return { schema: timeType(), perSecond: 1000 };
    case 'nanoseconds':
      return { schema: semantic.nanoTimeOf(), perSecond: 1_000_000_000 };
    case 'adaptive':
      if (precision <= 3) return { schema: semantic.timeOf(), perSecond: 1000 };
      return { schema: semantic.microTimeOf(), perSecond: 1_000_000 };
    case 'adaptive_time_microseconds':
    case 'microseconds':
    case 'isostring':
      return { schema: semantic.microTimeOf(), perSecond: 1_000_000 };
  }
}

function timestampUnit(precision: number, options: TypeOptions): { schema: Schema; digits: 3 | 6 | 9 } {
  switch (options.time) {
    case 'connect':
      return { schema: timestampType(), digits: 3 };
    case 'nanoseconds':
      return { schema: semantic.nanoTimestampOf(), digits: 9 };
    case 'adaptive':
    case 'adaptive_time_microseconds':
      if (precision <= 3) return { schema: semantic.timestampOf(), digits: 3 };
      return { schema: semantic.microTimestampOf(), digits: 6 };
    case 'microseconds':
    case 'isostring':
      return { schema: semantic.microTimestampOf(), digits: 6 };
  }
}
