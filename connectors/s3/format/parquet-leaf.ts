import type { SchemaElement } from 'hyparquet-writer';
import { Decimal } from '../../../runtime/record/decimal.ts';
import {
  CONNECT_DATE,
  CONNECT_TIME,
  CONNECT_TIMESTAMP,
  decimalPrecision,
  decimalScale,
  isDecimal,
} from '../../../runtime/record/logical-types.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import type { Value } from '../../../runtime/record/value.ts';

/** The physical value of a leaf, as the Parquet writer takes it. */
export type Physical = boolean | number | bigint | string | Uint8Array;

/** How a primitive schema is stored: its Parquet type, and the exact value; a TypeError names what does not fit. */
interface LeafType {
  readonly element: Omit<SchemaElement, 'name' | 'repetition_type'>;
  readonly physical: (value: Value) => Physical;
}

/** Digits of a decimal whose schema does not say; the most that readers commonly take. */
const DECIMAL_PRECISION = 38;

type Unit = 'MILLIS' | 'MICROS' | 'NANOS';

/** Debezium's times have no zone, Connect's Timestamp is an instant. */
const TIMESTAMPS: Readonly<Record<string, readonly [unit: Unit, instant: boolean]>> = {
  [CONNECT_TIMESTAMP]: ['MILLIS', true],
  'io.debezium.time.Timestamp': ['MILLIS', false],
  'io.debezium.time.MicroTimestamp': ['MICROS', false],
  'io.debezium.time.NanoTimestamp': ['NANOS', false],
};
const TIMES: Readonly<Record<string, Unit>> = {
  [CONNECT_TIME]: 'MILLIS',
  'io.debezium.time.Time': 'MILLIS',
  'io.debezium.time.MicroTime': 'MICROS',
  'io.debezium.time.NanoTime': 'NANOS',
};
const DATES = new Set([CONNECT_DATE, 'io.debezium.time.Date']);

/** Of each unit, how many a day has. */
const DAY: Readonly<Record<Unit, bigint>> = {
  MILLIS: 86_400_000n,
  MICROS: 86_400_000_000n,
  NANOS: 86_400_000_000_000n,
};

/**
 * Texts, ZonedTimestamp among them, stay texts: they may hold what no typed column can (`infinity`). `durations`: times
 * may be longer than a day, or negative, which Parquet's TIME cannot be; they stay numbers.
 */
export function leafType(schema: Schema, durations: boolean): LeafType {
  const { name = '' } = schema;
  const unit = TIMES[name];
  if (unit === undefined) return plainType(schema, name);
  const { element, physical } = plainType(schema, durations ? '' : name);
  return { element, physical: durations ? physical : (value) => ofDay(physical(value), unit) };
}

function plainType(schema: Schema, name: string): LeafType {
  switch (schema.type) {
    case 'boolean':
      return { element: { type: 'BOOLEAN' }, physical: boolean };
    case 'int8':
      return { element: { type: 'INT32', converted_type: 'INT_8' }, physical: integer(7) };
    case 'int16':
      return { element: { type: 'INT32', converted_type: 'INT_16' }, physical: integer(15) };
    case 'int32':
      return { element: int32Element(name), physical: integer(31) };
    case 'int64':
      return { element: int64Element(name), physical: long };
    case 'float':
      return { element: { type: 'FLOAT' }, physical: number };
    case 'double':
      return { element: { type: 'DOUBLE' }, physical: number };
    case 'string':
      return {
        element: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
        physical: text,
      };
    case 'bytes':
      return isDecimal(schema) ? decimalType(schema) : { element: { type: 'BYTE_ARRAY' }, physical: bytes };
    case 'array':
    case 'map':
    case 'struct':
      throw new TypeError(`${schema.type} is not a primitive type`);
  }
}

function int32Element(name: string): LeafType['element'] {
  if (DATES.has(name)) return { type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } };
  const unit = TIMES[name];
  if (unit === undefined) return { type: 'INT32' };
  return { type: 'INT32', converted_type: 'TIME_MILLIS', logical_type: { type: 'TIME', isAdjustedToUTC: false, unit } };
}

function int64Element(name: string): LeafType['element'] {
  const time = TIMES[name];
  if (time !== undefined) return { type: 'INT64', logical_type: { type: 'TIME', isAdjustedToUTC: false, unit: time } };
  const timestamp = TIMESTAMPS[name];
  if (timestamp === undefined) return { type: 'INT64' };
  const [unit, isAdjustedToUTC] = timestamp;
  return { type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC, unit } };
}

function ofDay(value: Physical, unit: Unit): Physical {
  const units = typeof value === 'bigint' || typeof value === 'number' ? BigInt(value) : 0n;
  if (units >= 0n && units <= DAY[unit]) return value;
  throw new TypeError(`${units} ${unit.toLowerCase()} are no time of a day, as Parquet's TIME is`);
}

/** Fixed-length two's complement, wide enough for every value of the precision. */
function decimalType(schema: Schema): LeafType {
  const scale = decimalScale(schema);
  if (!Number.isInteger(scale) || scale < 0) throw new TypeError(`a decimal of scale ${scale} has no Parquet type`);
  const precision = Math.max(decimalPrecision(schema) ?? DECIMAL_PRECISION, scale, 1);
  const bound = 10n ** BigInt(precision);
  const length = Math.ceil((bound.toString(2).length + 1) / 8);
  const logical_type = { type: 'DECIMAL', precision, scale } as const;
  const physical: Pick<SchemaElement, 'type' | 'type_length'> =
    precision <= 18 ? { type: 'INT64' } : { type: 'FIXED_LEN_BYTE_ARRAY', type_length: length };
  return {
    element: { ...physical, converted_type: 'DECIMAL', logical_type, precision, scale },
    physical: (value) => unscaled(value, scale, bound, precision),
  };
}

function unscaled(value: Value, scale: number, bound: bigint, precision: number): bigint {
  if (!(value instanceof Decimal)) throw notA('decimal', value);
  if (value.scale > scale) throw new TypeError(`${value.toString()} has more than ${scale} digits after the point`);
  const digits = value.unscaled * 10n ** BigInt(scale - value.scale);
  if (digits >= bound || digits <= -bound) throw new TypeError(`${value.toString()} has more than ${precision} digits`);
  return digits;
}

function boolean(value: Value): boolean {
  if (typeof value !== 'boolean') throw notA('boolean', value);
  return value;
}

function integer(bits: number): (value: Value) => number {
  const limit = 2 ** bits;
  return (value) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < -limit || value >= limit) {
      throw notA(`${bits + 1}-bit integer`, value);
    }
    return value;
  };
}

function long(value: Value): bigint {
  if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  throw notA('64-bit integer', value);
}

function number(value: Value): number {
  if (typeof value !== 'number') throw notA('number', value);
  return value;
}

/** A lone surrogate has no UTF-8: it would come back as another character (I6). */
function text(value: Value): string {
  if (typeof value !== 'string' || !value.isWellFormed()) throw notA('well-formed text', value);
  return value;
}

function bytes(value: Value): Uint8Array {
  if (!(value instanceof Uint8Array)) throw notA('byte array', value);
  return value;
}

function notA(what: string, value: Value): TypeError {
  return new TypeError(`${value === null ? 'null' : typeof value} is not a ${what}`);
}
