import { ByteWriter, literal } from '../../record/byte-writer.ts';
import type { CellCodec, CellJsonWriter } from '../../record/cell-codec.ts';
import type { Schema } from '../../record/schema.ts';
import { writeJson } from '../../record/value-json.ts';
import type { Value } from '../../record/value.ts';

const QUOTE = 0x22;

/** Cells whose values are converted as they are written. `convert` must not fail. */
export function convertedCell(codec: CellCodec, schema: Schema, convert: (value: Value) => Value): CellCodec {
  return {
    schema,
    json: (options) => {
      const own = { ...options, replaceNullWithDefault: false };
      return (bytes, at, length, writer) => {
        writeJson(writer, schema, convert(codec.value(bytes, at, length)), own);
      };
    },
    value: (bytes, at, length) => convert(codec.value(bytes, at, length)),
    ...unavailable(codec, convert),
  };
}

/** The same with the JSON of the cell itself, or that between quotes. */
export function rewrittenCell(
  codec: CellCodec,
  schema: Schema,
  convert: (value: Value) => Value,
  quoted: boolean,
): CellCodec {
  const json = (inner: CellJsonWriter): CellJsonWriter => {
    if (!quoted) return inner;
    return (bytes, at, length, writer) => {
      writer.byte(QUOTE);
      inner(bytes, at, length, writer);
      writer.byte(QUOTE);
    };
  };
  return { ...convertedCell(codec, schema, convert), json: (options) => json(codec.json(options)) };
}

/** Cells that all show the same value; NULL stays NULL. */
export function sameForAll(codec: CellCodec, schema: Schema, value: Value): CellCodec {
  return {
    schema,
    json: (options) => {
      const text = new ByteWriter(32);
      writeJson(text, schema, value, { ...options, replaceNullWithDefault: false });
      const written = literal(text.view());
      return (_bytes, _at, _length, writer) => writer.literal(written);
    },
    value: () => value,
    ...unavailable(codec, () => value),
  };
}

function unavailable(codec: CellCodec, convert: (value: Value) => Value): { readonly unavailable?: Value } {
  const given = codec.unavailable ?? null;
  return given === null ? {} : { unavailable: convert(given) };
}
