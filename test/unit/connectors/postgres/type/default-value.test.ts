import { describe, expect, it } from 'vitest';
import { defaultValue } from '../../../../../connectors/postgres/type/default-value.ts';
import { DEFAULT_TYPE_OPTIONS } from '../../../../../connectors/postgres/type/options.ts';
import { Decimal } from '../../../../../runtime/record/decimal.ts';
import { arrayType, baseType, codecOf, columnOf, numericModifier } from './columns.ts';

function defaultOf(name: string, expression: string, changes: object = {}): unknown {
  const column = columnOf(baseType(name), { notNull: true, defaultExpression: expression, ...changes });
  return defaultValue(column, codecOf(column).schema, DEFAULT_TYPE_OPTIONS);
}

describe('defaults of NOT NULL columns', () => {
  it.each([
    ['int4', '5', 5],
    ['int4', "'-1'::integer", -1],
    ['int8', '7', 7n],
    ['text', "'x''y'::text", "x'y"],
    ['varchar', "''::character varying", ''],
    ['bool', 'true', true],
    ['date', "'2020-01-02'::date", 18263],
    ['jsonb', "'{}'::jsonb", '{}'],
    ['timestamptz', "'2020-01-01 00:00:00+00'::timestamp with time zone", '2020-01-01T00:00:00.000000Z'],
  ])('%s DEFAULT %s', (name, expression, value) => {
    expect(defaultOf(name, expression)).toEqual(value);
  });

  it('have the scale of their column', () => {
    expect(defaultOf('numeric', '1.5', { typmod: numericModifier(5, 2) })).toEqual(new Decimal(150n, 2));
  });

  it.each([
    ['int4', "nextval('t_id_seq'::regclass)", 0],
    ['timestamptz', 'now()', '1970-01-01T00:00:00.000000Z'],
    ['uuid', 'gen_random_uuid()', '00000000-0000-0000-0000-000000000000'],
    ['text', "('a'::text || 'b'::text)", ''],
  ])('that the server computes are the zero of the type: %s DEFAULT %s', (name, expression, value) => {
    expect(defaultOf(name, expression)).toEqual(value);
  });

  it('of types without a zero are left out', () => {
    expect(defaultOf('jsonb', 'jsonb_build_object()')).toBeUndefined();
  });

  it('of arrays are read like cells', () => {
    const column = columnOf(arrayType(baseType('int4')), { notNull: true, defaultExpression: "'{1,2}'::integer[]" });
    expect(defaultValue(column, codecOf(column).schema, DEFAULT_TYPE_OPTIONS)).toEqual([1, 2]);
  });
});

describe('nullable columns', () => {
  it('have no default: their NULL would be shown as it', () => {
    expect(defaultOf('int4', '5', { notNull: false })).toBeUndefined();
  });
});
