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

/** A struct by field name. Made by {@link struct}: it has no prototype, so any field name is safe. */
export interface StructValue {
  readonly [field: string]: Value;
}

export type MutableStruct = { [field: string]: Value };

/** An empty struct without a prototype. */
export function struct(fields?: Readonly<Record<string, Value>>): MutableStruct {
  const made: MutableStruct = Object.create(null) as MutableStruct;
  return fields === undefined ? made : Object.assign(made, fields);
}
