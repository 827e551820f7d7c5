import { writeJsonBase64 } from '../../../runtime/record/base64.ts';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { BOOLEAN, BYTES, STRING } from '../../../runtime/record/schema-builder.ts';
import { bitsOf } from '../../../runtime/record/semantic-types.ts';
import type { Column } from '../catalog/table.ts';
import { madeTextCodec } from './text-codec.ts';
import type { TypeOptions } from './options.ts';

/** binary, varbinary, blob as `binary.handling.mode` shows bytes. `padTo`: binary is cut of its zero bytes in the binlog. */
export function bytesCodec(options: TypeOptions, padTo = 0): CellCodec {
  const placeholder = Buffer.from(options.unavailable, 'utf8');
  const read = (bytes: Buffer, at: number, length: number): Buffer => {
    const made = Buffer.alloc(Math.max(length, padTo));
    bytes.copy(made, 0, at, at + length);
    return made;
  };
  if (options.binary !== 'bytes') {
    const encoding = ({ base64: 'base64', 'base64-url-safe': 'base64url', hex: 'hex' } as const)[options.binary];
    const encode = (bytes: Buffer): string => {
      const text = bytes.toString(encoding);
      return encoding === 'base64url' ? text.padEnd(Math.ceil(text.length / 4) * 4, '=') : text;
    };
    return madeTextCodec(STRING, (bytes, at, length) => encode(read(bytes, at, length)), encode(placeholder));
  }
  return {
    schema: BYTES,
    json: () => (bytes, at, length, writer) => {
      if (length >= padTo) writeJsonBase64(writer, bytes, at, length);
      else writeJsonBase64(writer, read(bytes, at, length), 0, padTo);
    },
    value: read,
    unavailable: placeholder,
  };
}

const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');

function isSet(bytes: Buffer, at: number, length: number): boolean {
  return length > 0 && ((bytes[at + length - 1] as number) & 1) !== 0;
}

/** bit(n): a boolean for one bit, else little-endian bytes. Both formats are big-endian bytes. */
export function bitsCodec({ length: bits }: Column): CellCodec {
  if (bits <= 1) {
    return {
      schema: BOOLEAN,
      json: () => (bytes, at, length, writer) =>
        isSet(bytes, at, length) ? writer.copy(TRUE, 0, 4) : writer.copy(FALSE, 0, 5),
      value: isSet,
    };
  }
  const value = (bytes: Buffer, at: number, length: number): Buffer => {
    const made = Buffer.alloc((bits + 7) >> 3);
    for (let i = 0; i < Math.min(length, made.length); i++) made[i] = bytes[at + length - 1 - i] as number;
    return made;
  };
  return {
    schema: bitsOf(bits),
    json: () => (bytes, at, length, writer) => {
      const made = value(bytes, at, length);
      writeJsonBase64(writer, made, 0, made.length);
    },
    value,
  };
}
