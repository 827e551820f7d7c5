import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decimal } from '../../../runtime/record/decimal.ts';

const decimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n }), fc.integer({ min: -20, max: 60 }))
  .map(([unscaled, scale]) => new Decimal(unscaled, scale));

describe('decimals', () => {
  test('are read back from bytes and from both texts', () => {
    fc.assert(
      fc.property(decimal, (value) => {
        expect(Decimal.fromBytes(value.toBytes(), value.scale)).toEqual(value);
        expect(Decimal.parse(value.toScientific())).toEqual(value);
        const plain = Decimal.parse(value.toString());
        expect(plain.rescale(value.scale)).toEqual(value);
      }),
    );
  });

  // BigInteger.toByteArray
  test.each([
    [0n, '00'],
    [1n, '01'],
    [127n, '7f'],
    [128n, '0080'],
    [255n, '00ff'],
    [256n, '0100'],
    [-1n, 'ff'],
    [-128n, '80'],
    [-129n, 'ff7f'],
    [-256n, 'ff00'],
    [32767n, '7fff'],
    [-32768n, '8000'],
    [12345n, '3039'],
  ])('%d in the fewest bytes', (unscaled, hex) => {
    expect(new Decimal(unscaled, 0).toBytes().toString('hex')).toBe(hex);
  });

  // BigDecimal.toString
  test.each([
    ['123', '123'],
    ['-1.23', '-1.23'],
    ['0.00', '0.00'],
    ['1E3', '1E+3'],
    ['1.50E1', '15.0'],
    ['0.0000001', '1E-7'],
    ['0.000001', '0.000001'],
    ['-12E-9', '-1.2E-8'],
    ['0E5', '0E+5'],
    ['+.5', '0.5'],
  ])('%s is %s for Java', (text, expected) => {
    expect(Decimal.parse(text).toScientific()).toBe(expected);
  });

  test.each(['', '-', '.', '1e', 'NaN', '1,5', '0x1', '1.2.3', '1e999999999', '1e-200001'])('%j is none', (text) => {
    expect(() => Decimal.parse(text)).toThrow(expect.objectContaining({ code: 'RECORD_DECIMAL', kind: 'data' }));
  });

  test('rescale refuses to lose digits', () => {
    expect(Decimal.parse('1.50').rescale(1)).toEqual(new Decimal(15n, 1));
    expect(Decimal.parse('1.55').rescale(1)).toBeNull();
  });
});
