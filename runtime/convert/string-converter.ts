import { MillraceError } from '../record/error.ts';
import type { Datum, RawHeader } from '../record/record.ts';
import { OPTIONAL_STRING } from '../record/schema-builder.ts';
import type { Schema } from '../record/schema.ts';
import type { StructValue, Value } from '../record/value.ts';
import type { Converter } from './converter.ts';
import { choiceOption, type ConverterConfig } from './converter-options.ts';
import { instantText, scalarText } from './java-text.ts';

/** Java's names of the encodings that can be written here, and Node's. */
const ENCODINGS = {
  'UTF-8': 'utf8',
  UTF8: 'utf8',
  'ISO-8859-1': 'latin1',
  ISO8859_1: 'latin1',
  LATIN1: 'latin1',
  'US-ASCII': 'ascii',
  ASCII: 'ascii',
  'UTF-16LE': 'utf16le',
} as const satisfies Record<string, BufferEncoding>;

/** Kafka Connect's StringConverter: any value as Java's `toString` has it; reads text. Option `converter.encoding`, default UTF-8. */
export class StringConverter implements Converter {
  readonly encoding = 'string';
  readonly schemaHeader = false;
  readonly #encoding: (typeof ENCODINGS)[keyof typeof ENCODINGS];

  constructor(config: ConverterConfig) {
    const names = Object.keys(ENCODINGS) as (keyof typeof ENCODINGS)[];
    this.#encoding = ENCODINGS[choiceOption(config, 'converter.encoding', names, 'UTF-8')];
  }

  encode(_topic: string, datum: Datum): Uint8Array | null {
    if (datum.value === null) return null;
    const text = javaText(datum.schema, datum.value);
    const bytes = Buffer.from(text, this.#encoding);
    if (this.#encoding !== 'utf8' && bytes.toString(this.#encoding) !== text) {
      throw new MillraceError('CONVERT_ENCODING', `text that ${this.#encoding} cannot hold`, {
        kind: 'data',
        key: 'converter.encoding',
        remedy: 'Set converter.encoding to UTF-8.',
      });
    }
    return bytes;
  }

  decode(_topic: string, bytes: Uint8Array | null, _headers: readonly RawHeader[]): Datum {
    if (bytes === null) return { schema: OPTIONAL_STRING, value: null };
    const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(this.#encoding);
    return { schema: OPTIONAL_STRING, value };
  }
}

/** `[a, b]`, `{k=v}`, `Struct{a=1,b=2}`: for people; bytes have no text that means anything. */
function javaText(schema: Schema | null, value: Value): string {
  const scalar = instantText(schema, value) ?? scalarText(schema, value);
  if (scalar !== undefined) return scalar;
  if (value === null) return 'null';
  if (value instanceof Uint8Array) {
    throw new MillraceError('CONVERT_TYPE', 'bytes cannot be written by the string converter', {
      kind: 'data',
      remedy: 'Use the bytes or the JSON converter for this topic.',
    });
  }
  if (Array.isArray(value)) {
    return `[${(value as readonly Value[]).map((item) => javaText(schema?.valueSchema ?? null, item)).join(', ')}]`;
  }
  if (value instanceof Map) {
    const pairs = [...(value as ReadonlyMap<Value, Value>)].map(([key, item]) => {
      return `${javaText(schema?.keySchema ?? null, key)}=${javaText(schema?.valueSchema ?? null, item)}`;
    });
    return `{${pairs.join(', ')}}`;
  }
  const made = value as StructValue;
  const names = schema?.fields ?? Object.keys(made).map((name) => ({ name, schema: null }));
  const fields = names
    .filter(({ name }) => (made[name] ?? null) !== null)
    .map(({ name, schema }) => `${name}=${javaText(schema, made[name] ?? null)}`);
  return `Struct{${fields.join(',')}}`;
}
