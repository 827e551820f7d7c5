import type { SchemaElement } from 'hyparquet-writer';
import { required } from '../../../runtime/record/schema-builder.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import { messageOf } from '../../../runtime/record/thrown.ts';
import type { StructValue, Value } from '../../../runtime/record/value.ts';
import { leafType, type Physical } from './parquet-leaf.ts';

/*
 * Rows into columns by the Dremel levels of the Parquet format (Apache Parquet, "Nested encoding"):
 * beside each value of a leaf its definition level, how many of the optional or repeated parts
 * above it are there, and its repetition level, the list in which it is not the first. The tree is
 * compiled once a schema; a row makes no objects beside its values.
 */

/** A leaf's values of the row group being gathered. */
export interface LeafColumn {
  readonly path: readonly SchemaElement[];
  readonly maxDefinition: number;
  readonly maxRepetition: number;
  values: (Physical | null)[];
  definitions: number[];
  repetitions: number[];
  /** Length at the start of the row, to take a row back. */
  mark: number;
}

/** Takes one value apart; throws a TypeError where it does not fit its schema. */
interface Node {
  readonly shred: (value: Value | undefined, repetition: number, definition: number) => void;
  /** Nothing there, from this definition level on. */
  readonly absent: (repetition: number, definition: number) => void;
}

/** A part of a row with its schema elements, in the order of the file's schema. */
export interface ColumnTree extends Node {
  readonly elements: readonly SchemaElement[];
  readonly leaves: readonly LeafColumn[];
}

interface Above {
  readonly path: readonly SchemaElement[];
  readonly definition: number;
  readonly repetition: number;
  /** Inside of a change event whose times are durations. */
  readonly durations: boolean;
}

/** MySQL's `time` goes from -838:59:59 to 838:59:59. */
const OF_DURATIONS: ReadonlySet<string | undefined> = new Set([
  'io.debezium.connector.mysql.Source',
  'io.debezium.connector.mariadb.Source',
]);

/** Whether the times in a struct are durations: it is a change event of a database that has such. */
export function hasDurations({ fields = [] }: Schema): boolean {
  return fields.some(({ name, schema }) => name === 'source' && OF_DURATIONS.has(schema.name));
}

/** Compiles a top-level column. `durations`: it is part of a struct that {@link hasDurations}. */
export function columnTree(name: string, schema: Schema, durations = false): ColumnTree {
  return compile(name, schema, { path: [], definition: 0, repetition: 0, durations });
}

function compile(name: string, schema: Schema, above: Above): ColumnTree {
  switch (schema.type) {
    case 'struct':
      return structTree(name, schema, above);
    case 'array':
      return listTree(name, schema, above);
    case 'map':
      return mapTree(name, schema, above);
    default:
      return leafTree(name, schema, above);
  }
}

function repetitionType(schema: Schema): 'OPTIONAL' | 'REQUIRED' {
  return schema.optional ? 'OPTIONAL' : 'REQUIRED';
}

function below(above: Above, element: SchemaElement): Above {
  const optional = element.repetition_type !== 'REQUIRED' ? 1 : 0;
  const repeated = element.repetition_type === 'REPEATED' ? 1 : 0;
  return {
    path: [...above.path, element],
    definition: above.definition + optional,
    repetition: above.repetition + repeated,
    durations: above.durations,
  };
}

/** What stands for a null: the schema's default, or nothing where the schema allows that. */
function present(value: Value | undefined, schema: Schema, name: string): Exclude<Value, null> | null {
  if (value !== null && value !== undefined) return value;
  if (schema.optional) return null;
  if (schema.defaultValue !== undefined && schema.defaultValue !== null) return schema.defaultValue;
  throw new TypeError(`${name} is null, which its schema does not allow`);
}

function leafTree(name: string, schema: Schema, above: Above): ColumnTree {
  const type = leafType(schema, above.durations);
  const element: SchemaElement = { name, repetition_type: repetitionType(schema), ...type.element };
  const { path, definition: maxDefinition, repetition: maxRepetition } = below(above, element);
  const column: LeafColumn = {
    path,
    maxDefinition,
    maxRepetition,
    values: [],
    definitions: [],
    repetitions: [],
    mark: 0,
  };
  const push = (value: Physical | null, repetition: number, definition: number): void => {
    column.values.push(value);
    if (maxDefinition > 0) column.definitions.push(definition);
    if (maxRepetition > 0) column.repetitions.push(repetition);
  };
  return {
    elements: [element],
    leaves: [column],
    absent: (repetition, definition) => push(null, repetition, definition),
    shred(value, repetition, definition) {
      const there = present(value, schema, name);
      if (there === null) push(null, repetition, definition);
      else push(typed(name, there, type.physical), repetition, definition + (schema.optional ? 1 : 0));
    },
  };
}

function typed(name: string, value: Value, physical: (value: Value) => Physical): Physical {
  try {
    return physical(value);
  } catch (error) {
    throw new TypeError(`${name}: ${messageOf(error)}`, { cause: error });
  }
}

function structTree(name: string, schema: Schema, above: Above): ColumnTree {
  const fields = schema.fields ?? [];
  if (fields.length === 0) throw new TypeError(`${name} is a struct without fields, which Parquet does not have`);
  const element: SchemaElement = { name, repetition_type: repetitionType(schema), num_children: fields.length };
  const inside = { ...below(above, element), durations: above.durations || hasDurations(schema) };
  const children = fields.map((field) => compile(field.name, field.schema, inside));
  const absent = absentAll(children);
  return {
    elements: [element, ...children.flatMap((child) => child.elements)],
    leaves: children.flatMap((child) => child.leaves),
    absent,
    shred(value, repetition, definition) {
      const there = present(value, schema, name);
      if (there === null) {
        absent(repetition, definition);
        return;
      }
      if (!isStruct(there)) throw new TypeError(`${name} is not a struct`);
      const deeper = definition + (schema.optional ? 1 : 0);
      for (let i = 0; i < children.length; i++) {
        children[i]?.shred(there[fields[i]?.name ?? ''], repetition, deeper);
      }
    },
  };
}

function isStruct(value: Value): value is StructValue {
  return (
    value !== null &&
    typeof value === 'object' &&
    !Array.isArray(value) &&
    !(value instanceof Map) &&
    !ArrayBuffer.isView(value)
  );
}

function absentAll(children: readonly Node[]): Node['absent'] {
  return (repetition, definition) => {
    for (const child of children) child.absent(repetition, definition);
  };
}

/** `LIST`: `<name> (LIST) { repeated group list { <element> } }` */
function listTree(name: string, schema: Schema, above: Above): ColumnTree {
  const outer: SchemaElement = {
    name,
    repetition_type: repetitionType(schema),
    num_children: 1,
    converted_type: 'LIST',
    logical_type: { type: 'LIST' },
  };
  const repeated: SchemaElement = { name: 'list', repetition_type: 'REPEATED', num_children: 1 };
  const inside = below(below(above, outer), repeated);
  if (schema.valueSchema === undefined) throw new TypeError(`${name} is an array of unknown items`);
  const item = compile('element', schema.valueSchema, inside);
  return {
    elements: [outer, repeated, ...item.elements],
    leaves: item.leaves,
    absent: item.absent,
    shred(value, repetition, definition) {
      const there = present(value, schema, name);
      const deeper = definition + (schema.optional ? 1 : 0);
      if (there === null) {
        item.absent(repetition, definition);
      } else if (!Array.isArray(there)) {
        throw new TypeError(`${name} is not an array`);
      } else {
        const items = there as readonly Value[];
        if (items.length === 0) item.absent(repetition, deeper);
        for (let i = 0; i < items.length; i++) {
          item.shred(items[i], i === 0 ? repetition : inside.repetition, deeper + 1);
        }
      }
    },
  };
}

/** `MAP`: `<name> (MAP) { repeated group key_value { required key; value } }` */
function mapTree(name: string, schema: Schema, above: Above): ColumnTree {
  const outer: SchemaElement = {
    name,
    repetition_type: repetitionType(schema),
    num_children: 1,
    converted_type: 'MAP',
    logical_type: { type: 'MAP' },
  };
  const repeated: SchemaElement = { name: 'key_value', repetition_type: 'REPEATED', num_children: 2 };
  const inside = below(below(above, outer), repeated);
  if (schema.keySchema === undefined || schema.valueSchema === undefined) {
    throw new TypeError(`${name} is a map of unknown entries`);
  }
  const key = compile('key', required(schema.keySchema), inside);
  const item = compile('value', schema.valueSchema, inside);
  const absent = absentAll([key, item]);
  return {
    elements: [outer, repeated, ...key.elements, ...item.elements],
    leaves: [...key.leaves, ...item.leaves],
    absent,
    shred(value, repetition, definition) {
      const there = present(value, schema, name);
      const deeper = definition + (schema.optional ? 1 : 0);
      const entries = there === null ? [] : mapEntries(there, name);
      if (entries.length === 0) absent(repetition, there === null ? definition : deeper);
      for (let i = 0; i < entries.length; i++) {
        const [entryKey, entryValue] = entries[i] ?? [null, null];
        const level = i === 0 ? repetition : inside.repetition;
        key.shred(entryKey, level, deeper + 1);
        item.shred(entryValue, level, deeper + 1);
      }
    },
  };
}

function mapEntries(value: Value, name: string): readonly (readonly [Value, Value])[] {
  if (value instanceof Map) return [...(value as ReadonlyMap<Value, Value>)];
  if (isStruct(value)) return Object.entries(value);
  throw new TypeError(`${name} is not a map`);
}
