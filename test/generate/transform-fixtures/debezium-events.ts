import { envelope, field, record, structOf, type Case, type CaseRecord, type Json, type Object } from './data.ts';

const debezium = 'io.debezium.transforms.';

const row = structOf(
  [
    field('id', 'int32'),
    field('name', 'string', { optional: true }),
    field('count', 'int64', { optional: true, default: 9 }),
    field('at', 'int64', { optional: true, name: 'io.debezium.time.MicroTimestamp', version: 1 }),
    field('ms', 'int64', { optional: true, name: 'io.debezium.time.Timestamp', version: 1 }),
    field('ns', 'int64', { optional: true, name: 'io.debezium.time.NanoTimestamp', version: 1 }),
    field('kc', 'int64', { optional: true, name: 'org.apache.kafka.connect.data.Timestamp', version: 1 }),
    field('zoned', 'string', { optional: true, name: 'io.debezium.time.ZonedTimestamp', version: 1 }),
    field('day', 'int32', { optional: true, name: 'io.debezium.time.Date', version: 1 }),
    field('amount', 'double', { optional: true }),
    field('ok', 'boolean', { optional: true }),
  ],
  { name: 'srv.public.orders.Value', optional: true },
);
export const source = structOf(
  [
    field('table', 'string'),
    field('lsn', 'int64', { optional: true }),
    field('ts_ms', 'int64'),
    field('ts_us', 'int64', { optional: true }),
  ],
  { name: 'io.debezium.connector.postgresql.Source' },
);
const transaction = structOf([field('id', 'string'), field('total_order', 'int64')], {
  name: 'event.block',
  version: 1,
  optional: true,
});
const envelopeSchema = structOf(
  [
    { ...row, field: 'before' },
    { ...row, field: 'after' },
    { ...source, field: 'source' },
    { ...transaction, field: 'transaction' },
    field('op', 'string'),
    field('ts_ms', 'int64', { optional: true }),
  ],
  { name: 'srv.public.orders.Envelope', version: 2 },
);
export const keySchema = structOf([field('id', 'int32')], { name: 'srv.public.orders.Key' });

export const first: Object = {
  id: 1,
  name: 'one',
  count: null,
  at: 1709210096789012,
  ms: 1709210096789,
  ns: 1709210096789012480,
  kc: 1709210096789,
  zoned: '2024-02-29T12:34:56.789Z',
  day: 19782,
  amount: 12.5,
  ok: true,
};
export const second: Object = {
  ...first,
  name: 'two',
  count: 5,
  at: 1720000000000000,
  zoned: '2024-07-15T23:59:59.12+02:00',
  amount: -0.1,
  ok: false,
};
const topic = 'srv.public.orders';

export function event(op: string, before: Json, after: Json, more: Partial<CaseRecord> = {}): CaseRecord {
  const payload = {
    before,
    after,
    source: { table: 'orders', lsn: 77, ts_ms: 1709210096000, ts_us: null },
    transaction: op === 'r' ? null : { id: '12', total_order: 3 },
    op,
    ts_ms: 1709210096999,
  };
  return record(envelope(envelopeSchema, payload), { topic, key: envelope(keySchema, { id: 1 }), ...more });
}

export const tombstone = record(null, { topic, key: envelope(keySchema, { id: 1 }) });
export const heartbeat = record(
  envelope(structOf([field('ts_ms', 'int64')], { name: 'io.debezium.connector.common.Heartbeat' }), { ts_ms: 5 }),
  { topic: '__debezium-heartbeat.srv' },
);
const events = [
  event('r', null, first),
  event('c', null, second),
  event('u', first, second),
  event('u', null, first),
  event('d', first, null),
  tombstone,
  event('t', null, null),
  heartbeat,
  record(envelope(null, { op: 'c' }), { topic }),
];

export function one(name: string, config: Object, records: readonly CaseRecord[] = events, sink = false): Case {
  return { name: `${name} ${JSON.stringify(config)}`, class: `${debezium}${name}`, config, sink, records };
}
