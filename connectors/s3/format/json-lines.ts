import type { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import type { SinkRecord } from '../../../runtime/connector/sink.ts';
import { writeJsonString } from '../../../runtime/record/json-text.ts';
import type { Datum } from '../../../runtime/record/record.ts';
import { writeJson, type ValueJsonOptions } from '../../../runtime/record/value-json.ts';
import { ChunkEncoder } from './chunk-encoder.ts';
import { compressedSuffix } from './compress.ts';
import type { Compression, FileFormat } from './file-encoder.ts';
import { writeHeaders } from './header-json.ts';

/** What one line holds. */
type LineContent = 'value' | 'envelope' | 'key' | 'headers';

export interface JsonLinesOptions {
  readonly content: LineContent;
  /** How decimals are written where JSON is made from values. */
  readonly decimals: ValueJsonOptions['decimalFormat'];
  readonly compression: Compression;
}

const NEWLINE = 0x0a;
const SPACE = 0x20;

/** JSON Lines: one document a line, in UTF-8. `.json`, `.json.gz`, `.json.zst` */
export function jsonLines(options: JsonLinesOptions): FileFormat {
  const line = new LineWriter(options);
  return {
    extension: `.json${compressedSuffix(options.compression)}`,
    compression: options.compression,
    encoder: (emit) => new ChunkEncoder((record, writer) => line.write(record, writer), emit),
  };
}

/** Writes a record as a line. */
class LineWriter {
  readonly #options: JsonLinesOptions;

  constructor(options: JsonLinesOptions) {
    this.#options = options;
  }

  write(record: SinkRecord, writer: ByteWriter): void {
    this.#content(record, writer);
    writer.byte(NEWLINE);
  }

  #content(record: SinkRecord, writer: ByteWriter): void {
    switch (this.#options.content) {
      case 'value':
        this.#value(record, writer);
        return;
      case 'key':
        this.#key(record, writer);
        return;
      case 'headers':
        writeHeaders(writer, record.headers);
        return;
      case 'envelope':
        this.#envelope(record, writer);
    }
  }

  #envelope(record: SinkRecord, writer: ByteWriter): void {
    writer.ascii('{"topic":');
    writeJsonString(writer, record.topic);
    writer.ascii(`,"partition":${record.partition},"offset":${record.offset},"timestamp":${record.timestampMs},"key":`);
    this.#key(record, writer);
    writer.ascii(',"value":');
    this.#value(record, writer);
    writer.ascii(',"headers":');
    writeHeaders(writer, record.headers);
    writer.ascii('}');
  }

  #key(record: SinkRecord, writer: ByteWriter): void {
    const { rawKey } = record;
    if (rawKey === null) writer.ascii('null');
    else if (record.keyEncoding === 'json') document(rawKey, writer);
    else this.#json(record.key(), writer);
  }

  #value(record: SinkRecord, writer: ByteWriter): void {
    const { rawValue } = record;
    if (record.tombstone || rawValue === null) writer.ascii('null');
    else if (record.encoding === 'json') document(rawValue, writer);
    else this.#json(record.value(), writer);
  }

  /** A null stays null where the schema has a default: the archive holds what the record says (I6). */
  #json({ schema, value }: Datum, writer: ByteWriter): void {
    const options = { decimalFormat: this.#options.decimals, replaceNullWithDefault: false };
    writeJson(writer, schema, value, options);
  }
}

/** A JSON document in the hub is copied as it is; a line break between its parts becomes a space. */
function document(bytes: Uint8Array, writer: ByteWriter): void {
  const start = writer.length;
  writer.copy(bytes, 0, bytes.length);
  if (bytes.includes(NEWLINE)) unbreak(writer, start);
}

/** Valid JSON has no raw line break within a string, so each is white space. */
function unbreak(writer: ByteWriter, start: number): void {
  const { bytes, length } = writer;
  for (let at = bytes.indexOf(NEWLINE, start); at >= 0 && at < length; at = bytes.indexOf(NEWLINE, at + 1)) {
    bytes[at] = SPACE;
  }
}
