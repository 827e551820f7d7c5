import type { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import { writePadded } from '../../../runtime/record/padded.ts';

/*
 * Binary numeric (numeric_send): Int16 count, Int16 weight, Int16 sign, Int16 scale, then `count`
 * groups of four decimal digits; the first is worth 10000^weight.
 */
const NEGATIVE = 0x4000;
const NAN = 0xc000;
const INFINITY = 0xd000;
const MINUS_INFINITY = 0xf000;

/** Appends the text that the server shows for it. */
export function writeNumericText(bytes: Buffer, at: number, writer: ByteWriter): void {
  const count = readUint16(bytes, at);
  const weight = (readUint16(bytes, at + 2) << 16) >> 16;
  const sign = readUint16(bytes, at + 4);
  if (sign === NAN) writer.ascii('NaN');
  else if (sign === INFINITY) writer.ascii('Infinity');
  else if (sign === MINUS_INFINITY) writer.ascii('-Infinity');
  else {
    if (sign === NEGATIVE) writer.byte(0x2d);
    writeWhole(bytes, at + 8, count, weight, writer);
    const scale = readUint16(bytes, at + 6);
    if (scale > 0) writeFraction(bytes, at + 8, count, weight, scale, writer);
  }
}

/** Groups of four digits whose number is surely a safe integer. */
const SAFE_GROUPS = 3;

/** The unscaled value as a safe integer; NaN where it is none, or special, or of another scale. */
export function smallUnscaled(bytes: Buffer, at: number, scale: number): number {
  const sign = readUint16(bytes, at + 4);
  if (readUint16(bytes, at + 6) !== scale || (sign !== 0 && sign !== NEGATIVE)) return Number.NaN;
  const count = readUint16(bytes, at);
  const weight = (readUint16(bytes, at + 2) << 16) >> 16;
  const fractionGroups = (scale + 3) >> 2;
  const groups = weight + 1 + fractionGroups;
  if (weight < -1 || groups > SAFE_GROUPS) return count === 0 ? 0 : Number.NaN;
  let value = 0;
  for (let i = 0; i < groups; i++) value = value * 10_000 + (i < count ? readUint16(bytes, at + 8 + i * 2) : 0);
  for (let extra = fractionGroups * 4 - scale; extra > 0; extra--) value /= 10;
  return sign === NEGATIVE ? -value : value;
}

function writeWhole(bytes: Buffer, groups: number, count: number, weight: number, writer: ByteWriter): void {
  if (weight < 0) {
    writer.byte(0x30);
    return;
  }
  const first = count > 0 ? readUint16(bytes, groups) : 0;
  writePadded(first, first >= 1000 ? 4 : first >= 100 ? 3 : first >= 10 ? 2 : 1, writer);
  for (let i = 1; i <= weight; i++) writePadded(i < count ? readUint16(bytes, groups + i * 2) : 0, 4, writer);
}

function writeFraction(
  bytes: Buffer,
  groups: number,
  count: number,
  weight: number,
  scale: number,
  writer: ByteWriter,
): void {
  writer.byte(0x2e);
  let left = scale;
  for (let i = weight + 1; left > 0; i++) {
    const group = i >= 0 && i < count ? readUint16(bytes, groups + i * 2) : 0;
    if (left >= 4) writePadded(group, 4, writer);
    else writePadded(Math.floor(group / 10 ** (4 - left)), left, writer);
    left -= 4;
  }
}

function readUint16(bytes: Buffer, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
