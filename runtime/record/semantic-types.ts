import {
  arrayOf,
  BYTES,
  DOUBLE,
  field,
  FLOAT,
  INT32,
  mapOf,
  INT16,
  OPTIONAL_BYTES,
  OPTIONAL_INT32,
  primitive,
  structOf,
  type PrimitiveType,
  type SchemaOptions,
} from './schema-builder.ts';
import type { Schema } from './schema.ts';

/*
 * Debezium's semantic types: schema names over Connect's types, all of version 1. The forms are
 * those of its recorded events; `doc` and parameters belong to them.
 */

type Options = Omit<SchemaOptions, 'name' | 'version'>;
type Semantic = (options?: Options) => Schema;

function semantic(type: PrimitiveType, name: string): Semantic {
  return (options = {}) => primitive(type, { ...options, name, version: 1 });
}

/** int32: days since 1970-01-01. */
export const dateOf = semantic('int32', 'io.debezium.time.Date');
/** int32: milliseconds since midnight. */
export const timeOf = semantic('int32', 'io.debezium.time.Time');
/** int64: microseconds since midnight, up to 24:00 included. */
export const microTimeOf = semantic('int64', 'io.debezium.time.MicroTime');
/** int64: nanoseconds since midnight. */
export const nanoTimeOf = semantic('int64', 'io.debezium.time.NanoTime');
/** int64: milliseconds since 1970-01-01T00:00 of a time without zone. */
export const timestampOf = semantic('int64', 'io.debezium.time.Timestamp');
/** int64: microseconds since 1970-01-01T00:00 of a time without zone. */
export const microTimestampOf = semantic('int64', 'io.debezium.time.MicroTimestamp');
/** int64: nanoseconds since 1970-01-01T00:00 of a time without zone. */
export const nanoTimestampOf = semantic('int64', 'io.debezium.time.NanoTimestamp');
/** string: ISO 8601 with offset, in UTC. */
export const zonedTimestampOf = semantic('string', 'io.debezium.time.ZonedTimestamp');
/** string: ISO 8601 time with offset. */
export const zonedTimeOf = semantic('string', 'io.debezium.time.ZonedTime');
/** string: ISO 8601 without zone. */
export const isoDateOf = semantic('string', 'io.debezium.time.IsoDate');
export const isoTimeOf = semantic('string', 'io.debezium.time.IsoTime');
export const isoTimestampOf = semantic('string', 'io.debezium.time.IsoTimestamp');
/** string: ISO 8601 duration, every unit named: `P1Y2M3DT4H5M6.7S`. */
export const intervalOf = semantic('string', 'io.debezium.time.Interval');
/** int64: microseconds, a year of 365.25 days. */
export const microDurationOf = semantic('int64', 'io.debezium.time.MicroDuration');

/** string: a JSON document's text. */
export const jsonOf = semantic('string', 'io.debezium.data.Json');
export const uuidOf = semantic('string', 'io.debezium.data.Uuid');
export const xmlOf = semantic('string', 'io.debezium.data.Xml');
export const ltreeOf = semantic('string', 'io.debezium.data.Ltree');
export const tsvectorOf = semantic('string', 'io.debezium.data.Tsvector');

/** bytes: little-endian bits, lowest first; `length` of them. */
export function bitsOf(length: number, options: Options = {}): Schema {
  return semantic(
    'bytes',
    'io.debezium.data.Bits',
  )({
    ...options,
    parameters: { length: String(length), ...options.parameters },
  });
}

/** string: one of `allowed`; in the schema a comma within a label has a backslash before it. */
export function enumOf(allowed: readonly string[], options: Options = {}): Schema {
  const labels = allowed.map((label) => label.replaceAll(',', '\\,')).join(',');
  const parameters = { allowed: labels, ...options.parameters };
  return semantic('string', 'io.debezium.data.Enum')({ ...options, parameters });
}

/** struct {scale, value}: a decimal whose column limits no scale; `value` is two's complement, big-endian. */
export function variableScaleDecimalOf(options: Options = {}): Schema {
  return structOf([field('scale', INT32), field('value', BYTES)], {
    doc: 'Variable scaled decimal',
    ...options,
    name: 'io.debezium.data.VariableScaleDecimal',
    version: 1,
  });
}

/** struct {x, y, wkb, srid} */
export function pointOf(options: Options = {}): Schema {
  const fields = [field('x', DOUBLE), field('y', DOUBLE), field('wkb', OPTIONAL_BYTES), field('srid', OPTIONAL_INT32)];
  return structOf(fields, {
    doc: 'Geometry (POINT)',
    ...options,
    name: 'io.debezium.data.geometry.Point',
    version: 1,
  });
}

/** struct {wkb, srid}, planar. */
export function geometryOf(options: Options = {}): Schema {
  return geometric('Geometry', 'io.debezium.data.geometry.Geometry', options);
}

/** struct {wkb, srid}, on the globe. */
export function geographyOf(options: Options = {}): Schema {
  return geometric('Geography', 'io.debezium.data.geometry.Geography', options);
}

function geometric(doc: string, name: string, options: Options): Schema {
  return structOf([field('wkb', BYTES), field('srid', OPTIONAL_INT32)], { doc, ...options, name, version: 1 });
}

export function floatVectorOf(options: Options = {}): Schema {
  return arrayOf(FLOAT, { ...options, name: 'io.debezium.data.FloatVector', version: 1 });
}

export function doubleVectorOf(options: Options = {}): Schema {
  return arrayOf(DOUBLE, { ...options, name: 'io.debezium.data.DoubleVector', version: 1 });
}

/** struct {dimensions, vector: index → value} */
export function sparseDoubleVectorOf(options: Options = {}): Schema {
  return structOf([field('dimensions', INT16), field('vector', mapOf(INT16, DOUBLE))], {
    ...options,
    name: 'io.debezium.data.SparseDoubleVector',
    version: 1,
  });
}
