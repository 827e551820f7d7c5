import { describe, expect, test } from 'vitest';
import { claimsOf, judgeClaim, metaWith, type ClaimCase } from '../../../../../connectors/elasticsearch/index/claim.ts';
import { dataStreamName, safeIndexName } from '../../../../../connectors/elasticsearch/index/index-name.ts';
import { MillraceError } from '../../../../../runtime/record/error.ts';

const FACTS = { id: 'one', partitions: 3 };
const GROWN = { id: 'one', partitions: 4 };
const STATE = { concrete: 'orders', meta: {}, claims: new Map([['orders', FACTS]]) };
const CASE: ClaimCase = {
  index: 'orders',
  topic: 'orders',
  facts: FACTS,
  state: STATE,
  filled: false,
  committed: false,
  adopt: false,
};

describe('an index', () => {
  test.each<[string, Partial<ClaimCase>]>([
    ['held', {}],
    ['held', { committed: true, filled: true }],
    ['create', { state: null }],
    ['claim', { state: { ...STATE, claims: new Map() } }],
    ['claim', { state: { ...STATE, claims: new Map() }, filled: true, adopt: true }],
    ['ELASTICSEARCH_INDEX_GONE', { state: null, committed: true }],
    ['ELASTICSEARCH_INDEX_GONE', { state: { ...STATE, claims: new Map() }, committed: true }],
    ['ELASTICSEARCH_INDEX_UNCLAIMED', { state: { ...STATE, claims: new Map() }, filled: true }],
    ['ELASTICSEARCH_INDEX_UNCLAIMED', { topic: 'others', filled: true }],
    ['ELASTICSEARCH_INDEX_SHARED', { topic: 'Orders', rival: 'orders' }],
    ['ELASTICSEARCH_INDEX_SHARED', { rival: 'Orders' }],
    ['claim', { topic: 'Orders', rival: 'orders', adopt: true }],
    ['ELASTICSEARCH_TOPIC_RECREATED', { facts: { id: 'two', partitions: 3 } }],
    ['ELASTICSEARCH_TOPIC_RECREATED', { facts: { id: 'two', partitions: 3 }, adopt: true }],
    ['ELASTICSEARCH_PARTITIONS_CHANGED', { facts: { id: 'one', partitions: 4 } }],
    ['claim', { facts: { ...GROWN, growths: [{ partitions: 3, offset: 10n }] } }],
    [
      'claim',
      {
        facts: {
          ...GROWN,
          growths: [
            { partitions: 2, offset: 5n },
            { partitions: 3, offset: 10n },
          ],
        },
      },
    ],
    // Never had as many as the index says.
    ['ELASTICSEARCH_PARTITIONS_CHANGED', { facts: { ...GROWN, growths: [{ partitions: 2, offset: 10n }] } }],
    // Another task has heard of the growth already.
    ['held', { facts: { id: 'one', partitions: 2, growths: [] } }],
    ['ELASTICSEARCH_TOPIC_RECREATED', { facts: { ...GROWN, id: 'two', growths: [{ partitions: 3, offset: 10n }] } }],
  ])('is %s in case %#', (expected, of) => {
    const verdict = judgeClaim({ ...CASE, ...of });
    expect(verdict instanceof MillraceError ? verdict.code : verdict).toBe(expected);
  });

  test('keeps what others wrote beside its claims', () => {
    const meta = metaWith({ team: 'shop' }, new Map([['a', FACTS]]));
    expect(meta).toEqual({ team: 'shop', millrace: { format: 1, topics: { a: FACTS } } });
    expect(claimsOf(meta)).toEqual(new Map([['a', FACTS]]));
    expect(claimsOf({ millrace: { topics: { a: { id: 5 } } } })).toEqual(new Map());
  });
});

test.each([
  ['Shop.Public.Orders', 'shop.public.orders'],
  ['__debezium-heartbeat.x', 'debezium-heartbeat.x'],
  ['..', 'dot'],
  ['a b/c', 'a_b_c'],
  ['é'.repeat(200), 'é'.repeat(127)],
])('the index of topic %s is %s', (topic, name) => expect(safeIndexName(topic)).toBe(name));

test('a data stream is named by type, dataset and namespace', () => {
  expect(dataStreamName('LOGS', 'shop', '${topic}', 'My-Orders')).toBe('logs-shop-my_orders');
});
