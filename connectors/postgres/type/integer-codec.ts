import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import type { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import { writeInteger } from '../../../runtime/record/json-number.ts';
import { BOOLEAN, INT16, INT32, INT64 } from '../../../runtime/record/schema-builder.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import type { CellFormat } from './codec.ts';

const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const LETTER_T = 0x74;

const copyDigits = (bytes: Buffer, at: number, length: number, writer: ByteWriter): void =>
  writer.copy(bytes, at, length);

export function int16Codec(format: CellFormat): CellCodec {
  if (format === 'text') return numberText(INT16);
  return numberBinary(INT16, readInt16);
}

export function int32Codec(format: CellFormat): CellCodec {
  return format === 'text' ? numberText(INT32) : numberBinary(INT32, readInt32);
}

export function int64Codec(format: CellFormat): CellCodec {
  if (format === 'text') {
    return {
      schema: INT64,
      json: () => copyDigits,
      value: (bytes, at, length) => BigInt(bytes.toString('latin1', at, at + length)),
    };
  }
  return {
    schema: INT64,
    json: () => (bytes, at, _length, writer) => writeInt64(bytes, at, writer),
    value: (bytes, at) => bytes.readBigInt64BE(at),
  };
}

/** `oid`: unsigned 32 bits, shown as int64. */
export function oidCodec(format: CellFormat): CellCodec {
  if (format === 'text') return int64Codec('text');
  return {
    schema: INT64,
    json: () => (bytes, at, _length, writer) => writeInteger(writer, readInt32(bytes, at) >>> 0),
    value: (bytes, at) => BigInt(readInt32(bytes, at) >>> 0),
  };
}

export function booleanCodec(format: CellFormat): CellCodec {
  const truth = format === 'text' ? LETTER_T : 1;
  return {
    schema: BOOLEAN,
    json: () => (bytes, at, _length, writer) =>
      bytes[at] === truth ? writer.copy(TRUE, 0, 4) : writer.copy(FALSE, 0, 5),
    value: (bytes, at) => bytes[at] === truth,
  };
}

function readInt16(bytes: Uint8Array, at: number): number {
  return (((bytes[at] as number) << 24) >> 16) | (bytes[at + 1] as number);
}

export function readInt32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

/** Writes a big-endian int64 in decimal. */
export function writeInt64(bytes: Buffer, at: number, writer: ByteWriter): void {
  const high = readInt32(bytes, at);
  if (high >= -0x200000 && high < 0x200000) {
    writeInteger(writer, high * 0x100000000 + (readInt32(bytes, at + 4) >>> 0));
  } else writer.ascii(bytes.readBigInt64BE(at).toString());
}

function numberText(schema: Schema): CellCodec {
  return {
    schema,
    json: () => copyDigits,
    value: (bytes, at, length) => Number(bytes.toString('latin1', at, at + length)),
  };
}

function numberBinary(schema: Schema, read: (bytes: Buffer, at: number) => number): CellCodec {
  return {
    schema,
    json: () => (bytes, at, _length, writer) => writeInteger(writer, read(bytes, at)),
    value: (bytes, at) => read(bytes, at),
  };
}
