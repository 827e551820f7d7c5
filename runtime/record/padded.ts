import type { ByteWriter } from './byte-writer.ts';

const ZERO = 0x30;

/** Writes the last `width` digits (at most 9) of an unsigned integer below 10^9, with leading zeros. */
export function writePadded(value: number, width: number, writer: ByteWriter): void {
  writer.reserve(width);
  const { bytes, length } = writer;
  let rest = value | 0;
  for (let i = length + width - 1; i >= length; i--) {
    const next = (rest / 10) | 0;
    bytes[i] = ZERO + rest - next * 10;
    rest = next;
  }
  writer.length = length + width;
}
