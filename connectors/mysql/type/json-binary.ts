import type { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import { writeDate, writeTime } from '../../../runtime/record/calendar.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { FIELD } from '../binlog/field-type.ts';
import { unpackDecimal } from './decimal-codec.ts';

/*
 * MySQL's binary JSON (`sql/json_binary.h`):
 *
 *     value  = type:u8 data
 *     object = count size { key-offset key-length:u16 }* { type:u8 inline-value-or-offset }* keys values
 *     array  = count size { type:u8 inline-value-or-offset }* values
 *
 * Counts, sizes and offsets have two bytes in small containers and four in large ones; offsets count from
 * the count. The text is what the server itself shows for the column: `{"a": 1, "b": [true, null]}`.
 */
const TYPE = {
  smallObject: 0,
  largeObject: 1,
  smallArray: 2,
  largeArray: 3,
  literal: 4,
  int16: 5,
  uint16: 6,
  int32: 7,
  uint32: 8,
  int64: 9,
  uint64: 10,
  double: 11,
  string: 12,
  opaque: 15,
} as const;

const LITERALS = ['null', 'true', 'false'] as const;
/** The server's own limit. */
const MAX_DEPTH = 100;

/** A container's parts, for readers of their own. */
export interface Container {
  readonly object: boolean;
  readonly count: number;
  key(i: number): string;
  /** Type and place of a value: `bytes[at]` is its data. */
  value(i: number): { readonly type: number; readonly at: number };
}

/** Writes the text of a value whose type is in `bytes[at]`; no bytes at all are `null`. */
export function writeJsonBinary(bytes: Buffer, at: number, length: number, writer: ByteWriter): void {
  if (length === 0) writer.ascii('null');
  else writeValue(bytes, bytes[at] as number, at + 1, at + length, writer, 0);
}

export function isContainer(type: number): boolean {
  return type <= TYPE.largeArray;
}

export function writeScalar(bytes: Buffer, type: number, at: number, end: number, writer: ByteWriter): void {
  writeValue(bytes, type, at, end, writer, 0);
}

/** Reads the head of an object or array whose data begins at `at`. */
export function readContainer(bytes: Buffer, type: number, at: number, end: number): Container {
  const large = type === TYPE.largeObject || type === TYPE.largeArray;
  const object = type === TYPE.smallObject || type === TYPE.largeObject;
  const width = large ? 4 : 2;
  const number = (place: number): number => {
    if (place + width > end) throw broken('a container is cut off');
    return large ? bytes.readUInt32LE(place) : bytes.readUInt16LE(place);
  };
  const count = number(at);
  const keys = at + width * 2;
  const values = keys + (object ? count * (width + 2) : 0);
  if (values + count * (width + 1) > end) throw broken(`a container says it has ${count} values`);
  return {
    object,
    count,
    key: (i) => {
      const entry = keys + i * (width + 2);
      const from = at + number(entry);
      const to = from + bytes.readUInt16LE(entry + width);
      if (to > end) throw broken('a key is cut off');
      return bytes.toString('utf8', from, to);
    },
    value: (i) => {
      const entry = values + i * (width + 1);
      const type = bytes[entry] as number;
      return { type, at: isInline(type, large) ? entry + 1 : at + number(entry + 1) };
    },
  };
}

function isInline(type: number, large: boolean): boolean {
  if (type === TYPE.literal || type === TYPE.int16 || type === TYPE.uint16) return true;
  return large && (type === TYPE.int32 || type === TYPE.uint32);
}

function writeValue(bytes: Buffer, type: number, at: number, end: number, writer: ByteWriter, depth: number): void {
  switch (type) {
    case TYPE.smallObject:
    case TYPE.largeObject:
    case TYPE.smallArray:
    case TYPE.largeArray:
      return writeContainer(bytes, type, at, end, writer, depth);
    case TYPE.literal:
      return writer.ascii(LITERALS[bytes[at] ?? 3] ?? unknown(`the literal ${bytes[at]}`));
    case TYPE.int16:
      return writer.ascii(String(bytes.readInt16LE(at)));
    case TYPE.uint16:
      return writer.ascii(String(bytes.readUInt16LE(at)));
    case TYPE.int32:
      return writer.ascii(String(bytes.readInt32LE(at)));
    case TYPE.uint32:
      return writer.ascii(String(bytes.readUInt32LE(at)));
    case TYPE.int64:
      return writer.ascii(String(bytes.readBigInt64LE(at)));
    case TYPE.uint64:
      return writer.ascii(String(bytes.readBigUInt64LE(at)));
    case TYPE.double:
      return writer.ascii(jsonDouble(bytes.readDoubleLE(at)));
    case TYPE.string: {
      const { from, to } = lengthed(bytes, at, end);
      return writer.utf8(JSON.stringify(bytes.toString('utf8', from, to)));
    }
    case TYPE.opaque:
      return writeOpaque(bytes, at, end, writer);
    default:
      unknown(`a value of type ${type}`);
  }
}

function writeContainer(bytes: Buffer, type: number, at: number, end: number, writer: ByteWriter, depth: number): void {
  if (depth > MAX_DEPTH) throw broken('it is nested too deeply');
  const container = readContainer(bytes, type, at, end);
  writer.byte(container.object ? 0x7b : 0x5b);
  for (let i = 0; i < container.count; i++) {
    if (i > 0) writer.ascii(', ');
    if (container.object) {
      writer.utf8(JSON.stringify(container.key(i)));
      writer.ascii(': ');
    }
    const value = container.value(i);
    writeValue(bytes, value.type, value.at, end, writer, depth + 1);
  }
  writer.byte(container.object ? 0x7d : 0x5d);
}

/** Decimal exponents up to which the server writes no exponent (`MAX_DECPT_FOR_F_FORMAT`). */
const PLAIN_DIGITS = 15;

/** As the server writes it: the shortest digits, `.0` after a whole number. */
function jsonDouble(value: number): string {
  const [, sign = '', first = '', rest = '', exponent = '0'] =
    /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(value.toExponential()) ?? [];
  const digits = first + rest;
  const point = Number(exponent) + 1;
  if (point > PLAIN_DIGITS || point <= -PLAIN_DIGITS) {
    return `${sign}${first}${rest === '' ? '' : `.${rest}`}e${Number(exponent)}`;
  }
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return `${sign}${digits.slice(0, point).padEnd(point, '0')}.${digits.slice(point) || '0'}`;
}

/** A length in groups of seven bits, the lowest first, then the bytes. */
function lengthed(bytes: Buffer, at: number, end: number): { from: number; to: number } {
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[at + i] ?? 0;
    length += (byte & 0x7f) * 2 ** (7 * i);
    if ((byte & 0x80) !== 0) continue;
    const from = at + i + 1;
    if (from + length > end) throw broken('a text is cut off');
    return { from, to: from + length };
  }
  throw broken('a length has no end');
}

/** A value of another column type: decimals are numbers, dates and times text, the rest base64. */
function writeOpaque(bytes: Buffer, at: number, end: number, writer: ByteWriter): void {
  const type = bytes[at] as number;
  const { from, to } = lengthed(bytes, at + 1, end);
  switch (type) {
    case FIELD.newDecimal:
      return writer.ascii(unpackDecimal(bytes, from + 2, bytes[from] as number, bytes[from + 1] as number).toString());
    case FIELD.date:
    case FIELD.time:
    case FIELD.datetime:
    case FIELD.timestamp:
      writer.byte(0x22);
      writePackedTime(bytes.readBigInt64LE(from), type, writer);
      return writer.byte(0x22);
    default:
      return writer.ascii(`"base64:type${type}:${bytes.toString('base64', from, to)}"`);
  }
}

/** Date, time of day and 24 bits of microseconds in one number. */
function writePackedTime(packed: bigint, type: number, writer: ByteWriter): void {
  const size = packed < 0n ? -packed : packed;
  const micros = Number(size & 0xff_ffffn);
  const whole = Number(size >> 24n);
  const date = Math.floor(whole / 0x2_0000);
  const time = type === FIELD.time ? whole : whole - date * 0x2_0000;
  const months = date >> 5;
  if (type === FIELD.time && packed < 0n) writer.byte(0x2d);
  if (type !== FIELD.time) writeDate(Math.floor(months / 13), months % 13, date & 31, writer);
  if (type === FIELD.date) return;
  if (type !== FIELD.time) writer.byte(0x20);
  const seconds = (time >> 12) * 3600 + ((time >> 6) & 63) * 60 + (time & 63);
  writeTime(seconds * 1_000_000 + micros, 6, writer);
}

function unknown(what: string): never {
  throw broken(`it has ${what}`);
}

export function broken(what: string): MillraceError {
  return new MillraceError('MYSQL_JSON_BROKEN', `a JSON value is not well-formed: ${what}`, {
    kind: 'corrupt',
    remedy: 'Check the row on the server, and report it with the server version.',
  });
}
