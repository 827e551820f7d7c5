import { writeBase64, writeJsonBase64 } from '../../../runtime/record/base64.ts';
import type { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { BYTES, STRING } from '../../../runtime/record/schema-builder.ts';
import type { TypeOptions } from './options.ts';

const QUOTE = 0x22;
const HEX = Buffer.from('0123456789abcdef');

/** Where a cell's bytes, or its text, lie: in place, or decoded into bytes of their own until the next cell. */
export interface RawBytes {
  bytes: Buffer;
  at: number;
  length: number;
}

export type ToRawBytes = (bytes: Buffer, at: number, length: number) => RawBytes;

/** Bytes as `binary.handling.mode` shows them. */
export function bytesCodec(raw: ToRawBytes, options: TypeOptions): CellCodec {
  const placeholder = Buffer.from(options.unavailable, 'utf8');
  if (options.binary === 'bytes') {
    return {
      schema: BYTES,
      json: () => (bytes, at, length, writer) => {
        const found = raw(bytes, at, length);
        writeJsonBase64(writer, found.bytes, found.at, found.length);
      },
      value: (bytes, at, length) => {
        const found = raw(bytes, at, length);
        return Buffer.from(found.bytes.subarray(found.at, found.at + found.length));
      },
      unavailable: placeholder,
    };
  }
  const encoding = ({ base64: 'base64', 'base64-url-safe': 'base64url', hex: 'hex' } as const)[options.binary];
  const encode = (bytes: Buffer): string => {
    const text = bytes.toString(encoding);
    return encoding === 'base64url' ? text.padEnd(Math.ceil(text.length / 4) * 4, '=') : text;
  };
  return {
    schema: STRING,
    json: () => (bytes, at, length, writer) => {
      const found = raw(bytes, at, length);
      writer.byte(QUOTE);
      if (encoding === 'hex') writeHex(writer, found.bytes, found.at, found.length);
      else {
        const from = writer.length;
        writeBase64(writer, found.bytes, found.at, found.length);
        if (encoding === 'base64url') makeUrlSafe(writer, from);
      }
      writer.byte(QUOTE);
    },
    value: (bytes, at, length) => {
      const found = raw(bytes, at, length);
      return encode(found.bytes.subarray(found.at, found.at + found.length));
    },
    unavailable: encode(placeholder),
  };
}

/** The cell is the bytes. */
export function rawInPlace(): ToRawBytes {
  const found: RawBytes = { bytes: Buffer.alloc(0), at: 0, length: 0 };
  return (bytes, at, length) => {
    found.bytes = bytes;
    found.at = at;
    found.length = length;
    return found;
  };
}

/** The cell is `\x` and hexadecimal digits (`bytea_output = hex`). */
export function rawFromHex(): ToRawBytes {
  const found: RawBytes = { bytes: Buffer.allocUnsafeSlow(256), at: 0, length: 0 };
  return (bytes, at, length) => {
    const count = (length - 2) >> 1;
    if (found.bytes.length < count) found.bytes = Buffer.allocUnsafeSlow(Math.max(count, found.bytes.length * 2));
    const { bytes: out } = found;
    for (let i = 0, from = at + 2; i < count; i++, from += 2) {
      out[i] = (nibble(bytes[from] as number) << 4) | nibble(bytes[from + 1] as number);
    }
    found.length = count;
    return found;
  };
}

function nibble(letter: number): number {
  return letter <= 0x39 ? letter - 0x30 : (letter | 0x20) - 0x57;
}

function writeHex(writer: ByteWriter, bytes: Buffer, at: number, length: number): void {
  writer.reserve(length * 2);
  const { bytes: out } = writer;
  let to = writer.length;
  for (let i = at; i < at + length; i++) {
    const byte = bytes[i] as number;
    out[to++] = HEX[byte >> 4] as number;
    out[to++] = HEX[byte & 15] as number;
  }
  writer.length = to;
}

function makeUrlSafe(writer: ByteWriter, from: number): void {
  const { bytes, length } = writer;
  for (let i = from; i < length; i++) {
    if (bytes[i] === 0x2b) bytes[i] = 0x2d;
    else if (bytes[i] === 0x2f) bytes[i] = 0x5f;
  }
}
