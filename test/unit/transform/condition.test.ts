import { describe, expect, test } from 'vitest';
import { Decimal } from '../../../runtime/record/decimal.ts';
import { STRING } from '../../../runtime/record/schema-builder.ts';
import { struct } from '../../../runtime/record/value.ts';
import { conditionOf } from '../../../runtime/transform/condition/condition.ts';
import { loose, recordOf, transformed } from './records.ts';

const order = recordOf(
  loose({ status: 'paid', amount: 12.5, count: 3, big: null, flags: { vip: true }, 'odd name': 1, 'it’s': 'x' }),
  null,
  {
    topic: 'orders',
    key: loose({ id: 7 }),
    timestampMs: 1000,
    offset: 5n,
    headers: [{ key: 'kind', schema: STRING, value: 'new' }],
  },
);

describe('a condition', () => {
  test.each([
    ["value.status = 'paid'", true],
    ["value.status != 'paid'", false],
    ["value.status in ('new', 'paid')", true],
    ["value.status not in ('new')", true],
    ['value.amount >= 12.5 and value.amount < 12.50001', true],
    ['value.count > 3 or key.id = 7', true],
    ['not (value.count > 3)', true],
    ["not value.count > 3 and topic = 'orders'", true],
    ['value.flags.vip = true', true],
    ['value.big is null', true],
    ['value.big = 0', false],
    ['value.big != 0', false],
    ['value.missing is null', true],
    ['value.status is not null', true],
    ['value.`odd name` = 1', true],
    ["header.kind = 'new'", true],
    ['header.other is null', true],
    ["topic matches 'ord.*'", true],
    ["topic matches 'ord'", false],
    ["value.count = '3'", false],
    ['timestamp = 1000 and offset >= 5', true],
    ["value.status >= 'a' and value.status < 'q'", true],
    ["value.status = 'paid' or value.status = 'x' and value.count = 99", true],
    ["value.status = 'it''s'", false],
  ])('%s is %s', (text, expected) => {
    expect(conditionOf('condition', text)(order)).toBe(expected);
  });

  test('compares large integers and decimals exactly', () => {
    const record = recordOf(struct({ id: 9007199254740993n, price: new Decimal(10n, 1) }));
    expect(conditionOf('c', 'value.id = 9007199254740993')(record)).toBe(true);
    expect(conditionOf('c', 'value.id = 9007199254740992')(record)).toBe(false);
    expect(conditionOf('c', 'value.price = 1.00')(record)).toBe(true);
  });

  test.each([
    ['', 'needs topic, key, value, header or another part of the record at its end'],
    ['value.a', 'needs a comparison, in, matches or is null at its end'],
    ['value.a = ', 'needs a number, true, false or a text in single quotes at its end'],
    ['value.a = b', 'in single quotes at "b"'],
    ['value.a = 1 value.b = 2', 'needs "and" or "or", not value.b at "value.b = 2"'],
    ['(value.a = 1', 'needs ) at its end'],
    ['other.a = 1', 'needs topic, partition, timestamp, offset, key.…, value.… or header.name'],
    ["value.a matches '('", 'Invalid regex'],
    ["value.a matches '(?=x)'", 'Invalid regex'],
    ['value.a == 1', 'at "= 1"'],
    ['value.a = 1; drop', 'at "; drop"'],
  ])('%s is refused', (text, message) => {
    expect(() => conditionOf('condition', text)).toThrow(message);
  });

  test('that is nested without end is refused', () => {
    expect(() => conditionOf('c', `${'('.repeat(10_000)}value.a = 1`)).toThrow('less deep');
  });
});

describe('FilterWhere and RouteWhere', () => {
  test('keep what matches, or the others', () => {
    const condition = "value.status = 'paid'";
    expect(transformed('FilterWhere', { condition }, order)).toHaveLength(1);
    expect(transformed('FilterWhere', { condition, keep: 'others' }, order)).toHaveLength(0);
  });

  test('name the topic after parts of the record', () => {
    const topic = '${topic}-${value.status}-${key.id}-${header.kind}';
    const [routed] = transformed('RouteWhere', { topic }, recordOf(order.value, null, order));
    expect(routed?.topic).toBe('orders-paid-7-new');
  });

  test('reject a record whose part is missing or no name', () => {
    const record = recordOf(loose({ a: 'not a/name' }));
    expect(() => transformed('RouteWhere', { topic: '${value.b}' }, record)).toThrow('${value.b} is missing');
    expect(() => transformed('RouteWhere', { topic: '${value.a}' }, record)).toThrow('would not be valid');
    expect(() => transformed('RouteWhere', { topic: '${other}' }, record)).toThrow('${other} stands for nothing');
  });
});
