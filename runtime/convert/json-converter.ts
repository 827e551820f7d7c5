import { ByteWriter } from '../record/byte-writer.ts';
import { MillraceError } from '../record/error.ts';
import { JsonReader } from '../record/json-reader.ts';
import type { Datum, RawHeader } from '../record/record.ts';
import type { LayoutNode, RowLayout } from '../record/row-layout.ts';
import { schemaJson } from '../record/schema-json.ts';
import type { Schema } from '../record/schema.ts';
import { writeJson, type ValueJsonOptions } from '../record/value-json.ts';
import type { Converter, RowPlan } from './converter.ts';
import { booleanOption, choiceOption, integerOption, type ConverterConfig } from './converter-options.ts';
import { compileJsonPlan } from './json-plan.ts';
import { SchemaCache } from './schema-cache.ts';

const NO_SCHEMA = Buffer.from('{"schema":null,"payload":');
const NOTHING: Datum = { schema: null, value: null };

/**
 * Kafka Connect's JsonConverter, byte for byte. With `schemas.enable` (its default) a value is
 * `{"schema":…,"payload":…}`, otherwise the payload alone.
 *
 * | option | default | |
 * | --- | --- | --- |
 * | `schemas.enable` | true | the envelope with the schema |
 * | `schemas.cache.size` | 1000 | parsed schemas remembered, when reading |
 * | `decimal.format` | BASE64 | how decimals are written; both are read |
 * | `replace.null.with.default` | true | a null field is its schema's default |
 */
export class JsonConverter implements Converter {
  readonly encoding: Converter['encoding'];
  readonly schemaHeader: boolean;
  readonly #schemasEnable: boolean;
  readonly #options: ValueJsonOptions;
  readonly #cache: SchemaCache;
  /** What stands before the payload, per schema. */
  readonly #envelopes = new WeakMap<Schema, Buffer>();
  readonly #writer = new ByteWriter(4096);

  constructor(config: ConverterConfig, schemasEnableByDefault = true) {
    this.#schemasEnable = booleanOption(config, 'schemas.enable', schemasEnableByDefault);
    this.#options = {
      decimalFormat: choiceOption(config, 'decimal.format', ['BASE64', 'NUMERIC'], 'BASE64'),
      replaceNullWithDefault: booleanOption(config, 'replace.null.with.default', true),
    };
    this.#cache = new SchemaCache(integerOption(config, 'schemas.cache.size', 1000, 0));
    this.encoding = this.#schemasEnable ? 'other' : 'json';
    this.schemaHeader = !this.#schemasEnable;
  }

  encode(_topic: string, datum: Datum): Uint8Array | null {
    const { schema, value } = datum;
    if (schema === null && value === null) return null;
    const writer = this.#writer;
    writer.reset();
    if (this.#schemasEnable) this.#writeEnvelope(writer, schema);
    writeJson(writer, schema, value, this.#options);
    if (this.#schemasEnable) writer.ascii('}');
    return Buffer.from(writer.view());
  }

  decode(_topic: string, bytes: Uint8Array | null, _headers: readonly RawHeader[], schema?: Schema): Datum {
    if (bytes === null || bytes.length === 0) return NOTHING;
    const json = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (this.#schemasEnable) return this.#decodeEnvelope(json);
    return { schema: schema ?? null, value: new JsonReader(json, this.#options).document(schema ?? null) };
  }

  plan(_layout: RowLayout, node: LayoutNode): RowPlan {
    if (!this.#schemasEnable) return compileJsonPlan(node, this.#options);
    return compileJsonPlan(node, this.#options, { before: this.#envelope(node.schema), after: '}' });
  }

  #envelope(schema: Schema | null): string {
    return `{"schema":${schema === null ? 'null' : schemaJson(schema, this.#options)},"payload":`;
  }

  #writeEnvelope(writer: ByteWriter, schema: Schema | null): void {
    let bytes = schema === null ? NO_SCHEMA : this.#envelopes.get(schema);
    if (bytes === undefined) {
      bytes = Buffer.from(this.#envelope(schema));
      if (schema !== null) this.#envelopes.set(schema, bytes);
    }
    writer.copy(bytes, 0, bytes.length);
  }

  #decodeEnvelope(json: Buffer): Datum {
    const reader = new JsonReader(json);
    const parts: { schema?: Buffer; payload?: Buffer } = {};
    const isObject = reader.object((name) => {
      if (name !== 'schema' && name !== 'payload') throw noEnvelope();
      parts[name] = reader.skip();
    });
    if (!isObject || parts.schema === undefined || parts.payload === undefined) throw noEnvelope();
    reader.end();
    const schema = this.#cache.schema(parts.schema);
    return { schema, value: new JsonReader(parts.payload, this.#options).document(schema) };
  }
}

function noEnvelope(): MillraceError {
  return new MillraceError(
    'CONVERT_NO_ENVELOPE',
    'JsonConverter with schemas.enable requires "schema" and "payload" fields and may not contain additional fields',
    {
      kind: 'data',
      key: 'schemas.enable',
      remedy: 'If the data is plain JSON, set schemas.enable=false in the converter configuration.',
    },
  );
}
