import type { Converter } from '../../convert/converter.ts';
import { JsonConverter } from '../../convert/json-converter.ts';
import { JsonReader } from '../../record/json-reader.ts';
import type { Datum, RawHeader } from '../../record/record.ts';
import type { Schema } from '../../record/schema.ts';
import type { Value } from '../../record/value.ts';
import type { TaskConverters } from '../../task/task-converters.ts';
import { jsonBytes, problemOf, WrongRecord, type Given, type GivenRecord } from './given-record.ts';

/** A record's parts as they stand in the hub. */
export interface ProducedBytes {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RawHeader[];
  readonly schemas: { readonly key: Schema | null; readonly value: Schema | null };
  /** Texts that begin like JSON and are none, which makes them texts. */
  readonly doubts: readonly string[];
}

/** How a text begins that is meant as JSON. */
const LIKE_JSON = /^\s*[{["]/;

/** Through the converters. Throws a {@link WrongRecord} that names the part. */
export function producedBytes(record: GivenRecord, topic: string, converters: TaskConverters): ProducedBytes {
  const { key, value, header } = converters;
  const doubts: string[] = [];
  const part = (name: string, converter: Converter, given: Given | null): Uint8Array | null =>
    named(name, () => encoded(converter, topic, given, (problem) => doubts.push(`${name}: ${problem}`)));
  return {
    key: part('key', key, record.key),
    value: part('value', value, record.value),
    headers: record.headers.map((one) => ({
      key: one.key,
      value: named(`header ${one.key}`, () =>
        headerBytes(one.value, (datum) => header.encode(topic, { key: one.key, ...datum })),
      ),
    })),
    schemas: { key: schemaOf(record.key), value: schemaOf(record.value) },
    doubts,
  };
}

function encoded(
  converter: Converter,
  topic: string,
  given: Given | null,
  doubt: (problem: string) => void,
): Uint8Array | null {
  if (given === null) return null;
  if (given.kind === 'bytes') return given.bytes;
  const { encoding } = converter;
  if (given.kind === 'text') {
    if (encoding === 'bytes') return Buffer.from(given.text);
    const value = encoding === 'string' ? given.text : fromText(given.text, doubt);
    return converter.encode(topic, { schema: null, value });
  }
  if (encoding === 'bytes' && typeof given.value === 'string') return Buffer.from(given.value);
  const datum = given.schema === null ? enveloped(converter, topic, given.value) : null;
  if (datum !== null) return converter.encode(topic, datum);
  return converter.encode(topic, { schema: given.schema, value: given.value });
}

/** What `tail` prints of JSON with schemas is its envelope: written by the same converter it has one, not two. */
function enveloped(converter: Converter, topic: string, value: Value): Datum | null {
  if (!(converter instanceof JsonConverter) || converter.schemaHeader) return null;
  if (!(value instanceof Map) || value.size !== 2 || !value.has('schema') || !value.has('payload')) return null;
  return converter.decode(topic, jsonBytes(value), []);
}

/** A header's text is a text: what it may be taken for is the reader's converter's to say. */
function headerBytes(given: Given | null, encode: (datum: Datum) => Uint8Array | null): Uint8Array | null {
  if (given === null) return null;
  if (given.kind === 'bytes') return given.bytes;
  return encode(
    given.kind === 'text' ? { schema: null, value: given.text } : { schema: given.schema, value: given.value },
  );
}

/** JSON, or the text itself where it is none. */
function fromText(text: string, doubt: (problem: string) => void): Datum['value'] {
  try {
    return new JsonReader(Buffer.from(text)).document(null);
  } catch (error) {
    if (LIKE_JSON.test(text)) doubt(`${problemOf(error)}, so it is stored as a text`);
    return text;
  }
}

function schemaOf(given: Given | null): Schema | null {
  return given?.kind === 'value' ? given.schema : null;
}

function named<T>(part: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new WrongRecord(`${part}: ${problemOf(error)}`);
  }
}
