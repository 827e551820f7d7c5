import type { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import type { CellFormat } from './codec.ts';

const FLOAT: Schema = { type: 'float', optional: false };
const DOUBLE: Schema = { type: 'double', optional: false };

/** `float4`. Its value is the shortest decimal that names the float: 0.1, not 0.10000000149011612. */
export function floatCodec(format: CellFormat): CellCodec {
  if (format === 'text') return numberCodec(FLOAT, parse);
  return numberCodec(FLOAT, (bytes, at) => shortestFloat(bytes.readFloatBE(at)));
}

export function doubleCodec(format: CellFormat): CellCodec {
  if (format === 'text') return numberCodec(DOUBLE, parse);
  return numberCodec(DOUBLE, (bytes, at) => bytes.readDoubleBE(at));
}

function numberCodec(schema: Schema, read: (bytes: Buffer, at: number, length: number) => number): CellCodec {
  return {
    schema,
    json: () => (bytes, at, length, writer) => writeDouble(read(bytes, at, length), writer),
    value: read,
  };
}

/** Writes a double as the JSON converter does; what JSON has no number for is quoted. */
export function writeDouble(value: number, writer: ByteWriter): void {
  if (Number.isFinite(value)) writer.ascii(Object.is(value, -0) ? '-0' : String(value));
  else writer.ascii(`"${value}"`);
}

/** The number in a text cell: Postgres writes NaN, Infinity and exponents as JavaScript reads them. */
export function parse(bytes: Buffer, at: number, length: number): number {
  return Number(bytes.toString('latin1', at, at + length));
}

/** The double whose text is the shortest that rounds to this float. */
export function shortestFloat(float: number): number {
  if (!Number.isFinite(float) || (Number.isInteger(float) && Math.abs(float) < 0x1000000)) return float;
  for (let precision = 6; precision <= 8; precision++) {
    const candidate = Number(float.toPrecision(precision));
    if (Math.fround(candidate) === float) return candidate;
  }
  return Number(float.toPrecision(9));
}
