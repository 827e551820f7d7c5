import type { ByteWriter } from './byte-writer.ts';

/*
 * Numbers as Java writes them, which Kafka Connect's JSON has (`Double.toString`, `Float.toString`
 * since JDK 19): the shortest digits that read back as the same number, at least one digit after
 * the point, an exponent (`1.0E10`) outside 10^-3 … 10^7. NaN and infinities become quoted text.
 */

/** A double's text: `100.0`, `1.0E10`, `-0.0`; `NaN`, `Infinity`, `-Infinity`. */
export function doubleText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return Object.is(value, -0) ? '-0.0' : `${value}.0`;
  const size = Math.abs(value);
  // In this range JavaScript writes no exponent either, and doubles have more than two digits.
  if ((size >= 1e-3 && size < 1e7) || !Number.isFinite(value)) return String(value);
  let digits = value.toExponential();
  if (!digits.includes('.')) {
    const longer = value.toExponential(1);
    // Java prefers two digits where both lengths read back: 4.9E-324.
    if (Number(longer) === value) digits = longer;
  }
  return javaForm(value, digits);
}

/** The text of a single-precision number, given as the double of the same value. */
export function floatText(value: number): string {
  if (!Number.isFinite(value) || value === 0) return doubleText(value);
  let digits = '';
  for (let precision = 1; precision <= 8; precision++) {
    digits = value.toExponential(precision);
    if (Math.fround(Number(digits)) === value) break;
  }
  return javaForm(value, digits);
}

/** `digits`: JavaScript's `d.ddde±x` of `value`. */
function javaForm(value: number, digits: string): string {
  const mark = digits.indexOf('e');
  const sign = value < 0 ? '-' : '';
  const mantissa = digits.slice(sign.length, mark).replace('.', '').replace(/0+$/, '') || '0';
  const exponent = Number(digits.slice(mark + 1));
  if (exponent >= 7 || exponent < -3) return `${sign}${mantissa[0]}.${mantissa.slice(1) || '0'}E${exponent}`;
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${mantissa}`;
  const whole = mantissa.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${mantissa.slice(exponent + 1) || '0'}`;
}

/** Writes a double as JSON. */
export function writeJsonDouble(writer: ByteWriter, value: number): void {
  writeNumberText(writer, value, doubleText(value));
}

/** Writes a single-precision number as JSON. */
export function writeJsonFloat(writer: ByteWriter, value: number): void {
  writeNumberText(writer, value, floatText(value));
}

function writeNumberText(writer: ByteWriter, value: number, text: string): void {
  writer.ascii(Number.isFinite(value) ? text : `"${text}"`);
}

/** Writes a safe integer in decimal digits. Makes no object. */
export function writeInteger(writer: ByteWriter, value: number): void {
  writer.reserve(20);
  const { bytes } = writer;
  let to = writer.length;
  let rest = value;
  if (rest < 0) {
    bytes[to++] = 0x2d;
    rest = -rest;
  }
  let digits = 1;
  for (let bound = 10; rest >= bound; bound *= 10) digits++;
  let at = to + digits;
  writer.length = at;
  while (rest > 0x7fff_ffff) {
    const tenth = Math.floor(rest / 10);
    bytes[--at] = 0x30 + (rest - tenth * 10);
    rest = tenth;
  }
  let small = rest | 0;
  do {
    const tenth = (small / 10) | 0;
    bytes[--at] = 0x30 + (small - tenth * 10);
    small = tenth;
  } while (small > 0);
}
