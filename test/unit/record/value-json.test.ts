import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import { Decimal } from '../../../runtime/record/decimal.ts';
import { JsonReader } from '../../../runtime/record/json-reader.ts';
import { decimalType } from '../../../runtime/record/logical-types.ts';
import * as build from '../../../runtime/record/schema-builder.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import { writeJson, type ValueJsonOptions } from '../../../runtime/record/value-json.ts';
import { struct, type Value } from '../../../runtime/record/value.ts';
import { typedValue } from './arbitrary-values.ts';

const OPTIONS: ValueJsonOptions = { decimalFormat: 'BASE64', replaceNullWithDefault: true };

function json(schema: Schema | null, value: Value, options = OPTIONS): string {
  const writer = new ByteWriter(8);
  writeJson(writer, schema, value, options);
  return writer.view().toString('utf8');
}

function numeric(unscaled: bigint, scale: number): string {
  return json(decimalType(scale), new Decimal(unscaled, scale), { ...OPTIONS, decimalFormat: 'NUMERIC' });
}

describe('JSON of values', () => {
  test('any value of any schema is read back as it was', () => {
    fc.assert(
      fc.property(
        typedValue,
        fc.constantFrom('BASE64' as const, 'NUMERIC' as const),
        ({ schema, value }, decimalFormat) => {
          const text = json(schema, value, { ...OPTIONS, decimalFormat });
          JSON.parse(text);
          expect(new JsonReader(Buffer.from(text)).document(schema)).toEqual(value);
        },
      ),
      { numRuns: 300 },
    );
  });

  test.each<[string, Schema | null, Value, string]>([
    ['a whole double', build.DOUBLE, 100, '100.0'],
    ['a large double', build.DOUBLE, 1e10, '1.0E10'],
    ['a float', build.FLOAT, Math.fround(0.1), '0.1'],
    ['not a number', build.DOUBLE, Number.NaN, '"NaN"'],
    ['bytes', build.BYTES, Buffer.from('transactional'), '"dHJhbnNhY3Rpb25hbA=="'],
    ['a decimal', decimalType(2), new Decimal(-12345n, 2), '"z8c="'],
    ['a map with keys that are no strings', build.mapOf(build.INT32, build.STRING), new Map([[1, 'a']]), '[[1,"a"]]'],
    ['a number without schema', null, 5, '5'],
    ['a fraction without schema', null, 0.5, '0.5'],
    ['a large integer without schema', null, 2n ** 70n, '1180591620717411303424'],
    [
      'a Map without schema, in its order',
      null,
      new Map<Value, Value>([
        ['b', 1],
        ['1', null],
      ]),
      '{"b":1,"1":null}',
    ],
  ])('%s', (_, schema, value, expected) => {
    expect(json(schema, value)).toBe(expected);
  });

  test('a numeric decimal keeps its digits, as Java writes them', () => {
    expect(numeric(12340n, 3)).toBe('12.340');
    expect(numeric(1n, 9)).toBe('1E-9');
    expect(numeric(-12n, -3)).toBe('-1.2E+4');
  });

  test('null is the default where there is one, unless that is switched off', () => {
    const schema = build.optional(build.withDefault(build.INT32, 7));
    expect(json(schema, null)).toBe('7');
    expect(json(schema, null, { ...OPTIONS, replaceNullWithDefault: false })).toBe('null');
  });

  test('what does not fit its schema is a data error that names the field, and shows no contents', () => {
    const schema = build.structOf([build.field('a', build.arrayOf(build.structOf([build.field('b', build.INT8)])))]);
    const wrong = (value: Value) => () => json(schema, struct({ a: [struct({ b: value })] }));
    expect(wrong(128)).toThrow(expect.objectContaining({ code: 'RECORD_VALUE', kind: 'data' }));
    expect(wrong(128)).toThrow('field a.0.b: the number 128 is no int8');
    expect(wrong('secret')).toThrow('field a.0.b: a string is no int8');
    expect(wrong(null)).toThrow('field a.0.b: null, but it is required');
    expect(() => json(build.INT64, 2n ** 63n)).toThrow(/int64/);
  });
});
