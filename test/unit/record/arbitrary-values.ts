import fc from 'fast-check';
import { Decimal } from '../../../runtime/record/decimal.ts';
import { decimalType } from '../../../runtime/record/logical-types.ts';
import {
  arrayOf,
  field,
  mapOf,
  optional,
  primitive,
  STRING,
  structOf,
} from '../../../runtime/record/schema-builder.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import { struct, type Value } from '../../../runtime/record/value.ts';

/** A schema and a value of it. */
export interface TypedValue {
  readonly schema: Schema;
  readonly value: Value;
}

const text = fc.oneof(
  { weight: 9, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
  // A name like any other.
  { weight: 1, arbitrary: fc.constant('__proto__') },
);
const float = fc.float({ noDefaultInfinity: false }).map(Math.fround);

const leaf: fc.Arbitrary<TypedValue> = fc.oneof(
  fc.integer({ min: -128, max: 127 }).map((value) => ({ schema: primitive('int8'), value })),
  fc.integer({ min: -32768, max: 32767 }).map((value) => ({ schema: primitive('int16'), value })),
  fc.integer().map((value) => ({ schema: primitive('int32'), value })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => ({ schema: primitive('int64'), value })),
  float.map((value) => ({ schema: primitive('float'), value })),
  fc.double().map((value) => ({ schema: primitive('double'), value })),
  fc.boolean().map((value) => ({ schema: primitive('boolean'), value })),
  text.map((value) => ({ schema: primitive('string'), value })),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => ({ schema: primitive('bytes'), value: Buffer.from(bytes) })),
  fc
    .tuple(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.integer({ min: 0, max: 20 }))
    .map(([unscaled, scale]) => {
      return { schema: decimalType(scale), value: new Decimal(unscaled, scale) };
    }),
);

/** Values of all types, nested, with nulls where the schema allows them. */
export const typedValue: fc.Arbitrary<TypedValue> = fc.letrec<{ value: TypedValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    leaf.map(({ schema }) => ({ schema: optional(schema), value: null })),
    fc.tuple(tie('value'), fc.nat(3)).map(([{ schema, value }, count]) => {
      return { schema: arrayOf(schema), value: Array.from({ length: count }, () => value) };
    }),
    fc.tuple(fc.uniqueArray(text, { maxLength: 4 }), tie('value')).map(([keys, { schema, value }]) => {
      return { schema: mapOf(STRING, schema), value: new Map(keys.map((key) => [key, value])) };
    }),
    fc.tuple(fc.uniqueArray(fc.integer(), { maxLength: 4 }), tie('value')).map(([keys, { schema, value }]) => {
      return { schema: mapOf(primitive('int32'), schema), value: new Map(keys.map((key) => [key, value])) };
    }),
    fc.uniqueArray(fc.tuple(text, tie('value')), { maxLength: 5, selector: ([name]) => name }).map((parts) => ({
      schema: structOf(parts.map(([name, { schema }]) => field(name, schema))),
      value: struct(Object.fromEntries(parts.map(([name, { value }]) => [name, value]))),
    })),
  ),
})).value;
