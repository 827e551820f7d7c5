import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { field, INT64, OPTIONAL_INT64, structOf } from '../../../runtime/record/schema-builder.ts';
import { struct } from '../../../runtime/record/value.ts';
import { createChain } from '../../../runtime/transform/chain.ts';
import type { TransformRecord } from '../../../runtime/transform/transform-record.ts';
import { castValue } from '../../../runtime/transform/kafka/cast-value.ts';
import { SimpleDateFormat } from '../../../runtime/transform/kafka/simple-date-format.ts';
import { recordOf, transformed } from './records.ts';

describe('no value changes on its way through a transform', () => {
  test('a 64-bit integer keeps all its digits as text and back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const text = castValue(INT64, value, 'string');
        expect(text).toBe(String(value));
        expect(castValue({ type: 'string', optional: false }, text, 'int64')).toBe(value);
      }),
    );
  });

  test('fields a transform does not name are the same values', () => {
    const schema = structOf([field('a', INT64), field('b', OPTIONAL_INT64)]);
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (a) => {
        const record = recordOf(struct({ a, b: null }), schema);
        const [made] = transformed('InsertField$Value', { 'static.field': 'c', 'static.value': 'x' }, record);
        expect(made?.value).toEqual(struct({ a, b: null, c: 'x' }));
      }),
    );
  });

  test('a schema is rewritten once, however many records carry it', () => {
    const schema = structOf([field('a', INT64)]);
    const config = { transforms: 'r', 'transforms.r.type': 'ReplaceField$Value', 'transforms.r.renames': 'a:b' };
    const out: TransformRecord[] = [];
    const chain = createChain(config);
    for (const a of [1n, 2n]) chain?.apply(recordOf(struct({ a }), schema), out);
    expect(out.map(({ value }) => value)).toEqual([struct({ b: 1n }), struct({ b: 2n })]);
    expect(out[1]?.valueSchema).toBe(out[0]?.valueSchema);
  });
});

describe('a date pattern', () => {
  test('reads what it wrote', () => {
    const format = new SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss.SSSZ");
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 4e12 }), (ms) => {
        expect(format.parse(format.format(ms))).toBe(ms);
      }),
    );
  });

  test.each([['yyyy-bb'], ["'open"], ['XXXX']])('%s is refused', (pattern) => {
    expect(() => new SimpleDateFormat(pattern)).toThrow(RangeError);
  });
});
