import type { CellCodec } from '../record/cell-codec.ts';
import type { Schema } from '../record/schema.ts';
import { base64 } from './base64.ts';
import { jsonText } from './json-text.ts';

/*
 * Codecs of meta cells: what a connector itself writes beside the columns of a row. Their cells
 * are ASCII digits or UTF-8 text, so they cost a copy.
 */

const INT64: Schema = { type: 'int64', optional: false };
const TEXT: Schema = { type: 'string', optional: false };
const BYTES: Schema = { type: 'bytes', optional: false };

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
  schema: TEXT,
  json: () => jsonText,
  value: (bytes, at, length) => bytes.toString('utf8', at, at + length),
};

/** Bytes as they are; base64 in JSON. */
export const bytesAsBase64: CellCodec = {
  schema: BYTES,
  json: () => (bytes, at, length, writer) => {
    writer.byte(0x22);
    base64(bytes, at, length, writer);
    writer.byte(0x22);
  },
  value: (bytes, at, length) => Buffer.from(bytes.subarray(at, at + length)),
};
