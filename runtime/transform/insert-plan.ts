import type { LayoutNode } from '../record/row-layout.ts';
import type { Field, Schema } from '../record/schema.ts';
import { structOf } from '../record/schema-builder.ts';
import { struct, type MutableStruct, type StructValue, type Value } from '../record/value.ts';
import { fieldOf, type FieldPath } from './field-path.ts';
import { isStruct } from './java-class.ts';
import { inside, retyped, type StructNode } from './layout-node.ts';
import { planStruct, type StructPlan } from './struct-plan.ts';
import { rejected } from './transform-error.ts';

/** A field to be added at a path. */
export interface Insertion {
  readonly path: FieldPath;
  readonly schema: Schema;
}

export interface InsertOptions {
  readonly replaceNull: boolean;
  /** What happens to a field that is there already, and to a parent that is not: an error, or it is set, or made. */
  readonly strict: boolean;
}

interface Nested {
  readonly name: string;
  readonly plan: InsertPlan;
  /** The struct is not in the input. */
  readonly made: boolean;
}

/** Adds fields to structs of one schema, on any level; their values are given for each struct. */
export class InsertPlan {
  readonly schema: Schema;
  readonly #plan: StructPlan;
  /** Index of the value of each field added on this level. */
  readonly #direct: readonly { readonly name: string; readonly index: number }[];
  readonly #nested: readonly Nested[];

  constructor(
    schema: Schema,
    insertions: readonly (Insertion & { readonly index: number })[],
    options: InsertOptions,
    keepOptional = false,
  ) {
    const direct = insertions.filter(({ path }) => path.length === 1);
    const nested = groups(insertions.filter(({ path }) => path.length > 1));
    this.#nested = [...nested].map(([name, inner]) => {
      return { name, plan: innerPlan(schema, name, inner, options), made: fieldOf(schema, name) === undefined };
    });
    this.#direct = direct.map(({ path, index }) => ({ name: path[0] ?? '', index }));
    const replaced = new Map(this.#nested.map(({ name, plan }) => [name, plan.schema]));
    const { replaceNull } = options;
    const visit = ({ name }: Field) => {
      const inner = replaced.get(name);
      return inner === undefined ? undefined : { schema: inner };
    };
    this.#plan = planStruct(schema, visit, {
      replaceNull,
      keepOptional,
      added: added(schema, direct, replaced, options),
    });
    this.schema = this.#plan.schema;
  }

  /** `values`: one for each insertion, in the order they were declared. */
  apply(value: StructValue, values: readonly Value[]): MutableStruct {
    const made = this.#plan.apply(value);
    for (const { name, plan, made: isNew } of this.#nested) {
      const inner = isNew ? struct() : (made[name] ?? null);
      made[name] = isStruct(inner) ? plan.apply(inner, values) : null;
    }
    for (const { name, index } of this.#direct) made[name] = values[index] ?? null;
    return made;
  }

  /** {@link apply} of all rows of a layout. */
  node(from: StructNode, inserted: readonly LayoutNode[]): StructNode {
    const { schema } = this;
    const made = this.#plan.node(from);
    const fields = [...made.fields];
    const put = (name: string, change: (now: LayoutNode) => LayoutNode): void => {
      for (const [i, field] of (schema.fields ?? []).entries()) {
        const now = fields[i];
        if (field.name === name && now !== undefined) fields[i] = retyped(change(now), field.schema);
      }
    };
    for (const { name, plan, made: isNew } of this.#nested) {
      put(name, (now) => {
        const inner = isNew ? NO_FIELDS : now;
        return inside(inner, plan.schema, (present) => plan.node(present, inserted));
      });
    }
    for (const { name, index } of this.#direct) put(name, (now) => inserted[index] ?? now);
    return { kind: 'struct', schema, fields };
  }
}

const NO_FIELDS: StructNode = { kind: 'struct', schema: structOf([]), fields: [] };

type Indexed = Insertion & { readonly index: number };

function groups(insertions: readonly Indexed[]): ReadonlyMap<string, Indexed[]> {
  const found = new Map<string, Indexed[]>();
  for (const { path, schema, index } of insertions) {
    const [first = '', ...rest] = path;
    const group = found.get(first) ?? [];
    found.set(first, group);
    group.push({ path: rest, schema, index });
  }
  return found;
}

function innerPlan(schema: Schema, name: string, inner: readonly Indexed[], options: InsertOptions): InsertPlan {
  const own = fieldOf(schema, name);
  if (own === undefined && options.strict) throw rejected('FIELD', `Field does not exist: ${name}`);
  if (own !== undefined && own.type !== 'struct') {
    const nested = [name, ...(inner[0]?.path ?? [])].join('.');
    const message = `Field '${name}' is a primitive type, not a struct. Cannot add nested field '${nested}'.`;
    throw rejected('TYPE', message);
  }
  return new InsertPlan(own ?? structOf([], { optional: true }), inner, options, true);
}

function added(
  schema: Schema,
  direct: readonly Insertion[],
  nested: ReadonlyMap<string, Schema>,
  { strict }: InsertOptions,
): Field[] {
  const fields: Field[] = [];
  for (const { path, schema: own } of direct) {
    const name = path[0] ?? '';
    const known = fieldOf(schema, name) !== undefined || fields.some((field) => field.name === name);
    if (strict || !known) fields.push({ name, schema: own });
  }
  for (const [name, own] of nested) {
    if (fieldOf(schema, name) === undefined) fields.push({ name, schema: own });
  }
  return fields;
}
