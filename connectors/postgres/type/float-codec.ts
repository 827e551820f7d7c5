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
  return numberCodec(FLOAT, read, writeJsonFloat, format);
}

export function doubleCodec(format: CellFormat): CellCodec {
  const read: Read = format === 'text' ? parseNumber : (bytes, at) => bytes.readDoubleBE(at);
  return numberCodec(DOUBLE, read, writeJsonDouble, format);
}

/** The number in a text cell: Postgres writes NaN, Infinity and exponents as JavaScript reads them. */
export function parseNumber(bytes: Buffer, at: number, length: number): number {
  return Number(bytes.toString('latin1', at, at + length));
}

function numberCodec(
  schema: Schema,
  read: Read,
  write: (writer: ByteWriter, value: number) => void,
  format: CellFormat,
): CellCodec {
  return {
    schema,
    json: () => (bytes, at, length, writer) => {
      if (format === 'text' && isPlain(bytes, at, length)) copyPlain(bytes, at, length, writer);
      else write(writer, read(bytes, at, length));
    },
    value: read,
  };
}

const ZERO = 0x30;
const NINE = 0x39;
const DOT = 0x2e;
const MINUS = 0x2d;

/**
 * Whether the server's text of a number is its JSON too, but for `.0`: both have the shortest digits
 * that name it, and between 10^-3 and 10^7 both write them without an exponent.
 */
function isPlain(bytes: Buffer, at: number, length: number): boolean {
  const end = at + length;
  const start = bytes[at] === MINUS ? at + 1 : at;
  let dot = end;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte === DOT) dot = i;
    else if (byte < ZERO || byte > NINE) return false;
  }
  if (dot - start > 7) return false;
  if (bytes[start] !== ZERO || dot === end) return true;
  return (
    bytes[dot + 1] !== ZERO || (dot + 2 < end && bytes[dot + 2] !== ZERO) || (dot + 3 < end && bytes[dot + 3] !== ZERO)
  );
}

function copyPlain(bytes: Buffer, at: number, length: number, writer: ByteWriter): void {
  writer.copy(bytes, at, length);
  for (let i = at; i < at + length; i++) if (bytes[i] === DOT) return;
  writer.byte(DOT);
  writer.byte(ZERO);
}
