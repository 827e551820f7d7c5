import { optional } from '../../record/schema-builder.ts';
import type { LayoutNode } from '../../record/row-layout.ts';
import type { Schema } from '../../record/schema.ts';
import type { StructValue, Value } from '../../record/value.ts';
import { fieldOf } from '../field-path.ts';
import { isStruct } from '../java-class.ts';
import { childOf, nullOf, retyped, structNode, type StructNode } from '../layout-node.ts';
import { wrongOption } from '../transform-error.ts';

/** A field of the envelope that `add.fields` or `add.headers` names. */
export interface FieldReference {
  readonly field: string;
  readonly newName: string;
  /** Its schema, optional; undefined: the event has no such field. */
  schema(envelope: Schema): Schema | undefined;
  value(envelope: Schema, value: StructValue): Value;
  /** The same of all rows of a layout, under the schema given. */
  node(event: StructNode, schema: Schema): LayoutNode;
}

const OF_TRANSACTION = ['id', 'data_collection_order', 'total_order'];
const OF_ENVELOPE = ['op', 'ts_ms', 'ts_us', 'ts_ns'];

function structOf(field: string): string | null {
  if (OF_TRANSACTION.includes(field)) return 'transaction';
  return OF_ENVELOPE.includes(field) ? null : 'source';
}

/** Reads one: `op`, `lsn`, `source.ts_ms`, each with `:name` to name it otherwise. */
function fieldReference(key: string, prefix: string, text: string): FieldReference {
  const [path = '', renamed, more] = text.split(':');
  if (more !== undefined) throw wrongOption(key, `Unexpected field name: ${text}`);
  const [first = '', second] = path.split('.');
  const field = second ?? first;
  const parent = second === undefined ? structOf(field) : first;
  const shown = second === undefined ? field : `${parent}_${field}`;
  const parentSchema = (envelope: Schema): Schema | undefined =>
    parent === null ? envelope : fieldOf(envelope, parent);
  return {
    field,
    newName: `${prefix}${renamed ?? shown}`,
    schema: (envelope) => {
      const own = parentSchema(envelope);
      // Another transform may have put it into the envelope itself.
      const found = (own === undefined ? undefined : fieldOf(own, field)) ?? fieldOf(envelope, field);
      if (found === undefined) return undefined;
      const { defaultValue: _, ...plain } = found;
      return optional(plain);
    },
    value: (envelope, value) => {
      const holder = parent === null ? value : (value[parent] ?? null);
      if (!isStruct(holder)) return null;
      const own = parentSchema(envelope);
      const inParent = own !== undefined && fieldOf(own, field) !== undefined;
      return (inParent ? holder[field] : value[field]) ?? null;
    },
    node: (event, schema) => {
      const holder = parent === null ? event : structNode(childOf(event, parent) ?? null);
      const found = holder === null ? undefined : (childOf(holder, field) ?? childOf(event, field));
      return found === undefined ? nullOf(schema) : retyped(found, schema);
    },
  };
}

export function fieldReferences(key: string, prefix: string, list: readonly string[]): readonly FieldReference[] {
  return list.map((text) => fieldReference(key, prefix, text));
}
