import type { LayoutNode, RowLayout } from '../record/row-layout.ts';
import type { Schema } from '../record/schema.ts';
import type { Value } from '../record/value.ts';
import { fieldOf, type FieldPath } from './field-path.ts';
import { isStruct } from './java-class.ts';

/*
 * Layouts as transforms see them: a node stands for the values that all its rows have, and what is done
 * to it must be what the transform does to each of these. Where that cannot be said of all rows at
 * once, `NeedsValues` is thrown and the chain goes over values.
 */

/** What becomes of the rows of a layout depends on their values. */
export class NeedsValues extends Error {
  constructor() {
    super('this depends on the values of the rows');
  }
}

export type StructNode = LayoutNode & { readonly kind: 'struct' };

/** Whether the values of a node are null. A cell of a required field is not: its source says so. */
export function nullness(node: LayoutNode): 'always' | 'never' | 'maybe' {
  if (node.kind === 'constant') return node.value === null ? 'always' : 'never';
  if (node.kind === 'struct') return node.presentIf === undefined ? 'never' : 'maybe';
  return (node.whenNull ?? null) === null && node.schema.optional ? 'maybe' : 'never';
}

/** Whether the part of a record is null in all rows or in none. */
export function isAlwaysNull(node: LayoutNode | null): boolean {
  const known = node === null ? 'always' : nullness(node);
  if (known === 'maybe') throw new NeedsValues();
  return known === 'always';
}

export function nullOf(schema: Schema): LayoutNode {
  return { kind: 'constant', schema, value: null };
}

/** A struct that is there in all rows, its fields as nodes; null: there in none. */
export function structNode(node: LayoutNode | null): StructNode | null {
  if (node === null || isAlwaysNull(node)) return null;
  if (node.kind === 'struct') return node;
  if (node.kind === 'cell' || !isStruct(node.value)) throw new NeedsValues();
  const { schema, value } = node;
  const fields = (schema.fields ?? []).map((field): LayoutNode => {
    return { kind: 'constant', schema: field.schema, value: value[field.name] ?? null };
  });
  return { kind: 'struct', schema, fields };
}

/** A struct of `schema` made of one that may be null, and then stays null. */
export function inside(node: LayoutNode, schema: Schema, make: (present: StructNode) => StructNode): LayoutNode {
  if (nullness(node) === 'always') return nullOf(schema);
  if (node.kind !== 'struct' || node.presentIf === undefined) return make(structNode(node) ?? notThere());
  const { presentIf, ...present } = node;
  return { ...make(present), presentIf };
}

/** The node of a field; undefined: the struct has no such field. */
export function childOf({ schema, fields }: StructNode, name: string): LayoutNode | undefined {
  const index = schema.fields?.findIndex((field) => field.name === name) ?? -1;
  const own = schema.fields?.[index];
  return own === undefined ? undefined : retyped(fields[index] ?? nullOf(own.schema), own.schema);
}

/** The node with a null replaced; without replacement (null) the node as it is. */
export function replacingNull(node: LayoutNode, replacement: Value): LayoutNode {
  if (replacement === null) return node;
  if (node.kind === 'constant') return node.value === null ? { ...node, value: replacement } : node;
  if (node.kind === 'cell') return (node.whenNull ?? null) === null ? { ...node, whenNull: replacement } : node;
  if (node.presentIf !== undefined) throw new NeedsValues();
  return node;
}

/** The same values under another schema, which names them as the converters write them anyway. */
export function retyped(node: LayoutNode, schema: Schema): LayoutNode {
  if (node.schema === schema) return node;
  if (node.kind === 'cell' || (node.kind === 'constant' && !isStruct(node.value))) {
    if (node.kind === 'cell' || node.value !== null) requireSameForm(node.schema, schema);
    return { ...node, schema };
  }
  if (schema.type !== 'struct') throw new NeedsValues();
  return inside(node, schema, (present) => {
    const fields = (schema.fields ?? []).map((field): LayoutNode => {
      const child = childOf(present, field.name);
      return child === undefined ? nullOf(field.schema) : retyped(child, field.schema);
    });
    return { kind: 'struct', schema, fields };
  });
}

function requireSameForm(from: Schema, to: Schema): void {
  const sameName = from.type !== 'bytes' || from.name === to.name;
  const sameInside =
    from.fields === to.fields && from.keySchema === to.keySchema && from.valueSchema === to.valueSchema;
  if (from.type !== to.type || !sameName || !sameInside) throw new NeedsValues();
}

/** The node at a path, as `valueAt`; `schema` is that of the path. */
export function nodeAt(node: LayoutNode, path: FieldPath, schema: Schema, withDefaults: boolean): LayoutNode {
  let current = node;
  for (const [i, name] of path.entries()) {
    const holder = structNode(current);
    if (holder === null) return nullOf(schema);
    const replaced = withDefaults || i < path.length - 1 ? (fieldOf(holder.schema, name)?.defaultValue ?? null) : null;
    current = replacingNull(childOf(holder, name) ?? nullOf(schema), replaced);
  }
  return retyped(current, schema);
}

/** The layout as the encoder takes it: what is null is not there. */
export function finished(layout: RowLayout): RowLayout {
  return { ...layout, key: part(layout.key), value: part(layout.value) };
}

function part(node: LayoutNode | null): LayoutNode | null {
  if (node === null || isAlwaysNull(node)) return null;
  requireWritable(node);
  return node;
}

/** A null where none is allowed is a failure of each row, not of the layout. */
function requireWritable(node: LayoutNode): void {
  if (node.kind === 'constant' && node.value === null && !node.schema.optional) throw new NeedsValues();
  if (node.kind === 'struct') node.fields.forEach(requireWritable);
}

function notThere(): never {
  throw new NeedsValues();
}
