import type { Schema } from '../record/schema.ts';
import type { StructValue, Value } from '../record/value.ts';
import { isMap, isStruct, javaClass } from './java-class.ts';
import { rejected, wrongOption } from './transform-error.ts';

/** A value without a schema must be a map; `purpose` is Connect's word for what is being done. */
export function requireMap(value: Value, purpose: string): ReadonlyMap<Value, Value> {
  if (isMap(value)) return value;
  const found = javaClass(null, value);
  throw rejected('TYPE', `Only Map objects supported in absence of schema for [${purpose}], found: ${found}`);
}

export function requireMapOrNull(value: Value, purpose: string): ReadonlyMap<Value, Value> | null {
  return value === null ? null : requireMap(value, purpose);
}

export function requireStruct(schema: Schema | null, value: Value, purpose: string): StructValue {
  if (isStruct(value)) return value;
  const found = javaClass(schema, value);
  throw rejected('TYPE', `Only Struct objects supported for [${purpose}], found: ${found}`);
}

export function requireStructOrNull(schema: Schema | null, value: Value, purpose: string): StructValue | null {
  return value === null ? null : requireStruct(schema, value, purpose);
}

/** The names in a list option, of which there must be one, and none twice. */
export function requireNames(key: string, names: readonly string[]): readonly string[] {
  if (names.length === 0 || names.includes('')) throw wrongOption(key, `Configuration '${key}' must not be empty.`);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice === undefined) return names;
  throw wrongOption(key, `Configuration '${key}' values must not be duplicated: ${twice}`);
}
