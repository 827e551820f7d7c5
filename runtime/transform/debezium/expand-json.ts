import { JsonReader } from '../../record/json-reader.ts';
import {
  arrayOf,
  OPTIONAL_BOOLEAN,
  OPTIONAL_BYTES,
  OPTIONAL_DOUBLE,
  OPTIONAL_INT32,
  OPTIONAL_INT64,
  OPTIONAL_STRING,
  structOf,
} from '../../record/schema-builder.ts';
import type { Field, Schema } from '../../record/schema.ts';
import { schemaIdText } from '../../record/schema-json.ts';
import { struct, type Value } from '../../record/value.ts';
import { Decimal } from '../../record/decimal.ts';
import { isMap } from '../java-class.ts';
import { fieldOf } from '../field-path.ts';

export interface Expanded {
  readonly schema: Schema;
  readonly value: Value;
}

/**
 * A JSON text as a value with a schema made of it. null: the text is no JSON object (or list of such
 * as have one schema), and stays a text.
 */
export function expandJson(name: string, text: string, nullsAsBytes: boolean, intern: Intern): Expanded | null {
  if (!text.startsWith('{') && !text.startsWith('[')) return null;
  try {
    const json = new JsonReader(Buffer.from(text)).document(null);
    const schema = schemaOf(name, json, nullsAsBytes);
    // A list cannot be the payload's struct: Debezium leaves it as text too.
    if (schema?.type !== 'struct') return null;
    const known = intern.of(schema);
    return { schema: known, value: valueOf(json, known) };
  } catch {
    return null;
  }
}

const MOST_SCHEMAS = 10_000;

/** One instance for equal schemas, so that what is made of a schema is made once. */
export class Intern {
  readonly #known = new Map<string, Schema>();

  of(schema: Schema): Schema {
    const id = schemaIdText(schema);
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    if (this.#known.size >= MOST_SCHEMAS) this.#known.clear();
    this.#known.set(id, schema);
    return schema;
  }
}

/** null: a value of this kind has no schema, and its field is left out. */
function schemaOf(name: string | null, json: Value, nullsAsBytes: boolean): Schema | null {
  if (json === null) return nullsAsBytes ? OPTIONAL_BYTES : null;
  if (typeof json === 'string') return OPTIONAL_STRING;
  if (typeof json === 'boolean') return OPTIONAL_BOOLEAN;
  if (typeof json === 'number' || typeof json === 'bigint') return numberSchema(json);
  if (json instanceof Decimal) return OPTIONAL_DOUBLE;
  if (Array.isArray(json)) return listSchema(name, json as readonly Value[], nullsAsBytes);
  if (!isMap(json)) return null;
  const fields: Field[] = [];
  for (const [key, item] of json) {
    const field = typeof key === 'string' ? key : JSON.stringify(key);
    const own = schemaOf(name === null || name === '' ? field : `${name}.${field}`, item, nullsAsBytes);
    if (own !== null) fields.push({ name: field, schema: own });
  }
  return structOf(fields, { optional: true, ...(name === null ? {} : { name }) });
}

function numberSchema(value: number | bigint): Schema {
  if (typeof value === 'number' && !Number.isInteger(value)) return OPTIONAL_DOUBLE;
  const whole = BigInt(value);
  if (BigInt.asIntN(32, whole) === whole) return OPTIONAL_INT32;
  return BigInt.asIntN(64, whole) === whole ? OPTIONAL_INT64 : OPTIONAL_DOUBLE;
}

function listSchema(name: string | null, items: readonly Value[], nullsAsBytes: boolean): Schema | null {
  if (items.length === 0) return null;
  const present = items.filter((item) => item !== null);
  const [sample] = present;
  if (sample === undefined) throw new TypeError('a list of nulls has no schema');
  if (isMap(sample)) {
    if (!present.every(isMap)) throw new TypeError('a list of objects and others has no schema');
    const schemas = present.map((item) => schemaOf(name, item, nullsAsBytes) as Schema);
    return arrayOf(schemas.reduce(merged), { optional: true });
  }
  const schemas = present.map((item) => schemaOf(null, item, nullsAsBytes));
  const [first] = schemas;
  if (first === undefined || first === null || schemas.some((one) => !isSameSchema(one, first))) {
    throw new TypeError('a list of values of several types has no schema');
  }
  return arrayOf(first, { optional: true });
}

function isSameSchema(a: Schema | null, b: Schema): boolean {
  return a !== null && (a === b || (a.type === 'array' && b.type === 'array'));
}

/** Fields of both; one that was null in one of them has the other's schema. */
function merged(left: Schema, right: Schema): Schema {
  const fields = new Map((left.fields ?? []).map((field) => [field.name, field]));
  for (const field of right.fields ?? []) {
    const known = fields.get(field.name);
    if (known === undefined || (known.schema.type === 'bytes' && field.schema.type !== 'bytes'))
      fields.set(field.name, field);
  }
  return structOf([...fields.values()], left.name === undefined ? {} : { name: left.name });
}

function valueOf(json: Value, schema: Schema): Value {
  if (json === null) return null;
  if (isMap(json)) {
    const made = struct();
    for (const { name } of schema.fields ?? []) {
      const own = fieldOf(schema, name);
      const item = json.get(name) ?? null;
      made[name] = own === undefined ? null : valueOf(item, own);
    }
    return made;
  }
  if (Array.isArray(json)) return json.map((item) => valueOf(item as Value, schema.valueSchema ?? OPTIONAL_STRING));
  if (schema.type === 'int64') return BigInt(json as number | bigint);
  if (schema.type === 'double') return Number(json instanceof Decimal ? json.toScientific() : json);
  return json;
}
