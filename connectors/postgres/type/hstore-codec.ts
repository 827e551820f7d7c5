import { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { writeJsonText } from '../../../runtime/record/json-text.ts';
import { mapOf, OPTIONAL_STRING, STRING } from '../../../runtime/record/schema-builder.ts';
import { jsonOf } from '../../../runtime/record/semantic-types.ts';
import type { CellFormat } from './codec.ts';
import { readInt32 } from './integer-codec.ts';
import type { TypeOptions } from './options.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Takes the pairs of an hstore in order; a null value has length -1. */
type Pair = (bytes: Buffer, key: number, keyLength: number, value: number, valueLength: number) => void;
type TextWriter = (writer: ByteWriter, bytes: Buffer, at: number, length: number) => void;

/** `hstore`: a JSON object's text, or a map (`hstore.handling.mode`). */
export function hstoreCodec(format: CellFormat, options: TypeOptions): CellCodec {
  const read = format === 'text' ? textReader() : readBinary;
  return options.hstore === 'json' ? jsonHstore(read, options) : mapHstore(read, options);
}

type Read = (bytes: Buffer, at: number, length: number, pair: Pair) => void;

function jsonHstore(read: Read, options: TypeOptions): CellCodec {
  const document = new ByteWriter(256);
  const write = objectWriter(read, writeInnerText);
  return {
    schema: jsonOf(),
    json: () => (bytes, at, length, writer) => {
      document.reset();
      write(bytes, at, length, document);
      writeJsonText(writer, document.bytes, 0, document.length);
    },
    value: (bytes, at, length) => {
      document.reset();
      write(bytes, at, length, document);
      return document.bytes.toString('utf8', 0, document.length);
    },
    unavailable: options.unavailable,
  };
}

function mapHstore(read: Read, options: TypeOptions): CellCodec {
  const write = objectWriter(read, writeJsonText);
  return {
    schema: mapOf(STRING, OPTIONAL_STRING),
    json: () => write,
    value: (bytes, at, length) => {
      const map = new Map<string, string | null>();
      read(bytes, at, length, (from, key, keyLength, value, valueLength) => {
        const text = valueLength < 0 ? null : from.toString('utf8', value, value + valueLength);
        map.set(from.toString('utf8', key, key + keyLength), text);
      });
      return map;
    },
    unavailable: new Map([[options.unavailable, options.unavailable]]),
  };
}

function objectWriter(
  read: Read,
  text: TextWriter,
): (bytes: Buffer, at: number, length: number, writer: ByteWriter) => void {
  let first = true;
  let out = new ByteWriter(0);
  const pair: Pair = (bytes, key, keyLength, value, valueLength) => {
    if (!first) out.byte(COMMA);
    first = false;
    text(out, bytes, key, keyLength);
    out.byte(COLON);
    if (valueLength < 0) out.ascii('null');
    else text(out, bytes, value, valueLength);
  };
  return (bytes, at, length, writer) => {
    first = true;
    out = writer;
    writer.byte(0x7b);
    read(bytes, at, length, pair);
    writer.byte(0x7d);
  };
}

/** hstore_send: Int32 count, then for each pair Int32 length, key, Int32 length or -1, value. */
function readBinary(bytes: Buffer, at: number, _length: number, pair: Pair): void {
  const count = readInt32(bytes, at);
  let next = at + 4;
  for (let i = 0; i < count; i++) {
    const keyLength = readInt32(bytes, next);
    const key = next + 4;
    const valueLength = readInt32(bytes, key + keyLength);
    const value = key + keyLength + 4;
    pair(bytes, key, keyLength, value, valueLength);
    next = value + Math.max(valueLength, 0);
  }
}

/** Text is `"key"=>"value", "key"=>NULL`, with `\` before `"` and `\`. */
function textReader(): Read {
  const scratch = new ByteWriter(256);
  /** Unescapes a quoted text from behind its first quote; returns where its last quote is. */
  const unquote = (bytes: Buffer, at: number, end: number): number => {
    let i = at;
    for (; i < end && bytes[i] !== QUOTE; i++) {
      if (bytes[i] === BACKSLASH) i++;
      scratch.byte(bytes[i] as number);
    }
    return i;
  };
  return (bytes, at, length, pair) => {
    const end = at + length;
    let next = at;
    while (next < end) {
      scratch.reset();
      const arrow = unquote(bytes, next + 1, end) + 1;
      const keyLength = scratch.length;
      const isNull = bytes[arrow + 2] !== QUOTE;
      const stop = isNull ? arrow + 6 : unquote(bytes, arrow + 3, end) + 1;
      pair(scratch.bytes, 0, keyLength, keyLength, isNull ? -1 : scratch.length - keyLength);
      next = stop + 2;
    }
  };
}

/** A JSON string that escapes only what it must: the text of a document, not the bytes of a record. */
function writeInnerText(writer: ByteWriter, bytes: Buffer, at: number, length: number): void {
  writer.byte(QUOTE);
  for (let i = at; i < at + length; i++) {
    const byte = bytes[i] as number;
    if (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH) writer.byte(byte);
    else
      writer.ascii(
        JSON.stringify(String.fromCharCode(byte))
          .slice(1, -1)
          .replace(/(?<=u)[0-9a-f]{4}/, upper),
      );
  }
  writer.byte(QUOTE);
}

function upper(text: string): string {
  return text.toUpperCase();
}
