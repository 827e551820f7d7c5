import { instantText, scalarText } from '../../convert/java-text.ts';
import { Decimal } from '../../record/decimal.ts';
import { isDecimal } from '../../record/logical-types.ts';
import type { Schema } from '../../record/schema.ts';
import type { Value } from '../../record/value.ts';
import { javaClass, javaType } from '../java-class.ts';
import { rejected } from '../transform-error.ts';

export type CastType = 'int8' | 'int16' | 'int32' | 'int64' | 'float' | 'double' | 'boolean' | 'string';

const BITS = { int8: 8, int16: 16, int32: 32, int64: 64 } as const;
const INPUTS = '[INT8, INT16, INT32, INT64, FLOAT32, FLOAT64, BOOLEAN, STRING, BYTES]';
const LONG_MAX = 2n ** 63n - 1n;

/**
 * A value as another type, by Java's rules as Connect's Cast applies them: numbers are narrowed (bits
 * are cut off, fractions too), texts are parsed strictly. Throws where it cannot be.
 */
export function castValue(schema: Schema | null, value: Value, to: CastType): Value {
  if (value === null) return null;
  checkInput(schema, value);
  switch (to) {
    case 'string':
      return castText(schema, value);
    case 'boolean':
      return castBoolean(schema, value);
    case 'float':
      return Math.fround(castFloating(schema, value));
    case 'double':
      return castFloating(schema, value);
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
      return integerForm(schema, castInteger(schema, value, BITS[to]), to);
  }
}

/** Without a schema an integer is a number where that is exact. */
function integerForm(schema: Schema | null, value: bigint, to: CastType): Value {
  if (to !== 'int64') return Number(value);
  const asNumber = Number(value);
  return schema === null && Number.isSafeInteger(asNumber) ? asNumber : value;
}

function checkInput(schema: Schema | null, value: Value): void {
  const type = schema === null ? untypedProblem(value) : javaType(schema);
  if (type === 'ARRAY' || type === 'MAP' || type === 'STRUCT') {
    const message = `Cast transformation does not support casting from ${type}; supported types are ${INPUTS}`;
    throw rejected('TYPE', message);
  }
}

function untypedProblem(value: Value): string {
  if (value instanceof Map) return 'MAP';
  if (Array.isArray(value)) return 'ARRAY';
  return typeof value === 'object' && !(value instanceof Uint8Array) && !(value instanceof Decimal) ? 'STRUCT' : '';
}

function outOfRange(value: string): Error {
  return rejected('VALUE', `Value (${value}) was out of range for requested data type`);
}

function unexpected(schema: Schema | null, value: Value): Error {
  return rejected('TYPE', `Unexpected type in Cast transformation: class ${javaClass(schema, value)}`);
}

/** Java's `byteValue()`, `shortValue()`, `intValue()`, `longValue()`, or the parsing of its text. */
function castInteger(schema: Schema | null, value: Value, bits: number): bigint {
  switch (typeof value) {
    case 'boolean':
      return value ? 1n : 0n;
    case 'bigint':
      return BigInt.asIntN(bits, value);
    case 'number':
      return isFloating(schema, value) ? fromDouble(value, bits) : BigInt.asIntN(bits, BigInt(value));
    case 'string':
      return parseInteger(value, bits);
    default:
      if (value instanceof Decimal) return BigInt.asIntN(bits, wholePart(value));
      throw unexpected(schema, value);
  }
}

function isFloating(schema: Schema | null, value: number): boolean {
  return schema === null ? !Number.isInteger(value) : schema.type === 'float' || schema.type === 'double';
}

/** A double becomes an int (or long) first, at the nearest end where it is beyond; then bits are cut off. */
function fromDouble(value: number, bits: number): bigint {
  if (Number.isNaN(value)) return 0n;
  const first = bits === 64 ? 64n : 32n;
  const most = first === 64n ? LONG_MAX : 2n ** 31n - 1n;
  if (value >= Number(most)) return BigInt.asIntN(bits, most);
  if (value <= -Number(most) - 1) return BigInt.asIntN(bits, -most - 1n);
  return BigInt.asIntN(bits, BigInt(Math.trunc(value)));
}

function wholePart({ unscaled, scale }: Decimal): bigint {
  return scale >= 0 ? unscaled / 10n ** BigInt(scale) : unscaled * 10n ** BigInt(-scale);
}

function parseInteger(text: string, bits: number): bigint {
  if (!/^[+-]?\d+$/.test(text) || text.length > 40) throw outOfRange(text);
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  if (BigInt.asIntN(bits, value) !== value) throw outOfRange(text);
  return value;
}

const FLOATING = /^[+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?)$/;

function castFloating(schema: Schema | null, value: Value): number {
  switch (typeof value) {
    case 'boolean':
      return value ? 1 : 0;
    case 'bigint':
    case 'number':
      return Number(value);
    case 'string': {
      const text = value.trim();
      if (!FLOATING.test(text)) throw outOfRange(value);
      return Number(/[fFdD]$/.test(text) ? text.slice(0, -1) : text);
    }
    default:
      if (value instanceof Decimal) return Number(value.toScientific());
      throw unexpected(schema, value);
  }
}

function castBoolean(schema: Schema | null, value: Value): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') return value.toLowerCase() === 'true';
  return castInteger(schema, value, 64) !== 0n;
}

function castText(schema: Schema | null, value: Value): string {
  if (value instanceof Uint8Array && (schema === null || !isDecimal(schema))) {
    return Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64');
  }
  const text = instantText(schema, value) ?? scalarText(schema, value);
  if (text === undefined) throw unexpected(schema, value);
  return text;
}
