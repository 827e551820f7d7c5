import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { writeJsonString, writeJsonText } from '../../../runtime/record/json-text.ts';
import { STRING } from '../../../runtime/record/schema-builder.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import { charsetDecoder } from '../catalog/charset.ts';
import type { Column } from '../catalog/table.ts';
import type { CellFormat, TypeOptions } from './options.ts';

/** char, varchar, text. The text protocol sends UTF-8, whatever the column's character set. */
export function textCodec(column: Column, format: CellFormat, options: TypeOptions): CellCodec {
  const decode = format === 'text' ? undefined : charsetDecoder(column.charset ?? 'utf8mb4');
  if (decode === undefined) return utf8Codec(STRING, options.unavailable);
  return {
    schema: STRING,
    json: () => (bytes, at, length, writer) => writeJsonString(writer, decode(bytes, at, length)),
    value: decode,
    unavailable: options.unavailable,
  };
}

/** The cell is UTF-8 text. */
export function utf8Codec(schema: Schema, unavailable: string): CellCodec {
  return {
    schema,
    json: () => (bytes, at, length, writer) => writeJsonText(writer, bytes, at, length),
    value: (bytes, at, length) => bytes.toString('utf8', at, at + length),
    unavailable,
  };
}

/** Makes the text of a cell; `made`: a codec over it. */
export function madeTextCodec(
  schema: Schema,
  text: (bytes: Buffer, at: number, length: number) => string,
  unavailable?: string,
): CellCodec {
  return {
    schema,
    json: () => (bytes, at, length, writer) => writeJsonString(writer, text(bytes, at, length)),
    value: text,
    ...(unavailable === undefined ? {} : { unavailable }),
  };
}
