import type { CellCodec } from '../record/cell-codec.ts';
import { writeJsonText } from '../record/json-text.ts';
import { INT64, STRING } from '../record/schema-builder.ts';

/*
 * Codecs of meta cells: what a connector itself writes beside the columns of a row. Their cells
 * are ASCII digits or UTF-8 text, so they cost a copy.
 */

/** Decimal digits as an int64. */
export const digits: CellCodec = {
  schema: INT64,
  json: () => (bytes, at, length, writer) => writer.copy(bytes, at, length),
  value: (bytes, at, length) => BigInt(bytes.toString('latin1', at, at + length)),
};

/** Digits of epoch microseconds, read as milliseconds. Instants since 1970 with at least four digits only. */
export const millisOfMicros: CellCodec = {
  schema: INT64,
  json: () => (bytes, at, length, writer) => writer.copy(bytes, at, length - 3),
  value: (bytes, at, length) => BigInt(bytes.toString('latin1', at, at + length - 3)),
};

/** Digits of epoch microseconds, read as nanoseconds. */
export const nanosOfMicros: CellCodec = {
  schema: INT64,
  json: () => (bytes, at, length, writer) => {
    writer.copy(bytes, at, length);
    writer.ascii('000');
  },
  value: (bytes, at, length) => BigInt(bytes.toString('latin1', at, at + length)) * 1000n,
};

/** UTF-8 text. */
export const text: CellCodec = {
  schema: STRING,
  json: () => (bytes, at, length, writer) => writeJsonText(writer, bytes, at, length),
  value: (bytes, at, length) => bytes.toString('utf8', at, at + length),
};
