import type { Value } from './value.ts';

/** Kafka Connect's schema types (`org.apache.kafka.connect.data.Schema.Type`), in its JSON spelling. */
export type SchemaType =
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'float'
  | 'double'
  | 'boolean'
  | 'string'
  | 'bytes'
  | 'array'
  | 'map'
  | 'struct';

/**
 * The type of a value: a Connect type, and by `name` a logical or semantic type
 * (`org.apache.kafka.connect.data.Decimal`, `io.debezium.time.MicroTimestamp`, …).
 * Immutable, and compared by identity first: hold on to the instances.
 */
export interface Schema {
  readonly type: SchemaType;
  readonly optional: boolean;
  readonly name?: string;
  readonly version?: number;
  readonly doc?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  /** Used for a missing or null value of a field; undefined: there is no default. */
  readonly defaultValue?: Value;
  /** Of a struct, in order. */
  readonly fields?: readonly Field[];
  /** Of a map. */
  readonly keySchema?: Schema;
  /** Of a map's values or an array's items. */
  readonly valueSchema?: Schema;
}

export interface Field {
  readonly name: string;
  readonly schema: Schema;
}
