import { writeJsonBase64 } from '../../../runtime/record/base64.ts';
import type { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import { Decimal } from '../../../runtime/record/decimal.ts';
import { MillraceError } from '../../../runtime/record/error.ts';

/* Plain decimal text (`-123.4500`) in bytes, as a Decimal or the base64 of its unscaled value. */

const ZERO = 0x30;
const MINUS = 0x2d;
const DOT = 0x2e;
/** Digits whose number is a safe integer. */
const SAFE_DIGITS = 15;

const scratch = Buffer.alloc(8);

/** Whether the text is `NaN`, `Infinity` or `-Infinity`. */
export function isSpecial(bytes: Buffer, at: number): boolean {
  const first = bytes[at];
  return first === 0x4e || first === 0x49 || (first === MINUS && bytes[at + 1] === 0x49);
}

/** Digits behind the point. */
export function scaleOf(bytes: Buffer, at: number, length: number): number {
  for (let i = at + length - 1; i >= at; i--) if (bytes[i] === DOT) return at + length - 1 - i;
  return 0;
}

/**
 * Writes the unscaled value in two's complement, base64, as a JSON string. `drop`: zeros at the end
 * that a negative scale leaves out.
 */
export function writeUnscaled(bytes: Buffer, at: number, length: number, drop: number, writer: ByteWriter): void {
  if (length - drop > SAFE_DIGITS + 2) {
    const unscaled = decimalOf(bytes, at, length, drop).toBytes();
    writeJsonBase64(writer, unscaled, 0, unscaled.length);
    return;
  }
  let value = 0;
  const end = at + length - (length > drop ? drop : 0);
  for (let i = at; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte >= ZERO) value = value * 10 + byte - ZERO;
  }
  writeUnscaledNumber(bytes[at] === MINUS ? -value : value, writer);
}

/** As {@link writeUnscaled}, of a safe integer. */
export function writeUnscaledNumber(value: number, writer: ByteWriter): void {
  const high = Math.floor(value / 0x100000000);
  putInt32(high, 0);
  putInt32(value, 4);
  let from = 0;
  const sign = value < 0 ? 0xff : 0;
  while (from < 7 && scratch[from] === sign && ((scratch[from + 1] as number) & 0x80) === (sign & 0x80)) from++;
  writeJsonBase64(writer, scratch, from, 8 - from);
}

function putInt32(value: number, at: number): void {
  scratch[at] = value >> 24;
  scratch[at + 1] = value >> 16;
  scratch[at + 2] = value >> 8;
  scratch[at + 3] = value;
}

export function decimalOf(bytes: Buffer, at: number, length: number, drop: number): Decimal {
  const decimal = Decimal.parse(bytes.toString('latin1', at, at + length));
  return drop === 0 ? decimal : new Decimal(decimal.unscaled / 10n ** BigInt(drop), -drop);
}

export function refuseSpecial(bytes: Buffer, at: number, length: number): never {
  const text = bytes.toString('latin1', at, at + length);
  throw new MillraceError('POSTGRES_DECIMAL_SPECIAL', `numeric ${text} is not a decimal`, {
    kind: 'data',
    key: 'decimal.handling.mode',
    remedy: 'Use decimal.handling.mode=string (or double), which have a form for it.',
  });
}
