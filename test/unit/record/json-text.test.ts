import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeBase64 } from '../../../runtime/record/base64.ts';
import { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import { doubleText, floatText, writeInteger } from '../../../runtime/record/json-number.ts';
import { writeJsonString, writeJsonText } from '../../../runtime/record/json-text.ts';

function written(write: (writer: ByteWriter) => void): string {
  const writer = new ByteWriter(1);
  write(writer);
  return writer.view().toString('utf8');
}

const ofBytes = (text: string): string => {
  const bytes = Buffer.from(`<<${text}>>`);
  return written((writer) => writeJsonText(writer, bytes, 2, bytes.length - 4));
};

describe('JSON strings', () => {
  test('from bytes and from strings are the same, and read back', () => {
    const unit = fc.oneof(
      fc.constantFrom('"', '\\', '\n', '\u0000', '\u001f', 'ü', '€', '🚚', 'a'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    );
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 80 }), (units) => {
        const text = units.join('').toWellFormed();
        const fromBytes = ofBytes(text);
        expect(written((writer) => writeJsonString(writer, text))).toBe(fromBytes);
        expect(JSON.parse(fromBytes)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['plain text', '"plain text"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['\b\t\n\f\r', '"\\b\\t\\n\\f\\r"'],
    ['\u0001\u001f\u007f', '"\\u0001\\u001F\u007f"'],
    ['ü€\u2028', '"ü€\u2028"'],
    // Jackson writes what is outside the BMP as two escapes.
    ['🚚', '"\\uD83D\\uDE9A"'],
  ])('%j', (text, expected) => {
    expect(ofBytes(text)).toBe(expected);
  });

  test('a character cut in two leaves valid JSON', () => {
    const bytes = Buffer.from('🚚').subarray(0, 3);
    expect(JSON.parse(written((writer) => writeJsonText(writer, bytes, 0, 3)))).toBe('\ufffd');
  });
});

describe('numbers', () => {
  // Java 21: Double.toString.
  test.each([
    [0, '0.0'],
    [-0, '-0.0'],
    [1, '1.0'],
    [-12.5, '-12.5'],
    [100, '100.0'],
    [9999999, '9999999.0'],
    [1e7, '1.0E7'],
    [12345678.9, '1.23456789E7'],
    [1e21, '1.0E21'],
    [0.001, '0.001'],
    [0.00099, '9.9E-4'],
    [1e-10, '1.0E-10'],
    [5e-324, '4.9E-324'],
    [1.7976931348623157e308, '1.7976931348623157E308'],
    [2e23, '2.0E23'],
    [3.14, '3.14'],
    [2 ** 53, '9.007199254740992E15'],
    [Infinity, 'Infinity'],
    [-Infinity, '-Infinity'],
    [Number.NaN, 'NaN'],
  ])('the double %d', (value, expected) => {
    expect(doubleText(value)).toBe(expected);
  });

  // Java 21: Float.toString.
  test.each([
    [0.1, '0.1'],
    [1, '1.0'],
    [1e10, '1.0E10'],
    [16777216, '1.6777216E7'],
    [1.4e-45, '1.4E-45'],
    [3.4028234663852886e38, '3.4028235E38'],
    [-2.25, '-2.25'],
    [0.001, '0.001'],
    [35.169706, '35.169704'],
  ])('the float %d', (value, expected) => {
    expect(floatText(Math.fround(value))).toBe(expected);
  });

  test('read back as the same number', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), fc.float({ noNaN: true }), (double, float) => {
        expect(Number(doubleText(double))).toBe(double);
        expect(Math.fround(Number(floatText(float)))).toBe(float);
      }),
      { numRuns: 500 },
    );
  });

  test('integers are written in digits', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        expect(written((to) => writeInteger(to, value))).toBe(String(value));
      }),
    );
  });
});

test('base64 is that of Node', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const padded = Buffer.concat([Buffer.from('x'), bytes, Buffer.from('y')]);
      expect(written((writer) => writeBase64(writer, padded, 1, bytes.length))).toBe(
        Buffer.from(bytes).toString('base64'),
      );
    }),
  );
});
