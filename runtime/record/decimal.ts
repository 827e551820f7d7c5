import { MillraceError } from './error.ts';

/** More than any database's decimals need (Postgres: 131072 digits); beyond it a short text could take gigabytes. */
const MAX_SCALE = 200_000;
const DECIMAL_TEXT = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,9}))?$/;

/** An exact decimal: `unscaled × 10^-scale`. Sources keep the scale they were given. */
export class Decimal {
  readonly unscaled: bigint;
  readonly scale: number;

  constructor(unscaled: bigint, scale: number) {
    this.unscaled = unscaled;
    this.scale = scale;
  }

  /**
   * Reads `-12.3400`, `.5`, `1E-7`; the scale is that of the text, as Java's `BigDecimal` has it
   * (`1.50E1` has scale 1). Throws `RECORD_DECIMAL`, a `data` error, for anything else.
   */
  static parse(text: string): Decimal {
    const parts = DECIMAL_TEXT.exec(text);
    const digits = parts === null ? '' : `${parts[2] ?? ''}${parts[3] ?? ''}`;
    if (parts === null || digits === '') {
      throw new MillraceError('RECORD_DECIMAL', `not a decimal: ${JSON.stringify(text.slice(0, 60))}`, {
        kind: 'data',
      });
    }
    const scale = (parts[3] ?? '').length - Number(parts[4] ?? 0);
    if (Math.abs(scale) > MAX_SCALE) {
      throw new MillraceError('RECORD_DECIMAL', `a decimal of scale ${scale}: beyond ${MAX_SCALE}`, { kind: 'data' });
    }
    const unscaled = BigInt(digits);
    return new Decimal(parts[1] === '-' ? -unscaled : unscaled, scale);
  }

  /** From the form of Connect's logical type Decimal: the unscaled value in two's complement, big-endian. */
  static fromBytes(bytes: Uint8Array, scale: number): Decimal {
    if (bytes.length === 0) return new Decimal(0n, scale);
    const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
    return new Decimal(BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`)), scale);
  }

  /** The unscaled value in two's complement, big-endian, in the fewest bytes (Java's `BigInteger.toByteArray`). */
  toBytes(): Buffer {
    const { unscaled } = this;
    const magnitude = unscaled < 0n ? ~unscaled : unscaled;
    const bits = magnitude === 0n ? 0 : magnitude.toString(16).length * 4;
    let size = (bits >> 3) + 1;
    if (size > 1 && BigInt.asIntN((size - 1) * 8, unscaled) === unscaled) size--;
    const hex = BigInt.asUintN(size * 8, unscaled).toString(16);
    return Buffer.from(hex.padStart(size * 2, '0'), 'hex');
  }

  /** The same value with another scale; null where digits would be lost. */
  rescale(scale: number): Decimal | null {
    if (scale === this.scale) return this;
    if (scale > this.scale) return new Decimal(this.unscaled * 10n ** BigInt(scale - this.scale), scale);
    const divisor = 10n ** BigInt(this.scale - scale);
    return this.unscaled % divisor === 0n ? new Decimal(this.unscaled / divisor, scale) : null;
  }

  /** Plain notation without an exponent, with all digits of the scale: `-12.3400`. */
  toString(): string {
    if (this.scale <= 0) return (this.unscaled * 10n ** BigInt(-this.scale)).toString();
    const negative = this.unscaled < 0n;
    const digits = (negative ? -this.unscaled : this.unscaled).toString().padStart(this.scale + 1, '0');
    const point = digits.length - this.scale;
    return `${negative ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
  }

  /**
   * As Java's `BigDecimal.toString`, which JSON numbers of Connect have: plain, but with an exponent
   * for a negative scale or a value below 10^-6 (`1E+3`, `1.2E-7`).
   */
  toScientific(): string {
    const { unscaled, scale } = this;
    const digits = (unscaled < 0n ? -unscaled : unscaled).toString();
    const exponent = digits.length - 1 - scale;
    if (scale >= 0 && exponent >= -6) return this.toString();
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${unscaled < 0n ? '-' : ''}${digits[0]}${fraction}E${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
  }
}
