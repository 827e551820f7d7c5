import type { ByteWriter } from '../record/byte-writer.ts';

const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', 'latin1');
const URL_ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', 'latin1');
const PAD = 0x3d;

/** Writes bytes in base64 (RFC 4648, padded); `urlSafe`: with `-` and `_`. */
export function base64(bytes: Uint8Array, at: number, length: number, writer: ByteWriter, urlSafe = false): void {
  writer.reserve(Math.ceil(length / 3) * 4);
  const out = writer.bytes;
  const alphabet = urlSafe ? URL_ALPHABET : ALPHABET;
  const whole = at + length - (length % 3);
  let to = writer.length;
  let from = at;
  for (; from < whole; from += 3) {
    const group = ((bytes[from] as number) << 16) | ((bytes[from + 1] as number) << 8) | (bytes[from + 2] as number);
    out[to++] = alphabet[group >> 18] as number;
    out[to++] = alphabet[(group >> 12) & 63] as number;
    out[to++] = alphabet[(group >> 6) & 63] as number;
    out[to++] = alphabet[group & 63] as number;
  }
  const left = at + length - whole;
  if (left > 0) {
    const group = ((bytes[from] as number) << 16) | (left === 2 ? (bytes[from + 1] as number) << 8 : 0);
    out[to++] = alphabet[group >> 18] as number;
    out[to++] = alphabet[(group >> 12) & 63] as number;
    out[to++] = left === 2 ? (alphabet[(group >> 6) & 63] as number) : PAD;
    out[to++] = PAD;
  }
  writer.length = to;
}
