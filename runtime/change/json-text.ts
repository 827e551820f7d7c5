import type { ByteWriter } from '../record/byte-writer.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const HEX = Buffer.from('0123456789ABCDEF', 'latin1');

/** Per byte: 0 as it is, 1 as `\u00XX`, otherwise the letter behind the backslash (RFC 8259, Jackson's choice of forms). */
const ESCAPE = escapes();

function escapes(): Uint8Array {
  const table = new Uint8Array(256);
  table.fill(1, 0, 0x20);
  table[0x08] = 0x62;
  table[0x09] = 0x74;
  table[0x0a] = 0x6e;
  table[0x0c] = 0x66;
  table[0x0d] = 0x72;
  table[QUOTE] = QUOTE;
  table[BACKSLASH] = BACKSLASH;
  return table;
}

/** Writes UTF-8 bytes as a JSON string. */
export function jsonText(bytes: Uint8Array, at: number, length: number, writer: ByteWriter): void {
  writer.reserve(length * 6 + 2);
  const out = writer.bytes;
  let to = writer.length;
  out[to++] = QUOTE;
  writer.length = jsonTextInside(bytes, at, at + length, out, to);
  writer.byte(QUOTE);
}

/** Escapes `bytes[from, end)` into `out` at `to`, which has room for six bytes each; returns the end. */
export function jsonTextInside(bytes: Uint8Array, from: number, end: number, out: Uint8Array, to: number): number {
  for (let i = from; i < end; i++) {
    const byte = bytes[i] as number;
    const escape = ESCAPE[byte] as number;
    if (escape === 0) {
      out[to++] = byte;
      continue;
    }
    out[to++] = BACKSLASH;
    if (escape !== 1) {
      out[to++] = escape;
      continue;
    }
    out[to++] = 0x75;
    out[to++] = 0x30;
    out[to++] = 0x30;
    out[to++] = HEX[byte >> 4] as number;
    out[to++] = HEX[byte & 15] as number;
  }
  return to;
}
