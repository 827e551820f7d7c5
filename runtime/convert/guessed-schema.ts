import { Decimal } from '../record/decimal.ts';
import { decimalScale, decimalType, isDecimal } from '../record/logical-types.ts';
import { BOOLEAN, DOUBLE, INT16, INT32, INT64, INT8, STRING } from '../record/schema-builder.ts';
import type { Schema } from '../record/schema.ts';
import type { Value } from '../record/value.ts';

/** Smallest first. */
const INTEGERS: readonly (readonly [Schema, bigint])[] = [
  [INT8, 8n],
  [INT16, 16n],
  [INT32, 32n],
  [INT64, 64n],
];

/** The smallest integer type that holds the number; beyond 64 bits a decimal without a fraction. */
export function integerSchema(value: bigint): Schema {
  return INTEGERS.find(([, bits]) => BigInt.asIntN(Number(bits), value) === value)?.[0] ?? decimalType(0);
}

/**
 * The schema that items of JSON have in common, as Kafka Connect's `Values` guesses it: of integers the widest,
 * of integers and fractions double. null: none, the values are of several kinds, or there is nothing to tell by.
 */
export function guessedSchema(value: Value): Schema | null {
  switch (typeof value) {
    case 'string':
      return STRING;
    case 'boolean':
      return BOOLEAN;
    case 'bigint':
      return integerSchema(value);
    case 'number':
      return Number.isSafeInteger(value) ? integerSchema(BigInt(value)) : DOUBLE;
    default:
  }
  if (value instanceof Decimal) return decimalType(value.scale);
  const items = Array.isArray(value)
    ? (value as readonly Value[])
    : value instanceof Map
      ? [...(value as ReadonlyMap<Value, Value>).values()]
      : [];
  const common = commonSchema(items);
  if (common === null) return null;
  if (Array.isArray(value)) return { type: 'array', optional: false, valueSchema: common };
  return { type: 'map', optional: false, keySchema: STRING, valueSchema: common };
}

/** Items may be null: then the schema is optional. */
function commonSchema(items: readonly Value[]): Schema | null {
  let common: Schema | null = null;
  for (const item of items) {
    if (item === null) continue;
    const own = guessedSchema(item);
    if (own === null) return null;
    common = common === null ? own : merged(common, own);
    if (common === null) return null;
  }
  return common !== null && items.includes(null) ? { ...common, optional: true } : common;
}

function merged(a: Schema, b: Schema): Schema | null {
  if (isDecimal(a) || isDecimal(b))
    return isDecimal(a) && isDecimal(b) && decimalScale(a) === decimalScale(b) ? a : null;
  const [widthA, widthB] = [width(a), width(b)];
  if (widthA >= 0 && widthB >= 0) return widthA >= widthB ? a : b;
  // Every int32 is exact as a double; of an int64 that is not certain.
  if (a.type === 'double' && widthB >= 0) return widthB <= 2 ? a : null;
  if (b.type === 'double' && widthA >= 0) return widthA <= 2 ? b : null;
  if (a.type !== b.type) return null;
  if (a.valueSchema === undefined || b.valueSchema === undefined) return a;
  const valueSchema = merged(a.valueSchema, b.valueSchema);
  if (valueSchema === null) return null;
  const optional = a.valueSchema.optional || b.valueSchema.optional;
  return { ...a, valueSchema: { ...valueSchema, optional } };
}

/** Place among the integer types; -1: none of them. */
function width({ type, name }: Schema): number {
  return name === undefined ? INTEGERS.findIndex(([schema]) => schema.type === type) : -1;
}
