import { ByteWriter } from '../../record/byte-writer.ts';
import { MillraceError } from '../../record/error.ts';
import { JsonReader } from '../../record/json-reader.ts';
import { parseSchema } from '../../record/schema-json.ts';
import type { Schema } from '../../record/schema.ts';
import type { Value } from '../../record/value.ts';
import { writeJson } from '../../record/value-json.ts';

/**
 * A key, a value or a header's value as somebody wrote it.
 *
 * - `value`: JSON, for the converter; with a schema it has that type.
 * - `text`: of a command line: JSON where the converter wants values and the text is JSON, else the text itself.
 * - `bytes`: they stand in the hub as they are, whatever the converter.
 */
export type Given =
  | { readonly kind: 'value'; readonly value: Value; readonly schema: Schema | null }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bytes'; readonly bytes: Buffer };

export interface GivenRecord {
  /** null: none, or a tombstone. */
  readonly key: Given | null;
  readonly value: Given | null;
  readonly headers: readonly { readonly key: string; readonly value: Given | null }[];
  /** undefined: by the key's hash. */
  readonly partition: number | undefined;
  /** Epoch milliseconds; undefined: now. */
  readonly timestampMs: number | undefined;
}

/** What is wrong with the record at hand, without its place. */
export class WrongRecord extends Error {}

/** An object of JSON: its keys are texts. */
type Fields = ReadonlyMap<string, Value>;

const FIELDS = ['key', 'value'].flatMap((side) => [side, `${side}Text`, `${side}Base64`, `${side}Schema`]);
/** Beside them; `topic` and `offset` are what `topics tail --json` prints, and say nothing here. */
const KNOWN = new Set([...FIELDS, 'headers', 'partition', 'timestamp', 'topic', 'offset']);

/** Throws a {@link WrongRecord}. */
export function givenRecord(entry: Value): GivenRecord {
  if (!(entry instanceof Map))
    throw new WrongRecord('it must be a JSON object with key, value, headers, partition, timestamp');
  const fields = entry as Fields;
  for (const name of fields.keys()) {
    if (!KNOWN.has(name)) throw new WrongRecord(`unknown field ${JSON.stringify(name)}`);
  }
  return {
    key: given(fields, 'key'),
    value: given(fields, 'value'),
    headers: headersOf(fields.get('headers') ?? null),
    partition: partitionOf(fields.get('partition') ?? null),
    timestampMs: timestampOf(fields.get('timestamp') ?? null),
  };
}

function given(fields: Fields, side: string): Given | null {
  const [json, text, base64] = [fields.get(side) ?? null, fields.get(`${side}Text`), fields.get(`${side}Base64`)];
  const schema = fields.get(`${side}Schema`) ?? null;
  const ways = [json !== null, text !== undefined && text !== null, base64 !== undefined && base64 !== null];
  if (ways.filter(Boolean).length > 1) throw new WrongRecord(`give only one of ${side}, ${side}Text, ${side}Base64`);
  if (schema !== null && (ways[1] === true || ways[2] === true))
    throw new WrongRecord(`${side}Schema goes with ${side} only`);
  if (typeof text === 'string') return { kind: 'text', text };
  if (typeof base64 === 'string') return { kind: 'bytes', bytes: fromBase64(base64, `${side}Base64`) };
  if (ways[1] === true || ways[2] === true) throw new WrongRecord(`${side}Text and ${side}Base64 must be texts`);
  if (schema !== null) return typed(json, schema, side);
  return json === null ? null : { kind: 'value', value: json, schema: null };
}

function typed(json: Value, schemaJson: Value, side: string): Given | null {
  try {
    const schema = parseSchema(jsonBytes(schemaJson));
    const value = new JsonReader(jsonBytes(json)).document(schema);
    return { kind: 'value', value, schema };
  } catch (error) {
    throw new WrongRecord(`${side} does not fit ${side}Schema: ${problemOf(error)}`);
  }
}

function headersOf(value: Value): GivenRecord['headers'] {
  if (value === null) return [];
  if (value instanceof Map) {
    return [...(value as Fields)].map(([key, one]) => ({ key, value: headerValue(one) }));
  }
  if (Array.isArray(value)) return (value as readonly Value[]).map(headerOf);
  throw new WrongRecord('headers must be an object, or an array of {key, value}');
}

function headerOf(entry: Value): GivenRecord['headers'][number] {
  const fields = entry instanceof Map ? (entry as Fields) : new Map<string, Value>();
  const key = fields.get('key');
  if (typeof key !== 'string') throw new WrongRecord('a header must be an object with key and value');
  for (const name of fields.keys()) {
    if (!['key', ...FIELDS.filter((field) => field.startsWith('value'))].includes(name)) {
      throw new WrongRecord(`header ${key}: unknown field ${JSON.stringify(name)}`);
    }
  }
  return { key, value: given(fields, 'value') };
}

function headerValue(value: Value): Given | null {
  return value === null ? null : { kind: 'value', value, schema: null };
}

function partitionOf(value: Value): number | undefined {
  if (value === null) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  throw new WrongRecord('partition must be a whole number from 0');
}

function timestampOf(value: Value): number | undefined {
  if (value === null) return undefined;
  const ms = typeof value === 'string' ? Date.parse(value) : value;
  if (typeof ms === 'number' && Number.isSafeInteger(ms) && ms >= 0) return ms;
  throw new WrongRecord('timestamp must be milliseconds since 1970, or a time like 2026-01-31T12:00:00Z');
}

function fromBase64(text: string, field: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64').replaceAll('=', '') !== text.replaceAll('=', ''))
    throw new WrongRecord(`${field} is no base64`);
  return bytes;
}

/** The document of a value, every digit kept. */
export function jsonBytes(value: Value): Buffer {
  const writer = new ByteWriter(256);
  writeJson(writer, null, value, { decimalFormat: 'NUMERIC', replaceNullWithDefault: true });
  return Buffer.from(writer.view());
}

/** What an error says, where it is one about data. */
export function problemOf(error: unknown): string {
  if (error instanceof MillraceError || error instanceof WrongRecord) return error.message;
  throw error;
}
