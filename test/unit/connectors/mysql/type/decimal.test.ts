import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decimalSize, DIGIT_BYTES, type Column } from '../../../../../connectors/mysql/catalog/table.ts';
import { numericCodec, unpackDecimal } from '../../../../../connectors/mysql/type/decimal-codec.ts';
import { DEFAULT_TYPE_OPTIONS } from '../../../../../connectors/mysql/type/options.ts';
import { ByteWriter } from '../../../../../runtime/record/byte-writer.ts';
import { Decimal } from '../../../../../runtime/record/decimal.ts';

/** The server's packing, written down once more the slow way. */
function pack(value: bigint, precision: number, scale: number): Buffer {
  const digits = (value < 0n ? -value : value).toString().padStart(precision, '0');
  const whole = digits.slice(0, precision - scale);
  const fraction = digits.slice(precision - scale);
  const groups: string[] = [];
  const first = whole.length % 9;
  if (first > 0) groups.push(whole.slice(0, first));
  for (let i = first; i < whole.length; i += 9) groups.push(whole.slice(i, i + 9));
  for (let i = 0; i < fraction.length; i += 9) groups.push(fraction.slice(i, i + 9));
  const bytes = Buffer.concat(
    groups.map((group) => {
      const size = DIGIT_BYTES[group.length] ?? 0;
      return Buffer.from(
        Number(group)
          .toString(16)
          .padStart(size * 2, '0'),
        'hex',
      );
    }),
  );
  const turned = value < 0n ? Buffer.from(bytes.map((byte) => byte ^ 0xff)) : bytes;
  turned[0] = (turned[0] ?? 0) ^ 0x80;
  return turned;
}

const shapes = fc
  .integer({ min: 1, max: 65 })
  .chain((precision) =>
    fc.tuple(
      fc.constant(precision),
      fc.integer({ min: 0, max: Math.min(30, precision) }),
      fc.bigInt({ min: -(10n ** BigInt(precision)) + 1n, max: 10n ** BigInt(precision) - 1n }),
    ),
  );

test('packed decimals of every shape are read exactly', () => {
  fc.assert(
    fc.property(shapes, ([precision, scale, value]) => {
      const bytes = pack(value, precision, scale);
      expect(bytes.length).toBe(decimalSize(precision, scale));
      expect(unpackDecimal(bytes, 0, precision, scale)).toEqual(new Decimal(value, scale));
    }),
  );
});

test('binlog and text make the same JSON', () => {
  fc.assert(
    fc.property(shapes, ([precision, scale, value]) => {
      const column = { type: 'decimal', precision, scale, unsigned: false } as Column;
      const json = (format: 'binlog' | 'text', bytes: Buffer): string => {
        const writer = new ByteWriter();
        numericCodec(column, format, DEFAULT_TYPE_OPTIONS).json({ decimalFormat: 'BASE64' })(
          bytes,
          0,
          bytes.length,
          writer,
        );
        return writer.view().toString();
      };
      const text = Buffer.from(new Decimal(value, scale).toString());
      const expected = JSON.stringify(new Decimal(value, scale).toBytes().toString('base64'));
      expect(json('binlog', pack(value, precision, scale))).toBe(expected);
      expect(json('text', text)).toBe(expected);
    }),
  );
});
