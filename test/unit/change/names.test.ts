import { describe, expect, it } from 'vitest';
import { includeOrExclude, matchesAny, splitList } from '../../../runtime/change/filters.ts';
import { messageKey, parseMessageKeys } from '../../../runtime/change/message-key.ts';
import { adjustName } from '../../../runtime/change/name-adjustment.ts';
import { TopicNames } from '../../../runtime/change/topic-names.ts';

describe('topic names', () => {
  const names = new TopicNames({
    prefix: 'p',
    delimiter: '.',
    transaction: 'transaction',
    heartbeat: '__debezium-heartbeat',
  });

  it('join prefix, schema and table, and replace what a topic may not have', () => {
    expect(names.table('public', 'orders')).toBe('p.public.orders');
    expect(names.table('public', 'Weird Table')).toBe('p.public.Weird_Table');
    expect(names.table('sch$ma', 'ünï')).toBe('p.sch_ma._n_');
  });

  it('are of one table each', () => {
    expect(names.table('shop', 'order items')).toBe('p.shop.order_items');
    expect(names.table('shop', 'order items')).toBe('p.shop.order_items');
    expect(() => names.table('shop', 'order_items')).toThrow(
      expect.objectContaining({ code: 'CHANGE_TOPIC_SHARED', key: 'table.include.list' }) as Error,
    );
    expect(() => names.table('shop.order', 'items')).not.toThrow();
    expect(() => names.table('shop', 'order.items')).toThrow('shop.order.items and shop.order.items');
  });

  it('are cut to what Kafka takes', () => {
    expect(names.table('public', 'x'.repeat(300))).toHaveLength(249);
  });

  it('name the side topics', () => {
    expect(names.transaction).toBe('p.transaction');
    expect(names.message).toBe('p.message');
    expect(names.heartbeat).toBe('__debezium-heartbeat.p');
  });
});

describe('name adjustment', () => {
  it.each([
    ['none', 'a-b.c', 'a-b.c'],
    ['avro', 'a-b.1c', 'a_b._1c'],
    ['avro_unicode', 'a-b_c.d', 'a_u002db_u005fc.d'],
  ] as const)('%s of a schema name keeps its dots', (mode, name, adjusted) => {
    expect(adjustName(name, mode, 'schema')).toBe(adjusted);
  });

  it('of a field replaces dots too', () => {
    expect(adjustName('a.b', 'avro', 'field')).toBe('a_b');
    expect(adjustName('1st', 'avro', 'field')).toBe('_1st');
    expect(adjustName('1st', 'avro_unicode', 'field')).toBe('_u0031st');
  });
});

describe('filters', () => {
  it('match whole names, in any case', () => {
    const matches = matchesAny(['public\\.order.*', 'other\\.t'], 'table.include.list');
    expect(matches('public.orders')).toBe(true);
    expect(matches('PUBLIC.Orders')).toBe(true);
    expect(matches('public.orders_x')).toBe(true);
    expect(matches('my.public.orders')).toBe(false);
    expect(matches('other.t2')).toBe(false);
  });

  it('split lists at commas that have no backslash before them', () => {
    expect(splitList(' a\\.b , c\\,d,, e')).toEqual(['a\\.b', 'c,d', 'e']);
  });

  it('include everything without a list, and refuse both lists', () => {
    const keys = { include: 'table.include.list', exclude: 'table.exclude.list' };
    expect(includeOrExclude([], undefined, keys)('any')).toBe(true);
    expect(includeOrExclude([], ['a'], keys)('a')).toBe(false);
    expect(() => includeOrExclude(['a'], ['b'], keys)).toThrow(/exclude each other/);
  });

  it('name the key of an expression that cannot be compiled', () => {
    expect(() => matchesAny(['(?<=x)y'], 'table.include.list')).toThrow(
      expect.objectContaining({ code: 'CHANGE_FILTER_INVALID', key: 'table.include.list', kind: 'config' }),
    );
  });

  it('answer a hostile expression in linear time', () => {
    const matches = matchesAny(['(a+)+b'], 'table.include.list');
    expect(matches('a'.repeat(5000))).toBe(false);
  });
});

describe('message keys', () => {
  it('name columns by table expression', () => {
    const rules = parseMessageKeys('public\\.orders:customer,no; .*\\.items:sku');
    expect(messageKey(rules, 'public.orders')).toEqual(['customer', 'no']);
    expect(messageKey(rules, 'shop.items')).toEqual(['sku']);
    expect(messageKey(rules, 'public.other')).toBeUndefined();
  });

  it.each(['public.orders', ':a', 'public.orders:'])('refuse %j', (text) => {
    expect(() => parseMessageKeys(text)).toThrow(expect.objectContaining({ code: 'CHANGE_MESSAGE_KEY_INVALID' }));
  });
});
