import type { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { Decimal } from '../../../runtime/record/decimal.ts';
import { writeInteger } from '../../../runtime/record/json-number.ts';
import { decimalType } from '../../../runtime/record/logical-types.ts';
import { INT16, INT32, INT64 } from '../../../runtime/record/schema-builder.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import type { Column } from '../catalog/table.ts';
import { decimalCodec } from './decimal-codec.ts';
import type { CellFormat, TypeOptions } from './options.ts';

type Read = (bytes: Buffer, at: number) => number;

const READ: Readonly<Record<number, { readonly signed: Read; readonly unsigned: Read }>> = {
  1: {
    signed: (bytes, at) => ((bytes[at] as number) << 24) >> 24,
    unsigned: (bytes, at) => bytes[at] as number,
  },
  2: {
    signed: (bytes, at) => (bytes[at] as number) | (((bytes[at + 1] as number) << 24) >> 16),
    unsigned: (bytes, at) => (bytes[at] as number) | ((bytes[at + 1] as number) << 8),
  },
  3: {
    signed: (bytes, at) => (read24(bytes, at) << 8) >> 8,
    unsigned: read24,
  },
  4: {
    signed: readInt32,
    unsigned: (bytes, at) => readInt32(bytes, at) >>> 0,
  },
};

/** tinyint to bigint, as Debezium has them: unsigned ones in the next larger type. */
export function integerCodec(column: Column, format: CellFormat, options: TypeOptions): CellCodec {
  const { type, unsigned } = column;
  if (type === 'bigint') return unsigned ? unsignedBigint(format, options) : bigint(format);
  const size = { tinyint: 1, smallint: 2, mediumint: 3, int: 4 }[type as 'tinyint'];
  const schema = integerSchema(size, unsigned);
  const wide = schema.type === 'int64';
  if (format === 'text') {
    return {
      schema,
      json: () => writeText,
      value: (bytes, at, length) => (wide ? BigInt(text(bytes, at, length)) : Number(text(bytes, at, length))),
    };
  }
  const read = READ[size]?.[unsigned ? 'unsigned' : 'signed'] ?? readInt32;
  return {
    schema,
    json: () => (bytes, at, _length, writer) => writeInteger(writer, read(bytes, at)),
    value: (bytes, at) => (wide ? BigInt(read(bytes, at)) : read(bytes, at)),
  };
}

function text(bytes: Buffer, at: number, length: number): string {
  return bytes.toString('latin1', at, at + length);
}

/** The text of an integer without the zeros that `zerofill` puts before it. */
function writeText(bytes: Buffer, at: number, length: number, writer: ByteWriter): void {
  let zeros = 0;
  while (zeros < length - 1 && bytes[at + zeros] === 0x30) zeros++;
  writer.copy(bytes, at + zeros, length - zeros);
}

function integerSchema(size: number, unsigned: boolean): Schema {
  if (size === 1) return INT16;
  if (size === 2) return unsigned ? INT32 : INT16;
  if (size === 3) return INT32;
  return unsigned ? INT64 : INT32;
}

function bigint(format: CellFormat): CellCodec {
  if (format === 'text') {
    return {
      schema: INT64,
      json: () => writeText,
      value: (bytes, at, length) => BigInt(bytes.toString('latin1', at, at + length)),
    };
  }
  return {
    schema: INT64,
    json: () => writeInt64,
    value: (bytes, at) => bytes.readBigInt64LE(at),
  };
}

/** Digits of 2^64. */
const UNSIGNED_DIGITS = 20;

/** `long` shows 2^63 and above as negative numbers, as Debezium does; `precise` as a Decimal. */
function unsignedBigint(format: CellFormat, options: TypeOptions): CellCodec {
  const read = (bytes: Buffer, at: number, length: number): bigint =>
    format === 'text' ? BigInt(bytes.toString('latin1', at, at + length)) : bytes.readBigUInt64LE(at);
  if (options.unsignedBigint === 'precise') {
    return decimalCodec(
      decimalType(0, UNSIGNED_DIGITS),
      (bytes, at, length) => new Decimal(read(bytes, at, length), 0),
    );
  }
  if (format === 'binlog') return bigint('binlog');
  return {
    schema: INT64,
    json: () => (bytes, at, length, writer) => {
      if (length < 19) writeText(bytes, at, length, writer);
      else writer.ascii(BigInt.asIntN(64, read(bytes, at, length)).toString());
    },
    value: (bytes, at, length) => BigInt.asIntN(64, read(bytes, at, length)),
  };
}

function writeInt64(bytes: Buffer, at: number, _length: number, writer: ByteWriter): void {
  const high = readInt32(bytes, at + 4);
  if (high >= -0x20_0000 && high < 0x20_0000) {
    writeInteger(writer, high * 0x1_0000_0000 + (readInt32(bytes, at) >>> 0));
  } else writer.ascii(bytes.readBigInt64LE(at).toString());
}

export function readInt32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

function read24(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
}
