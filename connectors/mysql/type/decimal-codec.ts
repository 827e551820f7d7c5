import { writeJsonBase64 } from '../../../runtime/record/base64.ts';
import type { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { Decimal } from '../../../runtime/record/decimal.ts';
import { writeJsonDouble } from '../../../runtime/record/json-number.ts';
import { decimalType } from '../../../runtime/record/logical-types.ts';
import { DOUBLE, STRING } from '../../../runtime/record/schema-builder.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import { DIGIT_BYTES, type Column } from '../catalog/table.ts';
import type { CellFormat, TypeOptions } from './options.ts';

type ReadDecimal = (bytes: Buffer, at: number, length: number) => Decimal;
/** The unscaled value where it is a safe integer, else NaN. */
type ReadSmall = (bytes: Buffer, at: number, length: number) => number;

/** `decimal`: a Connect Decimal, its text, or (with loss) a double. */
export function numericCodec(column: Column, format: CellFormat, options: TypeOptions): CellCodec {
  const { precision, scale } = column;
  const groups = groupsOf(precision, scale);
  const read: ReadDecimal =
    format === 'text'
      ? (bytes, at, length) => Decimal.parse(bytes.toString('latin1', at, at + length))
      : (bytes, at) => unpacked(bytes, at, groups, scale);
  switch (options.decimal) {
    case 'precise': {
      const small: ReadSmall | undefined =
        precision > 15 ? undefined : format === 'text' ? smallText : (bytes, at) => smallPacked(bytes, at, groups);
      return decimalCodec(decimalType(scale, precision), read, small);
    }
    case 'double': {
      const number = (bytes: Buffer, at: number, length: number): number => Number(read(bytes, at, length).toString());
      return {
        schema: DOUBLE,
        json: () => (bytes, at, length, writer) => writeJsonDouble(writer, number(bytes, at, length)),
        value: number,
      };
    }
    case 'string':
      return {
        schema: STRING,
        json: () => (bytes, at, length, writer) => writer.ascii(`"${read(bytes, at, length).toString()}"`),
        value: (bytes, at, length) => read(bytes, at, length).toString(),
        unavailable: options.unavailable,
      };
  }
}

export function decimalCodec(schema: Schema, read: ReadDecimal, small?: ReadSmall): CellCodec {
  return {
    schema,
    json: ({ decimalFormat }) => {
      if (decimalFormat === 'NUMERIC') {
        return (bytes, at, length, writer) => writer.ascii(read(bytes, at, length).toScientific());
      }
      return (bytes, at, length, writer) => {
        const value = small?.(bytes, at, length) ?? Number.NaN;
        if (Number.isNaN(value)) {
          const unscaled = read(bytes, at, length).toBytes();
          writeJsonBase64(writer, unscaled, 0, unscaled.length);
        } else writeSmall(value, writer);
      };
    },
    value: read,
  };
}

const scratch = Buffer.alloc(8);

/** A safe integer in two's complement, big-endian, in the fewest bytes, as base64. */
function writeSmall(value: number, writer: ByteWriter): void {
  let size = 1;
  for (let reach = 128; value >= reach || value < -reach; reach *= 256) size++;
  let rest = value;
  for (let i = size - 1; i >= 0; i--) {
    const next = Math.floor(rest / 256);
    scratch[i] = rest - next * 256;
    rest = next;
  }
  writeJsonBase64(writer, scratch, 0, size);
}

function smallText(bytes: Buffer, at: number, length: number): number {
  let value = 0;
  const negative = bytes[at] === 0x2d;
  for (let i = negative ? at + 1 : at; i < at + length; i++) {
    const byte = bytes[i] as number;
    if (byte !== 0x2e) value = value * 10 + byte - 0x30;
  }
  return negative ? -value : value;
}

/*
 * MySQL's packed decimal: groups of nine digits in four bytes, big-endian; what is left over comes first
 * in the whole and last in the fraction, in as few bytes as it needs. The highest bit is set for numbers
 * that are not negative; all bits of negative ones are turned around.
 */

/** Digits of the groups, in their order. */
function groupsOf(precision: number, scale: number): readonly number[] {
  const whole = precision - scale;
  const groups = whole % 9 > 0 ? [whole % 9] : [];
  for (let i = 0; i < Math.floor(whole / 9); i++) groups.push(9);
  for (let i = 0; i < Math.floor(scale / 9); i++) groups.push(9);
  if (scale % 9 > 0) groups.push(scale % 9);
  return groups;
}

/** What the bytes of a number are turned around with, but for the highest bit. */
function maskAt(bytes: Buffer, at: number): number {
  return (bytes[at] as number) & 0x80 ? 0 : 0xff;
}

/** One group; `top`: 0x80 in the first of a number, else 0. */
function groupAt(bytes: Buffer, at: number, digits: number, mask: number, top: number): number {
  let part = (bytes[at] as number) ^ mask ^ top;
  const end = at + (DIGIT_BYTES[digits] as number);
  for (let i = at + 1; i < end; i++) part = part * 256 + ((bytes[i] as number) ^ mask);
  return part;
}

function smallPacked(bytes: Buffer, at: number, groups: readonly number[]): number {
  const mask = maskAt(bytes, at);
  let value = 0;
  let place = at;
  for (const digits of groups) {
    value = value * 10 ** digits + groupAt(bytes, place, digits, mask, place === at ? 0x80 : 0);
    place += DIGIT_BYTES[digits] as number;
  }
  return mask === 0 ? value : value === 0 ? 0 : -value;
}

export function unpackDecimal(bytes: Buffer, at: number, precision: number, scale: number): Decimal {
  return unpacked(bytes, at, groupsOf(precision, scale), scale);
}

function unpacked(bytes: Buffer, at: number, groups: readonly number[], scale: number): Decimal {
  const mask = maskAt(bytes, at);
  let value = 0n;
  let place = at;
  for (const digits of groups) {
    const part = groupAt(bytes, place, digits, mask, place === at ? 0x80 : 0);
    value = value * 10n ** BigInt(digits) + BigInt(part);
    place += DIGIT_BYTES[digits] as number;
  }
  return new Decimal(mask === 0 ? value : -value, scale);
}
