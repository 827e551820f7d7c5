import type { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { decimalType } from '../../../runtime/record/logical-types.ts';
import { isDigit } from './ascii.ts';
import type { CellFormat } from './codec.ts';
import { writeInt64 } from './integer-codec.ts';
import { decimalCodec, plainCodec, rewritten } from './numeric-codec.ts';
import type { TypeOptions } from './options.ts';

/** Fraction digits of `money` in the locale C, which our sessions read it in. */
const STORED_DIGITS = 2;
const MINUS = 0x2d;
const OPENING = 0x28;

/** `money`: an int64 of cents; text `-$1,234.56` in the locale C. */
export function moneyCodec(format: CellFormat, options: TypeOptions): CellCodec {
  const digits = options.moneyFractionDigits;
  const text = rewritten((bytes, at, length, writer) => {
    if (format === 'text') copyDigits(bytes, at, length, writer);
    else writeInt64(bytes, at, writer);
    placePoint(writer, digits);
  });
  return options.decimal === 'precise'
    ? decimalCodec(text, decimalType(digits), digits, options)
    : plainCodec(text, options);
}

/** Sign and digits of the text: its cents. */
function copyDigits(bytes: Buffer, at: number, length: number, writer: ByteWriter): void {
  let started = false;
  for (let i = at; i < at + length; i++) {
    const byte = bytes[i] as number;
    if (byte === MINUS || byte === OPENING) writer.byte(MINUS);
    else if (isDigit(byte) && (started || byte !== 0x30)) {
      started = true;
      writer.byte(byte);
    }
  }
  if (!started) writer.byte(0x30);
}

/** Turns cents into a decimal of `digits` fraction digits; rounds half up where that is fewer. */
function placePoint(writer: ByteWriter, digits: number): void {
  const text = writer.bytes.toString('latin1', 0, writer.length);
  writer.reset();
  const negative = text.startsWith('-');
  let units = BigInt(negative ? text.slice(1) : text);
  if (digits >= STORED_DIGITS) units *= 10n ** BigInt(digits - STORED_DIGITS);
  else {
    const divisor = 10n ** BigInt(STORED_DIGITS - digits);
    units = (units + divisor / 2n) / divisor;
  }
  if (negative && units > 0n) writer.byte(MINUS);
  const all = units.toString().padStart(digits + 1, '0');
  writer.ascii(all.slice(0, all.length - digits));
  if (digits === 0) return;
  writer.byte(0x2e);
  writer.ascii(all.slice(all.length - digits));
}
