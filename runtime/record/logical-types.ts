import { primitive, type SchemaOptions } from './schema-builder.ts';
import type { Schema } from './schema.ts';

/** Kafka Connect's logical types (`org.apache.kafka.connect.data`), version 1 each. */
const CONNECT_DECIMAL = 'org.apache.kafka.connect.data.Decimal';
/** Days since 1970-01-01, int32. */
export const CONNECT_DATE = 'org.apache.kafka.connect.data.Date';
/** Milliseconds since midnight, int32. */
export const CONNECT_TIME = 'org.apache.kafka.connect.data.Time';
/** Milliseconds since 1970-01-01T00:00Z, int64. */
export const CONNECT_TIMESTAMP = 'org.apache.kafka.connect.data.Timestamp';

const SCALE = 'scale';
/** Debezium's addition: total digits, where the source limits them. */
const PRECISION = 'connect.decimal.precision';

type Options = Omit<SchemaOptions, 'name' | 'version' | 'parameters'>;

/** Exact decimals of a fixed scale; values are `Decimal`. */
export function decimalType(scale: number, precision?: number, options: Options = {}): Schema {
  const parameters = { [SCALE]: String(scale), ...(precision === undefined ? {} : { [PRECISION]: String(precision) }) };
  return primitive('bytes', { ...options, name: CONNECT_DECIMAL, version: 1, parameters });
}

export function dateType(options: Options = {}): Schema {
  return primitive('int32', { ...options, name: CONNECT_DATE, version: 1 });
}

export function timeType(options: Options = {}): Schema {
  return primitive('int32', { ...options, name: CONNECT_TIME, version: 1 });
}

export function timestampType(options: Options = {}): Schema {
  return primitive('int64', { ...options, name: CONNECT_TIMESTAMP, version: 1 });
}

export function isDecimal(schema: Schema): boolean {
  return schema.name === CONNECT_DECIMAL && schema.type === 'bytes';
}

/** Scale of a decimal schema; 0 where its parameter is missing. */
export function decimalScale(schema: Schema): number {
  return Number(schema.parameters?.[SCALE] ?? 0);
}

/** Total digits of a decimal schema, where it says so. */
export function decimalPrecision(schema: Schema): number | undefined {
  const precision = schema.parameters?.[PRECISION];
  return precision === undefined ? undefined : Number(precision);
}
