import type { Schema } from './schema.ts';
import type { Value } from './value.ts';

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** A value with its schema; `schema: null` is a value of unknown type (Connect: schemaless). */
export interface Datum {
  readonly schema: Schema | null;
  readonly value: Value;
}

/** Headers are ordered and a name may repeat. */
export interface Header extends Datum {
  readonly key: string;
}

/** A header as it stands in the hub. */
export interface RawHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** `topic-partition`, the name used in logs, maps and answers. */
export function topicPartitionName(of: TopicPartition): string {
  return `${of.topic}-${of.partition}`;
}
