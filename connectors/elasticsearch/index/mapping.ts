import type { JsonObject, JsonValue } from '../../../runtime/record/record.ts';
import type { Schema, SchemaType } from '../../../runtime/record/schema.ts';
import { isZonedText, semanticForm } from '../document/semantic-text.ts';

/**
 * NaN and the infinities are values of a column, and none of a numeric field: they stay in the document and
 * are not searchable.
 */
const BY_TYPE: Readonly<Record<SchemaType, JsonObject>> = {
  int8: { type: 'byte' },
  int16: { type: 'short' },
  int32: { type: 'integer' },
  int64: { type: 'long' },
  float: { type: 'float', ignore_malformed: true },
  double: { type: 'double', ignore_malformed: true },
  boolean: { type: 'boolean' },
  string: { type: 'text', fields: { keyword: { type: 'keyword', ignore_above: 256 } } },
  bytes: { type: 'binary' },
  array: { type: 'object' },
  map: { type: 'object' },
  struct: { type: 'object' },
};

/** Texts that are looked up whole. */
const WORDS = new Set([
  'io.debezium.data.Uuid',
  'io.debezium.data.Enum',
  'io.debezium.data.EnumSet',
  'io.debezium.data.Ltree',
]);

/**
 * Dates that the server cannot read (`infinity`, the year 12000) stay in the document and are not
 * searchable: without `ignore_malformed` the whole row would be refused.
 */
const DATE: JsonObject = { type: 'date', format: 'strict_date_optional_time||epoch_millis', ignore_malformed: true };

/** `properties` of a mapping for rows of this schema. */
export function propertiesOf(schema: Schema): JsonObject {
  const properties: Record<string, JsonValue> = {};
  for (const { name, schema: field } of schema.fields ?? []) {
    // The server has no names that are empty or have empty parts between dots; such fields stay dynamic.
    if (name !== '' && !name.split('.').includes('')) properties[name] = fieldMapping(field);
  }
  return properties;
}

function fieldMapping(schema: Schema): JsonObject {
  const form = semanticForm(schema);
  if (form === 'decimal' || form === 'variable-decimal') return { type: 'double' };
  if (form === 'date' || form === 'timestamp' || isZonedText(schema)) return DATE;
  if (form === 'time' || (schema.name !== undefined && WORDS.has(schema.name))) {
    return { type: 'keyword', ignore_above: 256 };
  }
  if (schema.type === 'struct') return { properties: propertiesOf(schema) };
  if (schema.type === 'array' && schema.valueSchema !== undefined) return fieldMapping(schema.valueSchema);
  return BY_TYPE[schema.type];
}

/** What of `wanted` a mapping does not have yet; null: it has all of it. What it has is left as it is. */
export function missingProperties(wanted: JsonObject, present: JsonObject): JsonObject | null {
  const missing: Record<string, JsonValue> = {};
  for (const [name, mapping] of Object.entries(wanted)) {
    const there = present[name];
    if (there === undefined) {
      missing[name] = mapping;
      continue;
    }
    const [inner, innerThere] = [nested(mapping), nested(there)];
    const deeper = inner === null || innerThere === null ? null : missingProperties(inner, innerThere);
    if (deeper !== null) missing[name] = { properties: deeper };
  }
  return Object.keys(missing).length === 0 ? null : missing;
}

function nested(mapping: JsonValue): JsonObject | null {
  const properties = (mapping as JsonObject)['properties'];
  return properties === undefined ? null : (properties as JsonObject);
}
