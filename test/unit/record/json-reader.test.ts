import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decimal } from '../../../runtime/record/decimal.ts';
import { JsonReader } from '../../../runtime/record/json-reader.ts';
import { decimalType } from '../../../runtime/record/logical-types.ts';
import * as build from '../../../runtime/record/schema-builder.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import type { Value } from '../../../runtime/record/value.ts';

function read(text: string, schema: Schema | null = null): Value {
  return new JsonReader(Buffer.from(text)).document(schema);
}

/** Large integers as JSON.parse rounds them. */
function plain(value: Value): Value {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  return value instanceof Map ? new Map([...value].map(([key, item]) => [key, plain(item)])) : value;
}

/** What JSON.parse gives, in our form. */
function expected(json: unknown): Value {
  if (Array.isArray(json)) return json.map(expected);
  if (typeof json === 'object' && json !== null) {
    return new Map(Object.entries(json).map(([key, value]) => [key, expected(value)]));
  }
  if (Object.is(json, -0)) return 0;
  return json as Value;
}

describe('reading JSON', () => {
  test('gives what JSON.parse gives', () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: 'medium' }), fc.constantFrom(undefined, 2), (json, space) => {
        const value = read(JSON.stringify(json, null, space));
        expect(plain(value)).toEqual(expected(JSON.parse(JSON.stringify(json))));
      }),
      { numRuns: 300 },
    );
  });

  test('refuses what JSON.parse refuses', () => {
    const text = fc.array(
      fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"',
        'a',
        '1',
        '0',
        '-',
        '.',
        'e',
        'null',
        'true',
        '\\',
        ' ',
        '"a"',
      ),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(text, (parts) => {
        const json = parts.join('');
        let valid = true;
        try {
          JSON.parse(json);
        } catch {
          valid = false;
        }
        if (valid) read(json);
        else expect(() => read(json)).toThrow(expect.objectContaining({ code: 'RECORD_JSON', kind: 'data' }));
      }),
      { numRuns: 3000 },
    );
  });

  test.each<[string, Value]>([
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', 9007199254740993n],
    ['-18446744073709551616', -18446744073709551616n],
    ['0.1', 0.1],
    ['1e3', 1000],
    ['12345678901234567890.123', new Decimal(12345678901234567890123n, 3)],
    ['1e400', new Decimal(1n, -400)],
    ['0.10000000000000000000001', new Decimal(10000000000000000000001n, 23)],
  ])('%s stays exact', (text, value) => {
    expect(read(text)).toEqual(value);
  });

  test('objects keep the order of any keys', () => {
    expect([...(read('{"b":1,"10":2,"2":3}') as Map<string, Value>).keys()]).toEqual(['b', '10', '2']);
  });

  test('text nested too deep is refused, not a crash', () => {
    expect(() => read('['.repeat(100_000))).toThrow(/nested deeper/);
    expect(read(`${'['.repeat(900)}${']'.repeat(900)}`)).toHaveLength(1);
  });
});

describe('reading JSON with a schema', () => {
  const row = build.structOf([
    build.field('id', build.INT64),
    build.field('note', build.OPTIONAL_STRING),
    build.field('n', build.withDefault(build.INT32, 5)),
  ]);

  test('fields come in any order, may be missing, and unknown ones are skipped', () => {
    expect(read('{"n":1,"x":[{}],"id":12345678901234567,"note":"ü"}', row)).toEqual({
      id: 12345678901234567n,
      note: 'ü',
      n: 1,
    });
    expect(read('{"id":1}', row)).toEqual({ id: 1n, note: null, n: 5 });
  });

  test('null stays null where defaults do not replace it', () => {
    const schema = build.structOf([build.field('n', build.optional(build.withDefault(build.INT32, 5)))]);
    const reader = new JsonReader(Buffer.from('{"n":null}'), { replaceNullWithDefault: false });
    expect(reader.document(schema)).toEqual({ n: null });
    expect(read('{"n":null}', schema)).toEqual({ n: 5 });
  });

  test('decimals are read from numbers and from base64', () => {
    expect(read('1.5', decimalType(2))).toEqual(new Decimal(150n, 2));
    expect(read('12345678901234567890.12', decimalType(2))).toEqual(new Decimal(1234567890123456789012n, 2));
    expect(read('"z8c="', decimalType(2))).toEqual(new Decimal(-12345n, 2));
  });

  test.each<[string, Schema, string]>([
    ['{}', row, 'field id: null, but it is required'],
    ['{"id":"1"}', row, 'field id: the JSON at byte 6 is no int64'],
    ['300', build.INT8, 'int8'],
    ['1.5', build.INT32, 'int32'],
    ['9223372036854775808', build.INT64, 'int64'],
    ['1', build.STRING, 'string'],
    ['"%%%"', build.BYTES, 'bytes'],
    ['{"a":[1,"x"]}', build.mapOf(build.STRING, build.arrayOf(build.INT32)), 'int32'],
  ])('%s does not fit', (text, schema, message) => {
    expect(() => read(text, schema)).toThrow(expect.objectContaining({ code: 'RECORD_VALUE', kind: 'data' }));
    expect(() => read(text, schema)).toThrow(message);
  });
});
