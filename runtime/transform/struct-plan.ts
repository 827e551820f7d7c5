import type { CellCodec } from '../record/cell-codec.ts';
import type { LayoutNode } from '../record/row-layout.ts';
import type { Field, Schema } from '../record/schema.ts';
import { struct, type MutableStruct, type StructValue, type Value } from '../record/value.ts';
import type { FieldPath } from './field-path.ts';
import { isStruct, javaType } from './java-class.ts';
import {
  childOf,
  inside,
  NeedsValues,
  nullOf,
  nullness,
  replacingNull,
  retyped,
  type StructNode,
} from './layout-node.ts';
import { rejected } from './transform-error.ts';

/** What becomes of a field. */
export interface FieldEdit {
  /** New name; undefined: the old one. */
  readonly name?: string;
  readonly schema?: Schema;
  readonly convert?: (value: Value) => Value;
  /** `convert` for all cells of a column. Throws `NeedsValues` where it cannot be; absent: it never can. */
  readonly convertCell?: (codec: CellCodec) => CellCodec;
}

/**
 * Says what becomes of each field of a struct: an edit; null: it is left out; undefined: it stays;
 * another visitor: so it goes on inside, where the field is a struct.
 */
export type FieldVisitor = (field: Field) => FieldEdit | FieldVisitor | null | undefined;

/** A struct's schema without optional and default, with these fields: Connect's `copySchemaBasics`. */
export function withFields(schema: Schema, fields: readonly Field[]): Schema {
  const seen = new Set<string>();
  for (const { name } of fields) {
    if (seen.has(name)) throw rejected('FIELD', `Cannot create field because of field name duplication ${name}`);
    seen.add(name);
  }
  const { name, version, doc, parameters } = schema;
  return {
    type: 'struct',
    optional: false,
    ...(name === undefined ? {} : { name }),
    ...(version === undefined ? {} : { version }),
    ...(doc === undefined ? {} : { doc }),
    ...(parameters === undefined ? {} : { parameters }),
    fields,
  };
}

interface Step {
  readonly from: string;
  readonly to: string;
  readonly schema: Schema;
  readonly convert: ((value: Value) => Value) | undefined;
  /** In place of a null. */
  readonly fallback: Value;
  /** `convert` of a node that has its fallback already. */
  readonly convertNode: (node: LayoutNode) => LayoutNode;
}

/** How structs of one schema are made into structs of another; compiled once per schema. */
export class StructPlan {
  readonly schema: Schema;
  readonly #steps: readonly Step[];

  constructor(schema: Schema, steps: readonly Step[]) {
    this.schema = schema;
    this.#steps = steps;
  }

  apply(value: StructValue): MutableStruct {
    const made = struct();
    const steps = this.#steps;
    for (let i = 0; i < steps.length; i++) {
      const { from, to, schema, convert, fallback } = steps[i] as Step;
      let item = value[from] ?? fallback;
      if (convert !== undefined) item = convert(item);
      if (item === null && !schema.optional) throw nullOfRequired(to, schema);
      made[to] = item;
    }
    return made;
  }

  /** {@link apply} of all rows of a layout; what is not in `schema` by a step of its own is null. */
  node(from: StructNode): StructNode {
    const { schema } = this;
    const fields = (schema.fields ?? []).map((field, i): LayoutNode => {
      const step = this.#steps[i];
      if (step === undefined) return nullOf(field.schema);
      const given = childOf(from, step.from) ?? nullOf(step.schema);
      const node = step.convertNode(replacingNull(given, step.fallback));
      if (nullness(node) === 'always' && !step.schema.optional) throw nullOfRequired(step.to, step.schema);
      return node;
    });
    return { kind: 'struct', schema, fields };
  }
}

export function nullOfRequired(name: string, schema: Schema): Error {
  const message = `Invalid value: null used for required field: "${name}", schema type: ${javaType(schema)}`;
  return rejected('VALUE', message);
}

export interface PlanOptions {
  /** Connect's `replace.null.with.default`. */
  readonly replaceNull: boolean;
  /** Fields added at the end; the transform sets their values itself. */
  readonly added?: readonly Field[];
  /** Keep the struct's optional and default as they are, the default converted along. */
  readonly keepOptional?: boolean;
  /** No field gets another schema: neither does the struct. */
  readonly sameSchema?: boolean;
}

export function planStruct(schema: Schema, visit: FieldVisitor, options: PlanOptions): StructPlan {
  if (schema.type !== 'struct' && options.sameSchema !== true) {
    throw rejected('TYPE', 'Cannot list fields on non-struct type');
  }
  const steps: Step[] = [];
  for (const field of schema.fields ?? []) {
    const step = planField(field, visit(field), options);
    if (step !== null) steps.push(step);
  }
  if (options.sameSchema === true) return new StructPlan(schema, steps);
  const fields = steps.map(({ to, schema: own }) => ({ name: to, schema: own }));
  const plain = withFields(schema, [...fields, ...(options.added ?? [])]);
  if (options.keepOptional !== true) return new StructPlan(plain, steps);
  const { defaultValue } = schema;
  const converted = isStruct(defaultValue ?? null)
    ? { defaultValue: new StructPlan(plain, steps).apply(defaultValue as StructValue) }
    : {};
  return new StructPlan({ ...plain, optional: schema.optional, ...converted }, steps);
}

function planField(
  { name, schema }: Field,
  edit: FieldEdit | FieldVisitor | null | undefined,
  { replaceNull, sameSchema = false }: PlanOptions,
): Step | null {
  if (edit === null) return null;
  const fallback = replaceNull ? (schema.defaultValue ?? null) : null;
  if (edit === undefined || (typeof edit === 'function' && schema.type !== 'struct')) {
    return { from: name, to: name, schema, convert: undefined, fallback, convertNode: (node) => retyped(node, schema) };
  }
  if (typeof edit !== 'function') {
    const { name: to = name, schema: own = schema, convert } = edit;
    return { from: name, to, schema: own, convert, fallback, convertNode: (node) => editedNode(node, own, edit) };
  }
  const inner = planStruct(schema, edit, { replaceNull, sameSchema, keepOptional: true });
  const convert = (value: Value): Value => (isStruct(value) ? inner.apply(value) : value);
  const convertNode = (node: LayoutNode): LayoutNode => inside(node, inner.schema, (present) => inner.node(present));
  return { from: name, to: name, schema: inner.schema, convert, fallback, convertNode };
}

function editedNode(node: LayoutNode, schema: Schema, { convert, convertCell }: FieldEdit): LayoutNode {
  if (convert === undefined) return retyped(node, schema);
  return convertedNode(node, schema, convert, convertCell);
}

/** A node with its value converted. */
export function convertedNode(
  node: LayoutNode,
  schema: Schema,
  convert: (value: Value) => Value,
  convertCell: FieldEdit['convertCell'],
): LayoutNode {
  if (node.kind === 'constant') return { kind: 'constant', schema, value: convert(node.value) };
  if (node.kind === 'struct' || convertCell === undefined) throw new NeedsValues();
  return { ...node, schema, codec: convertCell(node.codec), whenNull: convert(node.whenNull ?? null) };
}

/** Paths as a tree, what belongs to a path at its end. */
export interface PathTree<T> {
  at?: T;
  readonly below: Map<string, PathTree<T>>;
}

export function pathTree<T>(entries: Iterable<readonly [FieldPath, T]>): PathTree<T> {
  const root: PathTree<T> = { below: new Map() };
  for (const [path, at] of entries) {
    let node = root;
    for (const step of path) {
      let next = node.below.get(step);
      if (next === undefined) {
        next = { below: new Map() };
        node.below.set(step, next);
      }
      node = next;
    }
    node.at = at;
  }
  return root;
}

/** Visits the fields at the ends of the paths. */
export function visitPaths<T>(tree: PathTree<T>, edit: (field: Field, at: T) => FieldEdit | null): FieldVisitor {
  return (field) => {
    const node = tree.below.get(field.name);
    if (node === undefined) return undefined;
    return node.at === undefined ? visitPaths(node, edit) : edit(field, node.at);
  };
}
