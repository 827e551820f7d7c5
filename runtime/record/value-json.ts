import { writeJsonBase64 } from './base64.ts';
import { ByteWriter, literal, type Literal } from './byte-writer.ts';
import type { JsonOptions } from './cell-codec.ts';
import { Decimal } from './decimal.ts';
import { MillraceError } from './error.ts';
import { writeInteger, writeJsonDouble, writeJsonFloat } from './json-number.ts';
import { writeJsonString } from './json-text.ts';
import { isDecimal } from './logical-types.ts';
import type { Field, Schema } from './schema.ts';
import type { StructValue, Value } from './value.ts';

export interface ValueJsonOptions extends JsonOptions {
  /** Connect's `replace.null.with.default`: a null is written as its schema's default. */
  readonly replaceNullWithDefault: boolean;
}

const COMMA = 0x2c;
const COLON = 0x3a;
const INTEGER_BITS: Readonly<Record<string, number>> = { int8: 8, int16: 16, int32: 32, int64: 64 };

/**
 * Writes a value as the JSON that Kafka Connect's JsonConverter writes for it, without envelope.
 * `schema: null`: a value of unknown type. Throws `RECORD_VALUE`, a `data` error that names the
 * field, where the value is not of its schema; what is in the writer then is to be thrown away.
 */
export function writeJson(writer: ByteWriter, schema: Schema | null, value: Value, options: ValueJsonOptions): void {
  try {
    if (schema === null) writeUntyped(writer, value, options);
    else writeTyped(writer, schema, value, options);
  } catch (error) {
    throw error instanceof Mismatch ? error.toError() : error;
  }
}

/** Carries the path to the wrong value up to {@link writeJson}. */
class Mismatch extends Error {
  path: string[] = [];

  toError(): MillraceError {
    const where = this.path.length === 0 ? '' : `field ${this.path.toReversed().join('.')}: `;
    return new MillraceError('RECORD_VALUE', `${where}${this.message}`, { kind: 'data' });
  }
}

function writeTyped(writer: ByteWriter, schema: Schema, value: Value, options: ValueJsonOptions): void {
  if (value === null) {
    if (schema.defaultValue !== undefined && schema.defaultValue !== null && options.replaceNullWithDefault) {
      writeTyped(writer, schema, schema.defaultValue, options);
    } else if (schema.optional) {
      writer.ascii('null');
    } else {
      throw new Mismatch(`null, but it is required and has no default (${schema.name ?? schema.type})`);
    }
    return;
  }
  switch (schema.type) {
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
      writeInt(writer, schema, value);
      return;
    case 'float':
      writeJsonFloat(writer, Math.fround(number(schema, value)));
      return;
    case 'double':
      writeJsonDouble(writer, number(schema, value));
      return;
    case 'boolean':
      if (typeof value !== 'boolean') throw mismatch(schema, value);
      writer.ascii(value ? 'true' : 'false');
      return;
    case 'string':
      if (typeof value !== 'string') throw mismatch(schema, value);
      writeJsonString(writer, value);
      return;
    case 'bytes':
      writeBytes(writer, schema, value, options);
      return;
    case 'array':
      writeArray(writer, schema, value, options);
      return;
    case 'map':
      writeMap(writer, schema, value, options);
      return;
    case 'struct':
      writeStruct(writer, schema, value, options);
      return;
  }
}

function writeInt(writer: ByteWriter, schema: Schema, value: Value): void {
  const bits = INTEGER_BITS[schema.type] ?? 64;
  if (typeof value === 'number' && Number.isSafeInteger(value)) {
    if (bits < 64 && value !== (value << (32 - bits)) >> (32 - bits)) throw mismatch(schema, value);
    writeInteger(writer, value);
  } else if (typeof value === 'bigint' && BigInt.asIntN(bits, value) === value) {
    writer.ascii(value.toString());
  } else {
    throw mismatch(schema, value);
  }
}

function number(schema: Schema, value: Value): number {
  if (typeof value !== 'number') throw mismatch(schema, value);
  return value;
}

function writeBytes(writer: ByteWriter, schema: Schema, value: Value, options: ValueJsonOptions): void {
  if (value instanceof Decimal && isDecimal(schema)) writeJsonDecimal(writer, value, options);
  else if (value instanceof Uint8Array) writeJsonBase64(writer, value, 0, value.length);
  else throw mismatch(schema, value);
}

/** Writes a decimal by `decimal.format`: its unscaled bytes in base64, or a JSON number. */
function writeJsonDecimal(writer: ByteWriter, value: Decimal, options: JsonOptions): void {
  if (options.decimalFormat === 'NUMERIC') {
    writer.ascii(value.toScientific());
    return;
  }
  const bytes = value.toBytes();
  writeJsonBase64(writer, bytes, 0, bytes.length);
}

function writeArray(writer: ByteWriter, schema: Schema, value: Value, options: ValueJsonOptions): void {
  if (!Array.isArray(value) || schema.valueSchema === undefined) throw mismatch(schema, value);
  const items = value as readonly Value[];
  writer.ascii('[');
  for (let i = 0; i < items.length; i++) {
    if (i > 0) writer.byte(COMMA);
    inside(String(i), writer, schema.valueSchema, items[i] ?? null, options);
  }
  writer.ascii(']');
}

/** An object where keys are strings, otherwise an array of pairs. */
/** A map's key in the path of an error. */
function pathOf(key: Value): string {
  return typeof key === 'object' ? JSON.stringify(key) : String(key);
}

function writeMap(writer: ByteWriter, schema: Schema, value: Value, options: ValueJsonOptions): void {
  const { keySchema, valueSchema } = schema;
  if (!(value instanceof Map) || keySchema === undefined || valueSchema === undefined) throw mismatch(schema, value);
  const byName = keySchema.type === 'string';
  writer.ascii(byName ? '{' : '[');
  let first = true;
  for (const [key, item] of value as ReadonlyMap<Value, Value>) {
    if (!first) writer.byte(COMMA);
    first = false;
    if (!byName) writer.ascii('[');
    inside(pathOf(key), writer, keySchema, key, options);
    writer.byte(byName ? COLON : COMMA);
    inside(pathOf(key), writer, valueSchema, item, options);
    if (!byName) writer.ascii(']');
  }
  writer.ascii(byName ? '}' : ']');
}

function writeStruct(writer: ByteWriter, schema: Schema, value: Value, options: ValueJsonOptions): void {
  if (!isStruct(value) || schema.fields === undefined) throw mismatch(schema, value);
  const names = namesOf(schema, schema.fields);
  for (let i = 0; i < names.length; i++) {
    const { name, schema: own } = schema.fields[i] as Field;
    writer.literal(names[i] as Literal);
    inside(name, writer, own, value[name] ?? null, options);
  }
  writer.ascii(names.length === 0 ? '{}' : '}');
}

const fieldNames = new WeakMap<Schema, readonly Literal[]>();

/** Per field of a struct what stands before its value: `{"a":`, `,"b":`. */
function namesOf(schema: Schema, fields: readonly Field[]): readonly Literal[] {
  let names = fieldNames.get(schema);
  if (names === undefined) {
    names = fields.map(({ name }, i) => {
      const writer = new ByteWriter(name.length + 8);
      writer.ascii(i === 0 ? '{' : ',');
      writeJsonString(writer, name);
      writer.ascii(':');
      return literal(writer.view());
    });
    fieldNames.set(schema, names);
  }
  return names;
}

function inside(name: string, writer: ByteWriter, schema: Schema, value: Value, options: ValueJsonOptions): void {
  try {
    writeTyped(writer, schema, value, options);
  } catch (error) {
    if (error instanceof Mismatch) error.path.push(name);
    throw error;
  }
}

function writeUntyped(writer: ByteWriter, value: Value, options: ValueJsonOptions): void {
  if (value === null) writer.ascii('null');
  else if (typeof value === 'string') writeJsonString(writer, value);
  else if (typeof value === 'boolean') writer.ascii(value ? 'true' : 'false');
  else if (typeof value === 'bigint') writer.ascii(value.toString());
  else if (typeof value === 'number') {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) writeInteger(writer, value);
    else writeJsonDouble(writer, value);
  } else if (value instanceof Decimal) writer.ascii(value.toScientific());
  else if (value instanceof Uint8Array) writeJsonBase64(writer, value, 0, value.length);
  else if (Array.isArray(value)) writeUntypedArray(writer, value as readonly Value[], options);
  else writeUntypedMap(writer, value as ReadonlyMap<Value, Value> | StructValue, options);
}

function writeUntypedArray(writer: ByteWriter, items: readonly Value[], options: ValueJsonOptions): void {
  writer.ascii('[');
  for (let i = 0; i < items.length; i++) {
    if (i > 0) writer.byte(COMMA);
    writeUntyped(writer, items[i] ?? null, options);
  }
  writer.ascii(']');
}

function writeUntypedMap(
  writer: ByteWriter,
  value: ReadonlyMap<Value, Value> | StructValue,
  options: ValueJsonOptions,
): void {
  const entries: readonly (readonly [Value, Value])[] = value instanceof Map ? [...value] : Object.entries(value);
  const byName = entries.every(([key]) => typeof key === 'string');
  writer.ascii(byName ? '{' : '[');
  let first = true;
  for (const [key, item] of entries) {
    if (!first) writer.byte(COMMA);
    first = false;
    if (!byName) writer.ascii('[');
    writeUntyped(writer, key, options);
    writer.byte(byName ? COLON : COMMA);
    writeUntyped(writer, item, options);
    if (!byName) writer.ascii(']');
  }
  writer.ascii(byName ? '}' : ']');
}

function isStruct(value: Value): value is StructValue {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Map) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof Decimal)
  );
}

function mismatch(schema: Schema, value: Value): Mismatch {
  return new Mismatch(`${describe(value)} is no ${schema.name ?? schema.type}`);
}

/** The kind of a value and, for numbers only, what it is: field contents do not belong in messages (I9). */
function describe(value: Value): string {
  if (typeof value === 'number' || typeof value === 'bigint') return `the number ${value}`;
  if (value instanceof Decimal) return 'a decimal';
  if (value instanceof Uint8Array) return 'bytes';
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Map) return 'a map';
  return value === null ? 'null' : `a ${typeof value === 'object' ? 'struct' : typeof value}`;
}
