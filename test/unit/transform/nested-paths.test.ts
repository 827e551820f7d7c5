import { describe, expect, test } from 'vitest';
import { field, INT32, OPTIONAL_STRING, optional, structOf } from '../../../runtime/record/schema-builder.ts';
import { struct, type Value } from '../../../runtime/record/value.ts';
import { loose, recordOf, transformed } from './records.ts';

const inner = optional(structOf([field('x', INT32), field('a.b', OPTIONAL_STRING)], { name: 'in' }));
const schema = structOf([field('id', INT32), field('in', inner)], { name: 'out' });
const v2 = { 'field.syntax.version': 'V2' };

const cases: [type: string, config: Record<string, string>, loose: unknown, typed: Value, names: string[]][] = [
  [
    'ReplaceField$Value',
    { exclude: 'in.x' },
    { id: 1, in: { 'a.b': 's' } },
    struct({ id: 1, in: struct({ 'a.b': 's' }) }),
    ['a.b'],
  ],
  [
    'ReplaceField$Value',
    { include: 'in.`a.b`' },
    { in: { 'a.b': 's' } },
    struct({ in: struct({ 'a.b': 's' }) }),
    ['a.b'],
  ],
  [
    'ReplaceField$Value',
    { renames: 'in.x:y' },
    { id: 1, in: { y: 2, 'a.b': 's' } },
    struct({ id: 1, in: struct({ y: 2, 'a.b': 's' }) }),
    ['y', 'a.b'],
  ],
  [
    'Cast$Value',
    { spec: 'in.x:string' },
    { id: 1, in: { x: '2', 'a.b': 's' } },
    struct({ id: 1, in: struct({ x: '2', 'a.b': 's' }) }),
    ['x', 'a.b'],
  ],
  [
    'MaskField$Value',
    { fields: 'in.x' },
    { id: 1, in: { x: 0, 'a.b': 's' } },
    struct({ id: 1, in: struct({ x: 0, 'a.b': 's' }) }),
    ['x', 'a.b'],
  ],
  [
    'InsertField$Value',
    { 'topic.field': 'in.t' },
    { id: 1, in: { x: 2, 'a.b': 's', t: 'topic' } },
    struct({ id: 1, in: struct({ x: 2, 'a.b': 's', t: 'topic' }) }),
    ['x', 'a.b', 't'],
  ],
];

describe('a path into nested fields', () => {
  test.each(cases)('%s %j', (type, config, looseResult, typedResult, names) => {
    const untyped = recordOf(loose({ id: 1, in: { x: 2, 'a.b': 's' } }));
    expect(transformed(type, { ...config, ...v2 }, untyped)[0]?.value).toEqual(loose(looseResult));
    const value = struct({ id: 1, in: struct({ x: 2, 'a.b': 's' }) });
    const [made] = transformed(type, { ...config, ...v2 }, recordOf(value, schema));
    expect(made?.value).toEqual(typedResult);
    const made2 = made?.valueSchema?.fields?.find(({ name }) => name === 'in')?.schema;
    expect(made2?.fields?.map(({ name }) => name)).toEqual(names);
    expect(made2?.optional).toBe(true);
    expect(value).toEqual(struct({ id: 1, in: struct({ x: 2, 'a.b': 's' }) }));
  });

  test('through a null changes nothing', () => {
    const [made] = transformed(
      'Cast$Value',
      { spec: 'in.x:string', ...v2 },
      recordOf(struct({ id: 1, in: null }), schema),
    );
    expect(made?.value).toEqual(struct({ id: 1, in: null }));
  });

  test('HeaderFrom moves and ValueToKey copies from inside', () => {
    const value = struct({ id: 1, in: struct({ x: 2, 'a.b': 's' }) });
    const [moved] = transformed(
      'HeaderFrom$Value',
      { fields: 'in.x', headers: 'h', operation: 'move', ...v2 },
      recordOf(value, schema),
    );
    expect(moved?.headers).toEqual([{ key: 'h', schema: INT32, value: 2 }]);
    expect(moved?.value).toEqual(struct({ id: 1, in: struct({ 'a.b': 's' }) }));
    const [keyed] = transformed('ValueToKey', { fields: 'in.x,id', ...v2 }, recordOf(value, schema));
    expect(keyed?.key).toEqual(struct({ x: 2, id: 1 }));
  });

  test('Explode makes a record of each item, typed by the list', () => {
    const list = structOf([
      field('id', INT32),
      field('in', structOf([field('l', { type: 'array', optional: true, valueSchema: inner })])),
    ]);
    const item = (x: number): Value => struct({ x, 'a.b': null });
    const value = struct({ id: 1, in: struct({ l: [item(1), item(2)] }) });
    const records = transformed('Explode', { field: 'in.l', output: 'item' }, recordOf(value, list));
    expect(records.map((made) => [made.valueSchema, made.value])).toEqual([
      [inner, item(1)],
      [inner, item(2)],
    ]);
    const whole = transformed('Explode', { field: 'in.l' }, recordOf(value, list));
    expect(whole.map((made) => made.value)).toEqual([1, 2].map((x) => struct({ id: 1, in: struct({ l: item(x) }) })));
    expect(transformed('Explode', { field: 'in.l' }, recordOf(struct({ id: 1, in: struct({ l: [] }) }), list))).toEqual(
      [],
    );
    expect(
      transformed('Explode', { field: 'in.l' }, recordOf(struct({ id: 1, in: struct({ l: null }) }), list)),
    ).toHaveLength(1);
  });
});
