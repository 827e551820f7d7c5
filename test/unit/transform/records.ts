import type { RawConfig } from '../../../runtime/connector/options.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import type { Value } from '../../../runtime/record/value.ts';
import { createChain } from '../../../runtime/transform/chain.ts';
import { findTransform } from '../../../runtime/transform/registry.ts';
import { TransformRecord } from '../../../runtime/transform/transform-record.ts';

/** A record with this value. */
export function recordOf(
  value: Value,
  schema: Schema | null = null,
  more: Partial<TransformRecord> = {},
): TransformRecord {
  return new TransformRecord({
    topic: more.topic ?? 'topic',
    keySchema: null,
    key: more.key ?? null,
    valueSchema: schema,
    value,
    headers: more.headers ?? [],
    timestampMs: more.timestampMs,
    offset: more.offset,
  });
}

/** JSON as a value without schema. */
export function loose(json: unknown): Value {
  if (Array.isArray(json)) return json.map(loose);
  if (typeof json !== 'object' || json === null) return json as Value;
  return new Map(Object.entries(json).map(([key, item]) => [key, loose(item)]));
}

/** One transform's answer, as a list. */
export function transformed(type: string, config: RawConfig, record: TransformRecord): readonly TransformRecord[] {
  const found = findTransform(type);
  if (found === undefined) throw new Error(`no ${type}`);
  const made = found.kind.create(config, found.side).apply(record);
  if (made === null) return [];
  return made instanceof TransformRecord ? [made] : made;
}

/** What a chain makes of a record. */
export function chained(config: RawConfig, record: TransformRecord): readonly TransformRecord[] {
  const out: TransformRecord[] = [];
  createChain(config)?.apply(record, out);
  return out;
}
