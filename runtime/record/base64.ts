import type { ByteWriter } from './byte-writer.ts';

const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const PAD = 0x3d;
const QUOTE = 0x22;

/** Writes `bytes[at, at + length)` in base64 (RFC 4648 §4, padded), without quotes. Makes no object. */
export function writeBase64(writer: ByteWriter, bytes: Uint8Array, at: number, length: number): void {
  writer.reserve(Math.ceil(length / 3) * 4);
  const target = writer.bytes;
  let to = writer.length;
  const whole = at + length - (length % 3);
  let from = at;
  for (; from < whole; from += 3) {
    const a = bytes[from] as number;
    const b = bytes[from + 1] as number;
    const c = bytes[from + 2] as number;
    target[to++] = ALPHABET[a >> 2] as number;
    target[to++] = ALPHABET[((a & 3) << 4) | (b >> 4)] as number;
    target[to++] = ALPHABET[((b & 15) << 2) | (c >> 6)] as number;
    target[to++] = ALPHABET[c & 63] as number;
  }
  const left = length % 3;
  if (left > 0) {
    const a = bytes[from] as number;
    const b = left === 2 ? (bytes[from + 1] as number) : 0;
    target[to++] = ALPHABET[a >> 2] as number;
    target[to++] = ALPHABET[((a & 3) << 4) | (b >> 4)] as number;
    target[to++] = left === 2 ? (ALPHABET[(b & 15) << 2] as number) : PAD;
    target[to++] = PAD;
  }
  writer.length = to;
}

/** The same as a JSON string. */
export function writeJsonBase64(writer: ByteWriter, bytes: Uint8Array, at: number, length: number): void {
  writer.byte(QUOTE);
  writeBase64(writer, bytes, at, length);
  writer.byte(QUOTE);
}
