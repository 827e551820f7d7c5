import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import { doubleVectorOf, floatVectorOf, sparseDoubleVectorOf } from '../../../runtime/record/semantic-types.ts';
import type { TypeOptions } from './options.ts';
import { struct, type Value } from '../../../runtime/record/value.ts';
import { writeJson } from '../../../runtime/record/value-json.ts';

/** pgvector's types, from their text. An unchanged TOAST value is shown as the placeholder's bytes. */
export function vectorCodec(options: TypeOptions): CellCodec {
  return { ...parsedCodec(doubleVectorOf(), numbers), unavailable: [...Buffer.from(options.unavailable)] };
}

export function halfVectorCodec(options: TypeOptions): CellCodec {
  return { ...parsedCodec(floatVectorOf(), numbers), unavailable: [...Buffer.from(options.unavailable)] };
}

/** `{1:0.5,3:2}/5`: the items that are not zero, numbered from 1, and the dimensions. */
export function sparseVectorCodec(): CellCodec {
  return parsedCodec(sparseDoubleVectorOf(), (text) => {
    const [items = '', dimensions = '0'] = text.split('/');
    const pairs = items
      .slice(1, -1)
      .split(',')
      .filter((pair) => pair !== '');
    const vector = new Map(
      pairs.map((pair) => {
        const [index, value] = pair.split(':');
        return [Number(index), Number(value)] as const;
      }),
    );
    return struct({ dimensions: Number(dimensions), vector });
  });
}

function numbers(text: string): number[] {
  return text === '[]' ? [] : text.slice(1, -1).split(',').map(Number);
}

function parsedCodec(schema: Schema, parse: (text: string) => Value): CellCodec {
  const value = (bytes: Buffer, at: number, length: number): Value => parse(bytes.toString('latin1', at, at + length));
  return {
    schema,
    json: (options) => (bytes, at, length, writer) =>
      writeJson(writer, schema, value(bytes, at, length), { ...options, replaceNullWithDefault: false }),
    value,
  };
}
