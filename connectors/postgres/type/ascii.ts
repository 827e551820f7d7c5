import type { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import { writeInteger } from '../../../runtime/record/json-number.ts';
import { writePadded } from '../../../runtime/record/padded.ts';

/* Digits in and out of bytes without strings. Numbers are safe integers throughout. */

const ZERO = 0x30;
const MINUS = 0x2d;

/** Value of the digits in `bytes[at, end)`; there are at most 15. */
export function parseDigits(bytes: Uint8Array, at: number, end: number): number {
  let value = 0;
  for (let i = at; i < end; i++) value = value * 10 + (bytes[i] as number) - ZERO;
  return value;
}

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= 0x39;
}

/** Value of two digits. */
export function twoDigits(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) * 10 + (bytes[at + 1] as number) - 528;
}

/**
 * Writes `units × 10^width + fraction` in decimal, where the whole may exceed 2^53: `units` is a
 * safe integer, `fraction` has at most `width` (≤ 9) digits and is not negative.
 */
export function writeScaled(units: number, fraction: number, width: number, writer: ByteWriter): void {
  let whole = units;
  let part = fraction;
  if (units < 0) {
    writer.byte(MINUS);
    whole = -units;
    if (part > 0) {
      whole -= 1;
      part = 10 ** width - part;
    }
  }
  if (whole === 0) writeInteger(writer, part);
  else {
    writeInteger(writer, whole);
    writePadded(part, width, writer);
  }
}

/** As {@link writeScaled}, as a value. */
export function scaledBigInt(units: number, fraction: number, width: number): bigint {
  return BigInt(units) * 10n ** BigInt(width) + BigInt(fraction);
}
