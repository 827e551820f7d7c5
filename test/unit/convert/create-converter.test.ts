import { describe, expect, test } from 'vitest';
import { createConverter, createHeaderConverter, defaultConverter } from '../../../runtime/convert/create-converter.ts';
import { Decimal } from '../../../runtime/record/decimal.ts';
import {
  BOOLEAN,
  BYTES,
  DOUBLE,
  field,
  FLOAT,
  INT16,
  INT32,
  INT64,
  STRING,
  structOf,
} from '../../../runtime/record/schema-builder.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import { struct, type Value } from '../../../runtime/record/value.ts';

describe('converters by name', () => {
  test.each([
    ['org.apache.kafka.connect.json.JsonConverter', 'other'],
    ['json', 'other'],
    ['org.apache.kafka.connect.storage.StringConverter', 'string'],
    ['string', 'string'],
    ['org.apache.kafka.connect.converters.ByteArrayConverter', 'bytes'],
    ['bytes', 'bytes'],
  ])('%s', (name, encoding) => {
    expect(createConverter(name, {}, true).encoding).toBe(encoding);
    expect(createHeaderConverter(name, {})).toBeDefined();
  });

  test('a worker that names none writes JSON without schemas', () => {
    expect(defaultConverter()).toMatchObject({ encoding: 'json', schemaHeader: true });
  });

  test('an unknown name and wrong options are named by their full key', () => {
    expect(() => createConverter('io.confluent.connect.avro.AvroConverter', {}, true)).toThrow(
      expect.objectContaining({ code: 'CONVERT_UNKNOWN', kind: 'config', key: 'key.converter' }),
    );
    expect(() => createConverter('json', { 'schemas.enable': 'yes' }, false)).toThrow(
      expect.objectContaining({
        code: 'CONVERT_OPTION',
        kind: 'config',
        key: 'value.converter.schemas.enable',
        remedy: 'Set value.converter.schemas.enable to true or false.',
      }),
    );
    expect(() => createConverter('json', { 'decimal.format': 'HEX' }, false)).toThrow(/value.converter.decimal.format/);
    expect(() => createConverter('json', { 'schemas.cache.size': '-1' }, false)).toThrow(/schemas.cache.size/);
    expect(() => createConverter('string', { 'converter.encoding': 'EBCDIC' }, true)).toThrow(
      /key.converter.converter.encoding/,
    );
    expect(() => createHeaderConverter('none', {})).toThrow(expect.objectContaining({ key: 'header.converter' }));
  });
});

describe('the string converter', () => {
  const converter = createConverter('string', {}, true);

  test.each<[Schema | null, Value, string]>([
    [STRING, 'tëxt', 'tëxt'],
    [INT64, 2n ** 62n, '4611686018427387904'],
    [FLOAT, Math.fround(0.1), '0.1'],
    [DOUBLE, 100, '100.0'],
    [BOOLEAN, true, 'true'],
    [null, new Decimal(150n, 2), '1.50'],
    [structOf([field('a', INT32), field('b', STRING)]), struct({ a: 1, b: 'x' }), 'Struct{a=1,b=x}'],
    [null, new Map<Value, Value>([['a', [1, null]]]), '{a=[1, null]}'],
  ])('writes %o as Java’s text', (schema, value, text) => {
    expect(Buffer.from(converter.encode('t', { schema, value }) ?? []).toString()).toBe(text);
  });

  test('refuses bytes, and text its encoding cannot hold', () => {
    expect(() => converter.encode('t', { schema: BYTES, value: Buffer.of(1) })).toThrow(
      expect.objectContaining({ kind: 'data' }),
    );
    const ascii = createConverter('string', { 'converter.encoding': 'us-ascii' }, true);
    expect(() => ascii.encode('t', { schema: STRING, value: 'ü' })).toThrow(
      expect.objectContaining({ code: 'CONVERT_ENCODING' }),
    );
    const latin = createConverter('string', { 'converter.encoding': 'ISO-8859-1' }, true);
    expect(latin.decode('t', latin.encode('t', { schema: STRING, value: 'ü' }), []).value).toBe('ü');
  });
});

describe('the bytes converter', () => {
  const converter = createConverter('bytes', {}, false);

  test('passes bytes on and refuses all else', () => {
    const value = Buffer.from([0, 255]);
    expect(converter.encode('t', { schema: BYTES, value })).toBe(value);
    expect(converter.decode('t', null, []).value).toBeNull();
    expect(() => converter.encode('t', { schema: STRING, value: 'x' })).toThrow(
      expect.objectContaining({ code: 'CONVERT_TYPE' }),
    );
  });
});

describe('the converters of one primitive type', () => {
  test.each<[string, Schema, Value, string]>([
    ['org.apache.kafka.connect.converters.BooleanConverter', BOOLEAN, true, '01'],
    ['short', INT16, -2, 'fffe'],
    ['IntegerConverter', INT32, 258, '00000102'],
    ['long', INT64, -(2n ** 63n), '8000000000000000'],
    ['float', FLOAT, 1.5, '3fc00000'],
    ['double', DOUBLE, -2, 'c000000000000000'],
  ])('%s', (name, schema, value, hex) => {
    const converter = createConverter(name, {}, true);
    const bytes = converter.encode('t', { schema, value });
    expect(Buffer.from(bytes ?? []).toString('hex')).toBe(hex);
    expect(converter.decode('t', bytes, [])).toEqual({ schema: { ...schema, optional: true }, value });
    expect(converter.decode('t', null, []).value).toBeNull();
    expect(() => converter.decode('t', Buffer.alloc(3), [])).toThrow(
      expect.objectContaining({ code: 'CONVERT_TYPE', kind: 'data' }),
    );
    expect(() => converter.encode('t', { schema: STRING, value: 'x' })).toThrow(
      expect.objectContaining({ code: 'CONVERT_TYPE' }),
    );
    expect(() => converter.encode('t', { schema: null, value: 'x' })).toThrow(
      expect.objectContaining({ code: 'CONVERT_TYPE' }),
    );
  });
});

describe('the simple header converter', () => {
  const converter = createHeaderConverter('org.apache.kafka.connect.storage.SimpleHeaderConverter', {});
  const key = structOf([field('k2', STRING), field('k1', INT32)]);

  // The struct is a recorded header of Debezium's.
  test.each<[Schema | null, Value, string]>([
    [STRING, 'postgresql', 'postgresql'],
    [STRING, '', ''],
    [key, struct({ k2: 'z', k1: 2 }), '{"k2":"z","k1":2}'],
    [key, struct({ k2: 'a"b\\c', k1: 0 }), '{"k2":"a\\"b\\\\c","k1":0}'],
    [BYTES, Buffer.from('abc'), 'YWJj'],
    [DOUBLE, 1e10, '1.0E10'],
    [null, [1, 'a', null], '[1,"a",null]'],
  ])('writes %o', (schema, value, text) => {
    expect(Buffer.from(converter.encode('t', { key: 'h', schema, value }) ?? []).toString()).toBe(text);
  });

  test.each<[string, string | undefined, Value]>([
    ['text', 'string', 'text'],
    ['', 'string', ''],
    ['true', 'boolean', true],
    ['true}', 'string', 'true}'],
    ['7', 'int8', 7],
    ['-300', 'int16', -300],
    ['70000', 'int32', 70000],
    ['5946285800', 'int64', 5946285800n],
    ['1.5', 'double', 1.5],
    ['99999999999999999999', 'bytes', new Decimal(99999999999999999999n, 0)],
    ['1.2.3', 'string', '1.2.3'],
    ['2026-11-25', 'int32', 20782],
    ['2026-02-31', 'string', '2026-02-31'],
    ['00:00:01.500Z', 'int32', 1500],
    ['2026-11-25T00:00:00.001Z', 'int64', 1795564800001n],
    ['null', undefined, null],
    ['{"k":1}', 'map', new Map([['k', 1]])],
    [
      '{"k":1,"l":"x"}',
      undefined,
      new Map<string, Value>([
        ['k', 1],
        ['l', 'x'],
      ]),
    ],
    ['[1,5946285800]', 'array', [1n, 5946285800n]],
    ['[1,', 'string', '[1,'],
  ])('reads %j', (text, type, value) => {
    const datum = converter.decode('t', { key: 'h', value: Buffer.from(text) });
    expect(datum.schema?.type).toBe(type);
    expect(datum.value).toEqual(value);
  });
});
