import { createHash } from 'node:crypto';
import { ByteWriter } from './byte-writer.ts';
import type { JsonOptions } from './cell-codec.ts';
import { MillraceError } from './error.ts';
import { JsonReader } from './json-reader.ts';
import { writeJsonString } from './json-text.ts';
import type { Field, Schema, SchemaType } from './schema.ts';
import { writeJson } from './value-json.ts';
import type { Value } from './value.ts';

/*
 * A schema as JSON, as Kafka Connect's JsonConverter writes it into its envelope. Members in this
 * order, absent where there is nothing to say:
 *
 *     type, items | keys, values | fields, optional, name, version, doc, parameters, default, field
 */

const cache: Record<JsonOptions['decimalFormat'], WeakMap<Schema, string>> = {
  BASE64: new WeakMap(),
  NUMERIC: new WeakMap(),
};
const ids = new WeakMap<Schema, Buffer>();

/** The schema's JSON; with the default options its canonical form. Remembered per schema instance. */
export function schemaJson(schema: Schema, options: JsonOptions = { decimalFormat: 'BASE64' }): string {
  const known = cache[options.decimalFormat].get(schema);
  if (known !== undefined) return known;
  const writer = new ByteWriter(1024);
  writeSchema(writer, schema, undefined, options);
  const json = writer.view().toString('utf8');
  cache[options.decimalFormat].set(schema, json);
  return json;
}

/** The schema's id: the first 8 bytes of SHA-256 over its canonical JSON. */
export function schemaId(schema: Schema): Buffer {
  let id = ids.get(schema);
  if (id === undefined) {
    id = createHash('sha256').update(schemaJson(schema)).digest().subarray(0, 8);
    ids.set(schema, id);
  }
  return id;
}

/** The id as 16 hexadecimal digits: the schema's key in the schema topic. */
export function schemaIdText(schema: Schema): string {
  return schemaId(schema).toString('hex');
}

function writeSchema(writer: ByteWriter, schema: Schema, fieldName: string | undefined, options: JsonOptions): void {
  writer.ascii(`{"type":"${schema.type}"`);
  if (schema.keySchema !== undefined) writeMember(writer, 'keys', schema.keySchema, options);
  if (schema.valueSchema !== undefined) {
    writeMember(writer, schema.type === 'map' ? 'values' : 'items', schema.valueSchema, options);
  }
  if (schema.fields !== undefined) writeFields(writer, schema.fields, options);
  writer.ascii(`,"optional":${schema.optional}`);
  if (schema.name !== undefined) writeText(writer, ',"name":', schema.name);
  if (schema.version !== undefined) writer.ascii(`,"version":${schema.version}`);
  if (schema.doc !== undefined) writeText(writer, ',"doc":', schema.doc);
  if (schema.parameters !== undefined) {
    let before = ',"parameters":{';
    for (const [key, value] of Object.entries(schema.parameters)) {
      writeText(writer, before, key);
      writeText(writer, ':', value);
      before = ',';
    }
    writer.ascii(before === ',' ? '}' : `${before}}`);
  }
  if (schema.defaultValue !== undefined && schema.defaultValue !== null) {
    writer.ascii(',"default":');
    writeJson(writer, schema, schema.defaultValue, { ...options, replaceNullWithDefault: true });
  }
  if (fieldName !== undefined) writeText(writer, ',"field":', fieldName);
  writer.ascii('}');
}

function writeMember(writer: ByteWriter, member: string, schema: Schema, options: JsonOptions): void {
  writer.ascii(`,"${member}":`);
  writeSchema(writer, schema, undefined, options);
}

function writeFields(writer: ByteWriter, fields: readonly Field[], options: JsonOptions): void {
  writer.ascii(',"fields":[');
  for (const [index, field] of fields.entries()) {
    if (index > 0) writer.ascii(',');
    writeSchema(writer, field.schema, field.name, options);
  }
  writer.ascii(']');
}

function writeText(writer: ByteWriter, before: string, text: string): void {
  writer.ascii(before);
  writeJsonString(writer, text);
}

const TYPES: ReadonlySet<string> = new Set<SchemaType>([
  'int8',
  'int16',
  'int32',
  'int64',
  'float',
  'double',
  'boolean',
  'string',
  'bytes',
  'array',
  'map',
  'struct',
]);

/** Reads a schema's JSON. Throws `RECORD_SCHEMA` or `RECORD_JSON`, `data` errors. */
export function parseSchema(json: Uint8Array | string): Schema {
  const bytes = typeof json === 'string' ? Buffer.from(json) : Buffer.from(json.buffer, json.byteOffset, json.length);
  return schemaFrom(new JsonReader(bytes).document(null));
}

function schemaFrom(json: Value): Schema {
  if (!(json instanceof Map)) throw invalid('a schema must be an object');
  const members = json as ReadonlyMap<string, Value>;
  const type = members.get('type');
  if (typeof type !== 'string' || !TYPES.has(type))
    throw invalid(`unknown schema type ${JSON.stringify(type ?? null)}`);
  const name = member(members, 'name', 'string');
  const version = member(members, 'version', 'number');
  const doc = member(members, 'doc', 'string');
  const parameters = members.get('parameters') ?? null;
  const schema: Schema = {
    type: type as SchemaType,
    optional: member(members, 'optional', 'boolean') ?? false,
    ...(name === undefined ? {} : { name }),
    ...(version === undefined ? {} : { version }),
    ...(doc === undefined ? {} : { doc }),
    ...(parameters === null ? {} : { parameters: parametersFrom(parameters) }),
    ...partsFrom(type, members),
  };
  const defaultValue = members.get('default') ?? null;
  return defaultValue === null ? schema : { ...schema, defaultValue: defaultFrom(schema, defaultValue) };
}

function partsFrom(type: string, members: ReadonlyMap<string, Value>): Partial<Schema> {
  switch (type) {
    case 'array':
      return { valueSchema: schemaFrom(members.get('items') ?? null) };
    case 'map':
      return {
        keySchema: schemaFrom(members.get('keys') ?? null),
        valueSchema: schemaFrom(members.get('values') ?? null),
      };
    case 'struct':
      return { fields: fieldsFrom(members.get('fields') ?? null) };
    default:
      return {};
  }
}

function fieldsFrom(json: Value): Field[] {
  if (!Array.isArray(json)) throw invalid('a struct schema needs fields');
  return (json as readonly Value[]).map((field) => {
    const name = field instanceof Map ? (field as ReadonlyMap<string, Value>).get('field') : undefined;
    if (typeof name !== 'string') throw invalid('a field of a struct schema needs a name ("field")');
    return { name, schema: schemaFrom(field) };
  });
}

function parametersFrom(json: Value): Record<string, string> {
  if (!(json instanceof Map)) throw invalid('parameters must be an object');
  const entries = [...(json as ReadonlyMap<string, Value>)];
  if (entries.some(([, value]) => typeof value !== 'string')) throw invalid('parameters must be strings');
  return Object.fromEntries(entries) as Record<string, string>;
}

/** The default was read without knowing its type: its text is read once more with it. */
function defaultFrom(schema: Schema, json: Value): Value {
  const writer = new ByteWriter(256);
  writeJson(writer, null, json, { decimalFormat: 'BASE64', replaceNullWithDefault: false });
  return new JsonReader(writer.view()).document(schema);
}

interface Kinds {
  string: string;
  number: number;
  boolean: boolean;
}

function member<Kind extends keyof Kinds>(
  members: ReadonlyMap<string, Value>,
  name: string,
  kind: Kind,
): Kinds[Kind] | undefined {
  const value = members.get(name) ?? null;
  if (value === null) return undefined;
  if (typeof value !== kind) throw invalid(`"${name}" must be a ${kind}`);
  return value as Kinds[Kind];
}

function invalid(problem: string): MillraceError {
  return new MillraceError('RECORD_SCHEMA', `not a schema: ${problem}`, { kind: 'data' });
}
