import type { RowLayout } from '../../record/row-layout.ts';
import type { Schema } from '../../record/schema.ts';
import type { StructValue, Value } from '../../record/value.ts';
import { fieldOf } from '../field-path.ts';
import { isStruct } from '../java-class.ts';
import { structNode, type StructNode } from '../layout-node.ts';
import { rejected } from '../transform-error.ts';
import type { TransformRecord } from '../transform-record.ts';

/** Whether a schema is that of a Debezium change event: its name ends with `.Envelope`. */
export function isEnvelope(schema: Schema | null): schema is Schema {
  return schema?.name?.endsWith('.Envelope') === true;
}

/** A record that is a change event, not a tombstone, heartbeat or anything else. */
export function envelopeOf(record: TransformRecord): { readonly schema: Schema; readonly value: StructValue } | null {
  const { valueSchema, value } = record;
  return isEnvelope(valueSchema) && isStruct(value) ? { schema: valueSchema, value } : null;
}

/** {@link envelopeOf} of all rows of a layout. */
export function eventNode({ value }: RowLayout): StructNode | null {
  return value !== null && isEnvelope(value.schema) ? structNode(value) : null;
}

/** Struct.get: a null is the field's default. Throws where there is no such field. */
export function getField(schema: Schema, value: StructValue, name: string): Value {
  const own = fieldOf(schema, name);
  if (own === undefined) throw rejected('FIELD', `${name} is not a valid field name`);
  return value[name] ?? own.defaultValue ?? null;
}

/** The same of a text. */
export function getText(schema: Schema, value: StructValue, name: string): string | null {
  const found = getField(schema, value, name);
  if (found === null || typeof found === 'string') return found;
  throw rejected('TYPE', `Field '${name}' is not of type STRING`);
}

/** Row before or after a change, with its schema. */
export function rowOf(
  { schema, value }: { readonly schema: Schema; readonly value: StructValue },
  part: 'before' | 'after',
): { readonly schema: Schema; readonly value: StructValue | null } {
  const own = fieldOf(schema, part);
  if (own === undefined) throw rejected('FIELD', `Unknown field: ${part}`);
  const row = value[part] ?? null;
  return { schema: own, value: isStruct(row) ? row : null };
}
