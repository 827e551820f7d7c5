import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { writeJsonDouble, writeJsonFloat } from '../../../runtime/record/json-number.ts';
import { DOUBLE, FLOAT } from '../../../runtime/record/schema-builder.ts';
import type { CellFormat } from './options.ts';

type Read = (bytes: Buffer, at: number, length: number) => number;

const parse: Read = (bytes, at, length) => Number(bytes.toString('latin1', at, at + length));

/** The text of a float must have all its digits: see `snapshot/select.ts`. */
export function floatCodec(format: CellFormat): CellCodec {
  const read: Read =
    format === 'text'
      ? (bytes, at, length) => Math.fround(parse(bytes, at, length))
      : (bytes, at) => bytes.readFloatLE(at);
  return {
    schema: FLOAT,
    json: () => (bytes, at, length, writer) => writeJsonFloat(writer, read(bytes, at, length)),
    value: read,
  };
}

export function doubleCodec(format: CellFormat): CellCodec {
  const read: Read = format === 'text' ? parse : (bytes, at) => bytes.readDoubleLE(at);
  return {
    schema: DOUBLE,
    json: () => (bytes, at, length, writer) => writeJsonDouble(writer, read(bytes, at, length)),
    value: read,
  };
}
