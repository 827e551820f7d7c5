import type { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { writeJsonDouble, writeJsonFloat } from '../../../runtime/record/json-number.ts';
import { DOUBLE, FLOAT } from '../../../runtime/record/schema-builder.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import type { CellFormat } from './codec.ts';

type Read = (bytes: Buffer, at: number, length: number) => number;

export function floatCodec(format: CellFormat): CellCodec {
  const read: Read =
    format === 'text'
      ? (bytes, at, length) => Math.fround(parseNumber(bytes, at, length))
      : (bytes, at) => bytes.readFloatBE(at);
  return numberCodec(FLOAT, read, writeJsonFloat);
}

export function doubleCodec(format: CellFormat): CellCodec {
  return numberCodec(DOUBLE, format === 'text' ? parseNumber : (bytes, at) => bytes.readDoubleBE(at), writeJsonDouble);
}

/** The number in a text cell: Postgres writes NaN, Infinity and exponents as JavaScript reads them. */
export function parseNumber(bytes: Buffer, at: number, length: number): number {
  return Number(bytes.toString('latin1', at, at + length));
}

function numberCodec(schema: Schema, read: Read, write: (writer: ByteWriter, value: number) => void): CellCodec {
  return {
    schema,
    json: () => (bytes, at, length, writer) => write(writer, read(bytes, at, length)),
    value: read,
  };
}
