import { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import type { SinkRecord } from '../../../runtime/connector/sink.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { writeJsonString } from '../../../runtime/record/json-text.ts';
import type { Datum } from '../../../runtime/record/record.ts';
import { writeJson, type ValueJsonOptions } from '../../../runtime/record/value-json.ts';
import { placeOf } from '../record-errors.ts';
import type { Compression, Emit, FileEncoder, FileFormat } from './file-encoder.ts';
import { writeHeaders } from './header-json.ts';

/** What one line holds. */
type LineContent = 'value' | 'envelope' | 'key' | 'headers';

export interface JsonLinesOptions {
  readonly content: LineContent;
  /** How decimals are written where JSON is made from values. */
  readonly decimals: ValueJsonOptions['decimalFormat'];
  readonly compression: Compression;
}

const FIRST_BYTES = 16_384;
const CHUNK_BYTES = 262_144;
const NEWLINE = 0x0a;
const SPACE = 0x20;
const SUFFIX = { none: '', gzip: '.gz', zstd: '.zst' } as const;

/** JSON Lines: one document a line, in UTF-8. `.json`, `.json.gz`, `.json.zst` */
export function jsonLines(options: JsonLinesOptions): FileFormat {
  return {
    extension: `.json${SUFFIX[options.compression.type]}`,
    compression: options.compression,
    encoder: (emit) => new JsonLinesEncoder(options, emit),
  };
}

class JsonLinesEncoder implements FileEncoder {
  readonly #options: JsonLinesOptions;
  readonly #emit: Emit;
  #writer = new ByteWriter(FIRST_BYTES);

  constructor(options: JsonLinesOptions, emit: Emit) {
    this.#options = options;
    this.#emit = emit;
  }

  get bufferedBytes(): number {
    return this.#writer.length;
  }

  fits(): boolean {
    return true;
  }

  append(record: SinkRecord): void {
    const start = this.#writer.length;
    try {
      this.#line(record);
    } catch (error) {
      this.#writer.length = start;
      throw error;
    }
    this.#writer.byte(NEWLINE);
    if (this.#writer.length >= CHUNK_BYTES) this.#flush();
  }

  finish(): void {
    if (this.#writer.length > 0) this.#flush();
  }

  #flush(): void {
    this.#emit(this.#writer.view());
    this.#writer = new ByteWriter(CHUNK_BYTES + FIRST_BYTES);
  }

  #line(record: SinkRecord): void {
    switch (this.#options.content) {
      case 'value':
        this.#value(record);
        return;
      case 'key':
        this.#key(record);
        return;
      case 'headers':
        writeHeaders(this.#writer, record.headers);
        return;
      case 'envelope':
        this.#envelope(record);
    }
  }

  #envelope(record: SinkRecord): void {
    const writer = this.#writer;
    writer.ascii('{"topic":');
    writeJsonString(writer, record.topic);
    writer.ascii(`,"partition":${record.partition},"offset":${record.offset},"timestamp":${record.timestampMs},"key":`);
    this.#key(record);
    writer.ascii(',"value":');
    this.#value(record);
    writer.ascii(',"headers":');
    writeHeaders(writer, record.headers);
    writer.ascii('}');
  }

  #key(record: SinkRecord): void {
    const { rawKey } = record;
    if (rawKey === null) this.#writer.ascii('null');
    else if (record.keyEncoding === 'json') this.#document(rawKey);
    else this.#json(record.key());
  }

  #value(record: SinkRecord): void {
    const { rawValue } = record;
    if (record.tombstone || rawValue === null) this.#writer.ascii('null');
    else if (record.encoding === 'json') this.#document(rawValue);
    else this.#json(record.value());
  }

  /** A null stays null where the schema has a default: the archive holds what the record says (I6). */
  #json({ schema, value }: Datum): void {
    const options = { decimalFormat: this.#options.decimals, replaceNullWithDefault: false };
    writeJson(this.#writer, schema, value, options);
  }

  /** A JSON document in the hub is copied as it is; a line break between its parts becomes a space. */
  #document(bytes: Uint8Array): void {
    const start = this.#writer.length;
    this.#writer.copy(bytes, 0, bytes.length);
    if (bytes.includes(NEWLINE)) unbreak(this.#writer, start);
  }
}

/** Valid JSON has no raw line break within a string, so each is white space. */
function unbreak(writer: ByteWriter, start: number): void {
  const { bytes, length } = writer;
  for (let at = bytes.indexOf(NEWLINE, start); at >= 0 && at < length; at = bytes.indexOf(NEWLINE, at + 1)) {
    bytes[at] = SPACE;
  }
}

/** Values as bytes, a separator after each. */
export function byteArrays(options: {
  readonly extension: string;
  readonly separator: Uint8Array;
  readonly compression: Compression;
}): FileFormat {
  return {
    extension: `${options.extension}${SUFFIX[options.compression.type]}`,
    compression: options.compression,
    encoder: (emit) => new ByteArrayEncoder(options.separator, emit),
  };
}

class ByteArrayEncoder implements FileEncoder {
  readonly #separator: Uint8Array;
  readonly #emit: Emit;
  #writer = new ByteWriter(FIRST_BYTES);

  constructor(separator: Uint8Array, emit: Emit) {
    this.#separator = separator;
    this.#emit = emit;
  }

  get bufferedBytes(): number {
    return this.#writer.length;
  }

  fits(): boolean {
    return true;
  }

  append(record: SinkRecord): void {
    const bytes = valueBytes(record);
    this.#writer.copy(bytes, 0, bytes.length);
    this.#writer.copy(this.#separator, 0, this.#separator.length);
    if (this.#writer.length >= CHUNK_BYTES) this.finish();
  }

  finish(): void {
    if (this.#writer.length === 0) return;
    this.#emit(this.#writer.view());
    this.#writer = new ByteWriter(FIRST_BYTES);
  }
}

function valueBytes(record: SinkRecord): Uint8Array {
  if (record.tombstone) return new Uint8Array(0);
  if (record.encoding === 'bytes' && record.rawValue !== null) return record.rawValue;
  const { value } = record.value();
  if (value instanceof Uint8Array) return value;
  throw new MillraceError('S3_VALUE_NOT_BYTES', `${placeOf(record)}: the value is not bytes`, {
    kind: 'data',
    key: 'value.converter',
    remedy: 'Set value.converter=org.apache.kafka.connect.converters.ByteArrayConverter, or another format.class.',
  });
}
