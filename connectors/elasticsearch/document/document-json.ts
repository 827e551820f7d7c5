import { ByteWriter, literal, type Literal } from '../../../runtime/record/byte-writer.ts';
import { Decimal } from '../../../runtime/record/decimal.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { writeJsonString } from '../../../runtime/record/json-text.ts';
import type { Datum } from '../../../runtime/record/record.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import { writeJson } from '../../../runtime/record/value-json.ts';
import type { StructValue, Value } from '../../../runtime/record/value.ts';
import { entryName } from './field-path.ts';
import { semanticForm, semanticText } from './semantic-text.ts';

const OPTIONS = { decimalFormat: 'NUMERIC', replaceNullWithDefault: true } as const;
const COMMA = 0x2c;
const COLON = 0x3a;

export interface DocumentShape {
  /** Top-level fields that are left out. */
  readonly omit?: ReadonlySet<string>;
  /** Fields before the others: each a name and JSON text. */
  readonly first?: readonly (readonly [name: string, json: string])[];
}

/**
 * Writes a row as a JSON object, on one line. Where its schema tells more than Connect's JSON does,
 * a value is what a search can use: decimals are numbers, dates and times ISO 8601. Throws a `data`
 * error where the value is no object or does not fit its schema.
 */
export function writeDocument(writer: ByteWriter, { schema, value }: Datum, shape: DocumentShape = {}): void {
  if (!isRow(value)) throw new MillraceError('ELASTICSEARCH_NO_OBJECT', 'the value is no object', { kind: 'data' });
  const { omit, first = [] } = shape;
  writer.ascii('{');
  let begun = false;
  for (const [name, json] of first) {
    writeName(writer, name, begun);
    writer.utf8(json);
    begun = true;
  }
  if (schema?.type === 'struct' && schema.fields !== undefined && !(value instanceof Map)) {
    writeFields(writer, schema, value as StructValue, omit, begun);
  } else {
    const entries = value instanceof Map ? (value as ReadonlyMap<Value, Value>) : Object.entries(value as StructValue);
    for (const [name, field] of entries) {
      const text = entryName(name);
      if (omit?.has(text) === true) continue;
      writeName(writer, text, begun);
      writeValue(writer, schema?.valueSchema ?? null, field);
      begun = true;
    }
  }
  writer.ascii('}');
}

/** Whether values of the schema stand in Connect's JSON as they are to stand in a document. */
export function isPlainJson(schema: Schema): boolean {
  if (semanticForm(schema) !== undefined) return false;
  const inner = [...(schema.fields ?? []).map((field) => field.schema), schema.keySchema, schema.valueSchema];
  return inner.every((one) => one === undefined || isPlainJson(one));
}

function isRow(value: Value): value is StructValue | ReadonlyMap<Value, Value> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false;
  return !(value instanceof Uint8Array) && !(value instanceof Decimal);
}

function writeFields(
  writer: ByteWriter,
  schema: Schema,
  value: StructValue,
  omit: ReadonlySet<string> | undefined,
  begunBefore: boolean,
): void {
  let begun = begunBefore;
  const names = namesOf(schema);
  const fields = schema.fields ?? [];
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i];
    const name = names[i];
    if (field === undefined || name === undefined || omit?.has(field.name) === true) continue;
    if (begun) writer.byte(COMMA);
    begun = true;
    writer.literal(name);
    writeValue(writer, field.schema, value[field.name] ?? null);
  }
}

const literals = new WeakMap<Schema, readonly Literal[]>();

/** `"name":` of every field. */
function namesOf(schema: Schema): readonly Literal[] {
  let names = literals.get(schema);
  if (names === undefined) {
    names = (schema.fields ?? []).map(({ name }) => {
      const writer = new ByteWriter(name.length + 8);
      writeName(writer, name, false);
      return literal(writer.view());
    });
    literals.set(schema, names);
  }
  return names;
}

function writeName(writer: ByteWriter, name: string, comma: boolean): void {
  if (comma) writer.byte(COMMA);
  writeJsonString(writer, name);
  writer.byte(COLON);
}

function writeValue(writer: ByteWriter, schema: Schema | null, value: Value): void {
  if (schema === null || value === null || (schema.name === undefined && isScalar(schema))) {
    writeJson(writer, schema, value, OPTIONS);
    return;
  }
  const form = semanticForm(schema);
  if (form !== undefined) {
    const text = semanticText(schema, form, value);
    if (text === undefined) writeJson(writer, schema, value, OPTIONS); // tells what is wrong with it
    else if ((form === 'decimal' || form === 'variable-decimal') && isExactAsDouble(text)) writer.ascii(text);
    else writeJsonString(writer, text);
    return;
  }
  if (schema.type === 'struct' && isRow(value) && !(value instanceof Map)) {
    writer.ascii('{');
    writeFields(writer, schema, value as StructValue, undefined, false);
    writer.ascii('}');
  } else if (schema.type === 'array' && Array.isArray(value)) {
    writeItems(writer, schema.valueSchema ?? null, value as readonly Value[]);
  } else if (schema.type === 'map' && value instanceof Map && schema.keySchema?.type === 'string') {
    writeEntries(writer, schema.valueSchema ?? null, value as ReadonlyMap<Value, Value>);
  } else {
    writeJson(writer, schema, value, OPTIONS);
  }
}

/** Significant digits that a double keeps, whatever they are. */
const DOUBLE_DIGITS = 15;
const MAX_LENGTH = 300;

/**
 * Servers read the numbers of a document into doubles when they update it, and write what is left back.
 * Where that would change a decimal it is a text, which a numeric field takes as well (I6).
 */
function isExactAsDouble(text: string): boolean {
  if (text.length <= DOUBLE_DIGITS) return true;
  return (
    text.length < MAX_LENGTH &&
    text
      .replace(/^-?[0.]*/, '')
      .replace('.', '')
      .replace(/0+$/, '').length <= DOUBLE_DIGITS
  );
}

function isScalar({ type }: Schema): boolean {
  return type !== 'struct' && type !== 'array' && type !== 'map';
}

function writeItems(writer: ByteWriter, schema: Schema | null, items: readonly Value[]): void {
  writer.ascii('[');
  items.forEach((item, i) => {
    if (i > 0) writer.byte(COMMA);
    writeValue(writer, schema, item);
  });
  writer.ascii(']');
}

function writeEntries(writer: ByteWriter, schema: Schema | null, entries: ReadonlyMap<Value, Value>): void {
  writer.ascii('{');
  let begun = false;
  for (const [name, item] of entries) {
    writeName(writer, entryName(name), begun);
    writeValue(writer, schema, item);
    begun = true;
  }
  writer.ascii('}');
}
