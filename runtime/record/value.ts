import type { Decimal } from './decimal.ts';

/**
 * A value in its exact form. By schema type:
 *
 * | type | form |
 * | --- | --- |
 * | int8, int16, int32 | number |
 * | int64 | bigint |
 * | float, double | number |
 * | boolean, string | boolean, string |
 * | bytes | Uint8Array; with the logical type Decimal: {@link Decimal} |
 * | array | array |
 * | map | Map |
 * | struct | {@link StructValue} |
 *
 * Other logical and semantic types keep the form of the type they are based on: a
 * `io.debezium.time.MicroTimestamp` is a bigint of microseconds. Without a schema, objects are Maps
 * (as in Connect; they keep the order of any keys), and numbers are number where that is exact,
 * otherwise bigint (integers) or Decimal.
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Decimal
  | readonly Value[]
  | ReadonlyMap<Value, Value>
  | StructValue;

/** A struct by field name. Made by {@link struct}: it inherits nothing, so any field name is safe. */
export interface StructValue {
  readonly [field: string]: Value;
}

export type MutableStruct = { [field: string]: Value };

/**
 * Makes structs whose prototype is empty: any field name is safe, as with `Object.create(null)`,
 * but V8 keeps them in its fast form (measured: decoding a change event takes half the time).
 */
const Struct = function () {} as unknown as new () => MutableStruct;
Struct.prototype = Object.freeze(Object.create(null)) as MutableStruct;

/** An empty struct, or one with these fields. */
export function struct(fields?: Readonly<Record<string, Value>>): MutableStruct {
  const made = new Struct();
  return fields === undefined ? made : Object.assign(made, fields);
}
