import { Decimal } from '../record/decimal.ts';
import { CONNECT_DATE, CONNECT_TIME, CONNECT_TIMESTAMP, isDecimal } from '../record/logical-types.ts';
import type { Schema } from '../record/schema.ts';
import type { StructValue, Value } from '../record/value.ts';

const BY_TYPE: Readonly<Record<string, string>> = {
  int8: 'java.lang.Byte',
  int16: 'java.lang.Short',
  int32: 'java.lang.Integer',
  int64: 'java.lang.Long',
  float: 'java.lang.Float',
  double: 'java.lang.Double',
  boolean: 'java.lang.Boolean',
  string: 'java.lang.String',
  bytes: '[B',
  array: 'java.util.ArrayList',
  map: 'java.util.HashMap',
  struct: 'org.apache.kafka.connect.data.Struct',
};

/** The Java class that the value has in Connect: its messages name it, and clients match them. */
export function javaClass(schema: Schema | null, value: Value): string {
  if (value === null) return 'null';
  if (value instanceof Decimal) return 'java.math.BigDecimal';
  if (schema !== null && !isDecimal(schema)) {
    const logical = schema.name === CONNECT_DATE || schema.name === CONNECT_TIME || schema.name === CONNECT_TIMESTAMP;
    return logical ? 'java.util.Date' : (BY_TYPE[schema.type] ?? 'java.lang.Object');
  }
  if (typeof value === 'string') return 'java.lang.String';
  if (typeof value === 'boolean') return 'java.lang.Boolean';
  if (typeof value === 'number') return Number.isInteger(value) ? 'java.lang.Long' : 'java.lang.Double';
  if (typeof value === 'bigint') return 'java.lang.Long';
  if (value instanceof Uint8Array) return '[B';
  if (Array.isArray(value)) return 'java.util.ArrayList';
  return value instanceof Map ? 'java.util.HashMap' : 'org.apache.kafka.connect.data.Struct';
}

/** Connect's name of a schema type in messages. */
export function javaType(schema: Schema): string {
  if (schema.type === 'float') return 'FLOAT32';
  if (schema.type === 'double') return 'FLOAT64';
  return schema.type.toUpperCase();
}

export function isMap(value: Value): value is ReadonlyMap<Value, Value> {
  return value instanceof Map;
}

export function isStruct(value: Value): value is StructValue {
  return (
    typeof value === 'object' &&
    value !== null &&
    !(value instanceof Map) &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof Decimal)
  );
}
