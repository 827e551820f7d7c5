import { option, optionSet, parseOptions } from '../../connector/options.ts';
import { withDefault } from '../../record/schema-builder.ts';
import type { LayoutNode } from '../../record/row-layout.ts';
import type { Field, Schema } from '../../record/schema.ts';
import { struct, type StructValue, type Value } from '../../record/value.ts';
import { isMap, isStruct, javaClass, javaType } from '../java-class.ts';
import { childOf, nullness, nullOf, replacingNull, retyped, structNode, type StructNode } from '../layout-node.ts';
import { KAFKA_TRANSFORMS } from '../java-packages.ts';
import { SchemaMemo } from '../schema-memo.ts';
import { byPlans, sideEdit } from '../side-edit.ts';
import { sideOf } from '../side.ts';
import { nullOfRequired, withFields } from '../struct-plan.ts';
import { rejected } from '../transform-error.ts';
import type { TransformKind } from '../transform.ts';

const PURPOSE = 'flattening';

const options = optionSet('Flatten', {
  delimiter: option.string({ doc: 'Stands between the names of the levels.', default: '.' }),
});

export const flatten: TransformKind = {
  name: 'Flatten',
  javaPackage: KAFKA_TRANSFORMS,
  doc: 'Brings the fields of nested structs or maps to the top, their names joined. Arrays stay as they are.',
  options,
  sided: true,
  create: (config, name) => {
    const { delimiter } = parseOptions(options, config);
    const side = sideOf(name);
    const plans = new SchemaMemo((schema) => new FlatPlan(schema, delimiter));
    const ofMap = (map: ReadonlyMap<Value, Value>): ReadonlyMap<Value, Value> => {
      const flat = new Map<Value, Value>();
      flattenMap(map, '', delimiter, flat);
      return flat;
    };
    return sideEdit({ ...byPlans(side, PURPOSE, plans), ofMap });
  },
};

function flattenMap(map: ReadonlyMap<Value, Value>, prefix: string, delimiter: string, flat: Map<Value, Value>): void {
  for (const [key, value] of map) {
    const name = joined(prefix, typeof key === 'string' ? key : JSON.stringify(key), delimiter);
    if (isMap(value)) flattenMap(value, name, delimiter, flat);
    else if (isStruct(value)) {
      const found = javaClass(null, value);
      const message = `Flatten transformation does not support class ${found} for record without schemas (for field ${name}).`;
      throw rejected('TYPE', message);
    } else flat.set(name, value);
  }
}

function joined(prefix: string, name: string, delimiter: string): string {
  return prefix === '' ? name : `${prefix}${delimiter}${name}`;
}

/** A leaf, and the names that lead to it. */
interface Leaf {
  readonly name: string;
  readonly schema: Schema;
  readonly source: Schema;
  readonly from: string;
}

interface Level {
  readonly from: string;
  readonly leaves: readonly Leaf[];
  readonly levels: readonly Level[];
}

class FlatPlan {
  readonly schema: Schema;
  readonly #root: Level;
  readonly #fields: Field[] = [];
  readonly #delimiter: string;

  constructor(schema: Schema, delimiter: string) {
    this.#delimiter = delimiter;
    this.#root = this.#level(schema, '', '', schema.optional, schema.defaultValue ?? null);
    this.schema = withFields(schema, this.#fields);
  }

  apply(value: StructValue): StructValue {
    const flat = struct();
    for (const { name } of this.#fields) flat[name] = null;
    fill(this.#root, value, flat);
    return flat;
  }

  /** {@link apply} of all rows of a layout. */
  node(from: StructNode): StructNode {
    const found = new Map<string, LayoutNode>();
    fillNodes(this.#root, from, found);
    const fields = this.#fields.map(({ name, schema }) => found.get(name) ?? nullOf(schema));
    return { kind: 'struct', schema: this.schema, fields };
  }

  #level(schema: Schema, from: string, prefix: string, optional: boolean, fallback: Value): Level {
    const leaves: Leaf[] = [];
    const levels: Level[] = [];
    for (const field of schema.fields ?? []) {
      const name = joined(prefix, field.name, this.#delimiter);
      const own = field.schema.defaultValue ?? (isStruct(fallback) ? (fallback[field.name] ?? null) : null);
      const mayMiss = optional || field.schema.optional;
      if (field.schema.type === 'struct') {
        levels.push(this.#level(field.schema, field.name, name, mayMiss, own));
      } else {
        const leaf = {
          name,
          schema: leafSchema(name, field.schema, mayMiss, own),
          source: field.schema,
          from: field.name,
        };
        leaves.push(leaf);
        this.#fields.push({ name, schema: leaf.schema });
      }
    }
    return { from, leaves, levels };
  }
}

function leafSchema(name: string, schema: Schema, optional: boolean, fallback: Value): Schema {
  if (schema.type === 'map') {
    const message = `Flatten transformation does not support ${javaType(schema)} for record with schemas (for field ${name}).`;
    throw rejected('TYPE', message);
  }
  const { defaultValue: _, ...plain } = schema;
  const made: Schema = { ...plain, optional };
  return fallback === null ? made : withDefault(made, fallback);
}

function fillNodes({ leaves, levels }: Level, from: StructNode, flat: Map<string, LayoutNode>): void {
  for (const { name, schema, source, from: own } of leaves) {
    const given = childOf(from, own) ?? nullOf(source);
    const node = retyped(replacingNull(given, source.defaultValue ?? null), schema);
    if (nullness(node) === 'always' && !schema.optional) throw nullOfRequired(name, schema);
    flat.set(name, node);
  }
  for (const level of levels) {
    const inner = structNode(childOf(from, level.from) ?? null);
    if (inner !== null) fillNodes(level, inner, flat);
  }
}

function fill({ leaves, levels }: Level, value: StructValue, flat: { [name: string]: Value }): void {
  for (const { name, schema, source, from } of leaves) {
    const item = value[from] ?? source.defaultValue ?? null;
    if (item === null && !schema.optional) throw nullOfRequired(name, schema);
    flat[name] = item;
  }
  for (const level of levels) {
    const inner = value[level.from] ?? null;
    if (isStruct(inner)) fill(level, inner, flat);
  }
}
