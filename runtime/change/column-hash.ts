import { createHash, getHashes } from 'node:crypto';
import type { CellCodec } from '../record/cell-codec.ts';
import { MillraceError } from '../record/error.ts';
import { writeJsonString } from '../record/json-text.ts';

export interface HashRule {
  /** Name of the Java Cryptography Architecture: `SHA-256`, `MD5`, `SHA3-512`, `SHA-512/256`. */
  readonly algorithm: string;
  readonly salt: string;
  /** 1: over the Java serialisation of the text; 2: over its UTF-8 bytes. */
  readonly version: 1 | 2;
}

/** Shows a text as the hexadecimal hash of salt and text, cut to the column's length. */
export function hashedText(codec: CellCodec, rule: HashRule, length: number | undefined): CellCodec {
  const algorithm = hashName(rule.algorithm);
  const value = (bytes: Buffer, at: number, count: number): string => {
    const text = codec.value(bytes, at, count) as string;
    const data = rule.version === 1 ? javaSerialised(text) : Buffer.from(text, 'utf8');
    const hex = createHash(algorithm).update(rule.salt, 'utf8').update(data).digest('hex');
    return length === undefined ? hex : hex.slice(0, length);
  };
  return {
    schema: codec.schema,
    json: () => (bytes, at, count, writer) => writeJsonString(writer, value(bytes, at, count)),
    value,
    hides: true,
    ...(codec.unavailable === undefined ? {} : { unavailable: codec.unavailable }),
  };
}

function hashName(algorithm: string): string {
  const name = algorithm.toLowerCase().replace(/^sha-/, 'sha').replace('/', '-');
  if (getHashes().some((known) => known.toLowerCase() === name)) return name;
  throw new MillraceError('CHANGE_HASH_UNKNOWN', `there is no hash algorithm ${algorithm}`, {
    kind: 'config',
    key: `column.mask.hash.${algorithm}.with.salt.<salt>`,
    remedy: 'Use SHA-256, SHA-384, SHA-512, SHA3-256 or MD5.',
  });
}

/** `java.io.ObjectOutputStream`: header, TC_STRING or TC_LONGSTRING, length, modified UTF-8. */
function javaSerialised(text: string): Buffer {
  const bytes = modifiedUtf8(text);
  const long = bytes.length > 0xffff;
  const head = Buffer.alloc(long ? 13 : 7);
  head.writeUInt32BE(0xaced0005);
  head[4] = long ? 0x7c : 0x74;
  if (long) head.writeBigUInt64BE(BigInt(bytes.length), 5);
  else head.writeUInt16BE(bytes.length, 5);
  return Buffer.concat([head, bytes]);
}

/** UTF-8 of each UTF-16 unit by itself, NUL in two bytes. */
function modifiedUtf8(text: string): Buffer {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0 && unit < 0x80) bytes.push(unit);
    else if (unit < 0x800) bytes.push(0xc0 | (unit >> 6), 0x80 | (unit & 0x3f));
    else bytes.push(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f));
  }
  return Buffer.from(bytes);
}
