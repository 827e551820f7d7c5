import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { writeJsonText } from '../../../runtime/record/json-text.ts';
import type { Schema } from '../../../runtime/record/schema.ts';

/** Types whose value is the cell's text in both formats. */
export function textCodec(schema: Schema, unavailable: string): CellCodec {
  return {
    schema,
    json: () => (bytes, at, length, writer) => writeJsonText(writer, bytes, at, length),
    value: (bytes, at, length) => bytes.toString('utf8', at, at + length),
    unavailable,
  };
}

/** Binary `jsonb` and `ltree`: a version byte, then the text. */
export function versionedTextCodec(schema: Schema, unavailable: string): CellCodec {
  return {
    schema,
    json: () => (bytes, at, length, writer) => writeJsonText(writer, bytes, at + 1, length - 1),
    value: (bytes, at, length) => bytes.toString('utf8', at + 1, at + length),
    unavailable,
  };
}
