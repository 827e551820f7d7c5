import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteWriter } from '../../../../../runtime/record/byte-writer.ts';
import { documentId, placeId } from '../../../../../connectors/elasticsearch/document/document-id.ts';
import { isPlainJson, writeDocument } from '../../../../../connectors/elasticsearch/document/document-json.ts';
import { dateText, timestampText, timeText } from '../../../../../connectors/elasticsearch/document/semantic-text.ts';
import { propertiesOf, missingProperties } from '../../../../../connectors/elasticsearch/index/mapping.ts';
import { Decimal } from '../../../../../runtime/record/decimal.ts';
import { decimalType, timestampType } from '../../../../../runtime/record/logical-types.ts';
import type { Datum } from '../../../../../runtime/record/record.ts';
import { arrayOf, field, INT32, INT64, STRING, structOf } from '../../../../../runtime/record/schema-builder.ts';
import type { Schema } from '../../../../../runtime/record/schema.ts';
import {
  dateOf,
  microTimeOf,
  microTimestampOf,
  uuidOf,
  variableScaleDecimalOf,
  zonedTimestampOf,
} from '../../../../../runtime/record/semantic-types.ts';
import { struct, type Value } from '../../../../../runtime/record/value.ts';
import { sinkRecord } from '../../s3/sink-records.ts';

function written(datum: Datum, shape = {}): string {
  const writer = new ByteWriter();
  writeDocument(writer, datum, shape);
  return writer.view().toString();
}

function typed(fields: Readonly<Record<string, readonly [Schema, Value]>>): Datum {
  const schema = structOf(Object.entries(fields).map(([name, [of]]) => field(name, of)));
  const value = struct(Object.fromEntries(Object.entries(fields).map(([name, [, of]]) => [name, of])));
  return { schema, value };
}

describe('a document', () => {
  test('has what a search can use: numbers for decimals, ISO 8601 for dates and times', () => {
    const row = typed({
      price: [decimalType(2), new Decimal(-1234n, 2)],
      exact: [decimalType(3), new Decimal(12345678901234567890123n, 3)],
      any: [variableScaleDecimalOf(), struct({ scale: 1, value: Buffer.from([0x0f]) })],
      day: [dateOf(), 19_844],
      clock: [microTimeOf(), 36_000_500_000n],
      at: [microTimestampOf(), 1_714_557_600_123_456n],
      connect: [timestampType(), -1n],
      zoned: [zonedTimestampOf(), '2024-05-01T10:00:00Z'],
      never: [microTimestampOf(), 9_223_372_036_825_200_000n],
      many: [arrayOf(dateOf()), [0, 1]],
      inner: [structOf([field('n', INT64)]), struct({ n: 9_007_199_254_740_993n })],
    });
    expect(written(row)).toBe(
      '{"price":-12.34,"exact":"12345678901234567890.123","any":1.5,"day":"2024-05-01","clock":"10:00:00.500","at":"2024-05-01T10:00:00.123456Z",' +
        '"connect":"1969-12-31T23:59:59.999Z","zoned":"2024-05-01T10:00:00Z","never":"infinity",' +
        '"many":["1970-01-01","1970-01-02"],"inner":{"n":9007199254740993}}',
    );
  });

  test('leaves fields out and puts others first', () => {
    const row: Datum = {
      schema: null,
      value: new Map<Value, Value>([
        ['a', 1],
        ['b', 'x'],
      ]),
    };
    expect(written(row, { omit: new Set(['a']), first: [['@timestamp', '5']] })).toBe('{"@timestamp":5,"b":"x"}');
  });

  test.each<[string, Value]>([
    ['a text', 'x'],
    ['null', null],
    ['an array', [1]],
  ])('is an object: %s is refused', (_name, value) => {
    expect(() => written({ schema: null, value })).toThrow('no object');
  });

  test('passes as it stands where its schema asks for nothing else', () => {
    expect(isPlainJson(structOf([field('a', INT32), field('b', arrayOf(STRING))]))).toBe(true);
    expect(isPlainJson(structOf([field('a', structOf([field('b', dateOf())]))]))).toBe(false);
  });

  test('has the date that the calendar has', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(-62_135_596_800_000), max: new Date(253_402_300_799_999), noInvalidDate: true }),
        (date) => {
          const days = BigInt(Math.floor(date.getTime() / 86_400_000));
          expect(dateText(days)).toBe(date.toISOString().slice(0, 10));
          expect(Date.parse(timestampText(BigInt(date.getTime()) * 1_000_000n))).toBe(date.getTime());
        },
      ),
    );
  });
});

describe('an id', () => {
  const id = (key: Value, paths: Parameters<typeof documentId>[1] = [], value?: Value): string =>
    documentId(sinkRecord({ offset: 1 }), paths, {
      key: () => ({ schema: null, value: key }),
      value: () => (value === undefined ? undefined : { schema: null, value }),
    });

  test.each<[Value, string]>([
    ['k', 'k'],
    [17, '17'],
    [17n, '17'],
    [struct({ id: 5n }), '5'],
    [
      new Map<Value, Value>([
        ['a', 1],
        ['b', 'x|y'],
      ]),
      String.raw`1|x\|y`,
    ],
  ])('of a key, case %#', (key, expected) => expect(id(key)).toBe(expected));

  test('comes from nested fields', () => {
    const paths = [
      { of: 'key', names: ['a'] },
      { of: 'value', names: ['b', 'c'] },
    ] as const;
    expect(id(struct({ a: 1 }), paths, struct({ b: struct({ c: 'z' }) }))).toBe('1|z');
    expect(() => id(struct({ a: 1 }), paths, struct({}))).toThrow('field value.b.c');
  });

  test.each<[string, Value]>([
    ['ELASTICSEARCH_NO_KEY', null],
    ['ELASTICSEARCH_NO_KEY', ''],
    ['ELASTICSEARCH_ID_MISSING', struct({ a: null })],
    ['ELASTICSEARCH_ID_TOO_LONG', 'é'.repeat(257)],
  ])('is refused with %s', (code, key) => {
    expect(() => id(key)).toThrow(expect.objectContaining({ code, kind: 'data' }) as Error);
  });

  test('of several fields names one key only', () => {
    const text = fc.stringMatching(/^[a|\\]{0,4}$/);
    fc.assert(
      fc.property(fc.tuple(text, text), fc.tuple(text, text), (one, other) => {
        fc.pre(one.join('') !== '' && other.join('') !== '');
        const of = ([a, b]: readonly [string, string]): string => id(struct({ a, b }));
        expect(of(one) === of(other)).toBe(one[0] === other[0] && one[1] === other[1]);
      }),
    );
  });

  test('of a record without a key is its place', () => {
    expect(placeId(sinkRecord({ topic: 't', partition: 2, offset: 9 }), null)).toBe('t+2+9');
    expect(placeId(sinkRecord({ topic: 't', partition: 2, offset: 9 }), '0123456789')).toBe('01234567+t+2+9');
  });
});

describe('a mapping', () => {
  const schema = structOf([
    field('id', INT64),
    field('name', STRING),
    field('price', decimalType(2)),
    field('day', dateOf()),
    field('uuid', uuidOf()),
    field('inner', structOf([field('at', zonedTimestampOf())])),
    field('days', arrayOf(dateOf())),
  ]);

  test('is made from the schema of records', () => {
    const date = { type: 'date', format: 'strict_date_optional_time||epoch_millis', ignore_malformed: true };
    expect(propertiesOf(schema)).toEqual({
      id: { type: 'long' },
      name: { type: 'text', fields: { keyword: { type: 'keyword', ignore_above: 256 } } },
      price: { type: 'double' },
      day: date,
      uuid: { type: 'keyword', ignore_above: 256 },
      inner: { properties: { at: date } },
      days: date,
    });
  });

  test('grows by what it lacks, and keeps what it has', () => {
    const present = { id: { type: 'keyword' }, inner: { properties: {} } };
    const missing = missingProperties(propertiesOf(schema), present);
    expect(Object.keys(missing ?? {})).toEqual(['name', 'price', 'day', 'uuid', 'inner', 'days']);
    expect(missingProperties(propertiesOf(schema), propertiesOf(schema))).toBeNull();
  });
});

test.each([
  [-3_020_399_000_000_000n, '-838:59:59'],
  [-1_000_000n, '-00:00:00.001'],
  [0n, '00:00:00'],
  [36_000_500_000_000n, '10:00:00.500'],
])('a duration of %s ns is %s', (nanos, text) => {
  expect(timeText(nanos)).toBe(text);
});
