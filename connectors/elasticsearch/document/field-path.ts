import type { Datum } from '../../../runtime/record/record.ts';
import { Decimal } from '../../../runtime/record/decimal.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import type { StructValue, Value } from '../../../runtime/record/value.ts';

/** A field of a record: `key.id`, `value.order.number`; `key` alone is the whole key. */
export interface FieldPath {
  readonly of: 'key' | 'value';
  readonly names: readonly string[];
}

/** Parses `key.a.b` or `value.a.b`; undefined: it is neither. */
export function parsePath(text: string): FieldPath | undefined {
  const [of, ...names] = text.split('.');
  if (of !== 'key' && of !== 'value') return undefined;
  if (names.some((name) => name === '') || (of === 'value' && names.length === 0)) return undefined;
  return { of, names };
}

/** A field by its path; undefined where there is none on the way. */
export function fieldAt(datum: Datum, names: readonly string[]): Datum | undefined {
  let at: Datum = datum;
  for (const name of names) {
    const next = fieldOf(at, name);
    if (next === undefined) return undefined;
    at = next;
  }
  return at;
}

function fieldOf({ schema, value }: Datum, name: string): Datum | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  if (value instanceof Map) {
    const found = (value as ReadonlyMap<Value, Value>).get(name);
    return found === undefined ? undefined : { schema: schema?.valueSchema ?? null, value: found };
  }
  if (Array.isArray(value) || value instanceof Uint8Array || value instanceof Decimal) return undefined;
  const found = (value as StructValue)[name];
  return found === undefined ? undefined : { schema: fieldSchema(schema, name), value: found };
}

const bySchema = new WeakMap<Schema, ReadonlyMap<string, Schema>>();

function fieldSchema(schema: Schema | null, name: string): Schema | null {
  if (schema?.fields === undefined) return null;
  let fields = bySchema.get(schema);
  if (fields === undefined) {
    fields = new Map(schema.fields.map((field) => [field.name, field.schema]));
    bySchema.set(schema, fields);
  }
  return fields.get(name) ?? null;
}

/** The name of a map's entry. */
export function entryName(key: Value): string {
  return typeof key === 'string' ? key : (scalarText(key) ?? JSON.stringify(key));
}

/** Text of a value that is one: undefined for null and for structures. */
export function scalarText(value: Value): string | undefined {
  if (typeof value !== 'object') return String(value);
  if (value instanceof Decimal) return value.toString();
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : undefined;
}
