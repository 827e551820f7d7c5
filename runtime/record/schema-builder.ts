import type { Field, Schema, SchemaType } from './schema.ts';
import type { Value } from './value.ts';

/** What a schema may have beside its type. */
export interface SchemaOptions {
  readonly optional?: boolean;
  readonly name?: string;
  readonly version?: number;
  readonly doc?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly defaultValue?: Value;
}

export type PrimitiveType = Exclude<SchemaType, 'array' | 'map' | 'struct'>;

/** A primitive type, or a logical type based on one. */
export function primitive(type: PrimitiveType, options: SchemaOptions = {}): Schema {
  return make(type, options);
}

export function structOf(fields: readonly Field[], options: SchemaOptions = {}): Schema {
  return { ...make('struct', options), fields };
}

export function arrayOf(items: Schema, options: SchemaOptions = {}): Schema {
  return { ...make('array', options), valueSchema: items };
}

export function mapOf(keys: Schema, values: Schema, options: SchemaOptions = {}): Schema {
  return { ...make('map', options), keySchema: keys, valueSchema: values };
}

export function field(name: string, schema: Schema): Field {
  return { name, schema };
}

/** The same schema, but null is a value of it. */
export function optional(schema: Schema): Schema {
  return schema.optional ? schema : { ...schema, optional: true };
}

/** The same schema, but null is no value of it. */
export function required(schema: Schema): Schema {
  return schema.optional ? { ...schema, optional: false } : schema;
}

export function withDefault(schema: Schema, defaultValue: Value): Schema {
  return { ...schema, defaultValue };
}

function make(type: SchemaType, options: SchemaOptions): Schema {
  const { optional = false, name, version, doc, parameters, defaultValue } = options;
  return {
    type,
    optional,
    ...(name === undefined ? {} : { name }),
    ...(version === undefined ? {} : { version }),
    ...(doc === undefined ? {} : { doc }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(defaultValue === undefined ? {} : { defaultValue }),
  };
}

export const INT8 = primitive('int8');
export const INT16 = primitive('int16');
export const INT32 = primitive('int32');
export const INT64 = primitive('int64');
export const FLOAT = primitive('float');
export const DOUBLE = primitive('double');
export const BOOLEAN = primitive('boolean');
export const STRING = primitive('string');
export const BYTES = primitive('bytes');
export const OPTIONAL_INT16 = optional(INT16);
export const OPTIONAL_INT32 = optional(INT32);
export const OPTIONAL_INT64 = optional(INT64);
export const OPTIONAL_FLOAT = optional(FLOAT);
export const OPTIONAL_DOUBLE = optional(DOUBLE);
export const OPTIONAL_BOOLEAN = optional(BOOLEAN);
export const OPTIONAL_STRING = optional(STRING);
export const OPTIONAL_BYTES = optional(BYTES);
