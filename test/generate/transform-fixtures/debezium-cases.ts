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
const source = structOf(
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
const keySchema = structOf([field('id', 'int32')], { name: 'srv.public.orders.Key' });

const first: Object = {
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
const second: Object = {
  ...first,
  name: 'two',
  count: 5,
  at: 1720000000000000,
  zoned: '2024-07-15T23:59:59.12+02:00',
  amount: -0.1,
  ok: false,
};
const topic = 'srv.public.orders';

function event(op: string, before: Json, after: Json, more: Partial<CaseRecord> = {}): CaseRecord {
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

const tombstone = record(null, { topic, key: envelope(keySchema, { id: 1 }) });
const heartbeat = record(
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

function one(name: string, config: Object, records: readonly CaseRecord[] = events, sink = false): Case {
  return { name: `${name} ${JSON.stringify(config)}`, class: `${debezium}${name}`, config, sink, records };
}

function newState(): Case[] {
  const name = 'ExtractNewRecordState';
  const modes = ['drop', 'tombstone', 'rewrite', 'rewrite-with-tombstone', 'delete-to-tombstone'];
  const list = envelope({ type: 'array', items: { type: 'string', optional: false }, optional: false }, [
    'name',
    'id',
    'gone',
  ]);
  const listed = { headers: [{ key: 'drop', value: list }] };
  const dropping = [event('c', null, second, listed), event('d', first, null, listed), event('u', first, second)];
  return [
    one(name, {}),
    ...modes.flatMap((mode) => [
      one(name, { 'delete.tombstone.handling.mode': mode }),
      one(name, {
        'delete.tombstone.handling.mode': mode,
        'add.fields': 'op,lsn,source.ts_ms,transaction.id:tx,missing',
        'add.headers': 'op,table:t',
      }),
      one(name, { 'delete.tombstone.handling.mode': mode, 'route.by.field': 'name' }),
      one(name, { 'delete.tombstone.handling.mode': mode, 'drop.fields.header.name': 'drop' }, dropping),
      one(
        name,
        {
          'delete.tombstone.handling.mode': mode,
          'drop.fields.header.name': 'drop',
          'drop.fields.from.key': 'true',
          'drop.fields.keep.schema.compatible': 'false',
        },
        dropping,
      ),
    ]),
    one(name, { 'delete.tombstone.handling.mode': 'rewrite', 'replace.null.with.default': 'false' }),
    one(name, {
      'add.fields.prefix': 'p_',
      'add.fields': 'total_order,ts_ms,id',
      'add.headers.prefix': '',
      'add.headers': 'source.lsn:L',
    }),
    one(name, { 'route.by.field': 'gone' }),
    one(name, { 'route.by.field': 'count' }),
    one(name, { 'delete.tombstone.handling.mode': 'never' }),
  ];
}

function changed(): Case[] {
  const header = (key: string, type: string, payload: Json): Json => ({
    key,
    value: envelope({ type, optional: true }, payload),
  });
  const headers = [header('h1', 'string', 'v1'), header('h2', 'int32', 2), header('other', 'string', 'o')];
  const plain = record(
    envelope(structOf([field('a', 'int32'), { ...structOf([field('x', 'string')]), field: 'in' }], { name: 'plain' }), {
      a: 1,
      in: { x: 'y' },
    }),
    { headers },
  );
  const records = [
    plain,
    event('c', null, second, { headers }),
    { ...tombstone, headers },
    record(envelope({ type: 'string', optional: false }, 'x'), { headers }),
    event('c', null, second),
  ];
  return [
    one('ExtractChangedRecordState', { 'header.changed.name': 'Changed', 'header.unchanged.name': 'Unchanged' }),
    one('ExtractChangedRecordState', { 'header.changed.name': 'Changed' }),
    one('ExtractChangedRecordState', {}),
    ...['move', 'copy'].flatMap((operation) => [
      one('HeaderToValue', { headers: 'h1,h2', fields: 'f1,f2', operation }, records),
      one('HeaderToValue', { headers: 'h2', fields: 'a', operation }, [plain]),
      one('HeaderToValue', { headers: 'h1', fields: 'in.h', operation }, [plain]),
      one('HeaderToValue', { headers: 'h1,h2', fields: 'new.p,new.q', operation }, [plain]),
      one('HeaderToValue', { headers: 'h1', fields: 'a.b', operation }, [plain]),
      one('HeaderToValue', { headers: 'missing', fields: 'f', operation }, records),
    ]),
    one('HeaderToValue', { headers: 'h1,h2', fields: 'f1', operation: 'move' }, []),
  ];
}

function routers(): Case[] {
  const name = 'ByLogicalTableRouter';
  const route = { 'topic.regex': 'srv\\.(\\w+)\\.orders.*', 'topic.replacement': '$1.all' };
  const hashes = ['java', 'murmur'];
  const fields = [
    'change.id',
    'change.name',
    'source.table',
    'op',
    'after.amount',
    'change.ok',
    'change.at',
    'change.count,change.name',
    'gone,after.gone',
    'before.id.x',
    'change.kc',
    'change.day',
  ];
  const text = (value: string): CaseRecord => event('c', null, { ...first, name: value });
  return [
    one(name, route),
    one(name, { ...route, 'key.enforce.uniqueness': 'false' }),
    one(name, {
      ...route,
      'key.field.name': 'shard',
      'key.field.regex': '(.*)\\.orders(.*)',
      'key.field.replacement': '$1$2',
    }),
    one(name, { ...route, 'key.field.regex': 'nothing', 'key.field.replacement': '$0' }),
    one(name, { ...route, 'topic.replacement': 'a-b.1x', 'schema.name.adjustment.mode': 'avro' }),
    one(name, { ...route, 'topic.replacement': 'a-b.1x', 'schema.name.adjustment.mode': 'none' }),
    one(name, { 'topic.regex': 'other', 'topic.replacement': 'x' }),
    one(name, { ...route, 'key.field.name': 'id' }),
    ...fields.flatMap((list) =>
      hashes.map((hash) =>
        one('partitions.PartitionRouting', {
          'partition.payload.fields': list,
          'partition.topic.num': '7',
          'partition.hash.function': hash,
        }),
      ),
    ),
    ...hashes.map((hash) =>
      one(
        'partitions.PartitionRouting',
        {
          'partition.payload.fields': 'after.name',
          'partition.topic.num': '1000000007',
          'partition.hash.function': hash,
        },
        [
          '',
          'a',
          'abcdefgh',
          'abcdefghi',
          'sixteen bytes in',
          'more than sixteen bytes in it',
          'ünïcödé ☃ 𝄞',
          'the quick brown fox jumps over the lazy dog',
        ].map(text),
      ),
    ),
    one('partitions.PartitionRouting', { 'partition.payload.fields': '', 'partition.topic.num': '7' }, []),
    one('partitions.PartitionRouting', { 'partition.payload.fields': 'op', 'partition.topic.num': '0' }, []),
  ];
}

function zones(): Case[] {
  const name = 'TimezoneConverter';
  const zones = ['+08:00', '-05:30', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'UTC'];
  // Around the changes of Berlin's offset: 2024-03-31 02:00 and 2024-10-27 03:00.
  const edges = [
    1711848600000, 1711850400000, 1711852200000, 1711854000000, 1729989000000, 1729990800000, 1729992600000,
    1729994400000, -1500000000000,
  ];
  const at = (ms: number): CaseRecord => event('c', null, { ...first, ms, at: ms * 1000 + 1, kc: ms, ns: null });
  return [
    ...zones.map((zone) => one(name, { 'converted.timezone': zone })),
    ...['Europe/Berlin', 'America/New_York'].map((zone) => one(name, { 'converted.timezone': zone }, edges.map(at))),
    ...[
      'source:orders',
      'source:orders:at',
      'topic:srv.public.orders:before.ms',
      'orders:zoned',
      'topic:other',
      'source:orders:source.ts_ms',
      'source:orders:at,orders:ms',
    ].flatMap((rules) => [
      one(name, { 'converted.timezone': '+02:00', 'include.list': rules }),
      one(name, { 'converted.timezone': '+02:00', 'exclude.list': rules }),
    ]),
    one(name, { 'converted.timezone': 'Nowhere/Town' }, []),
    one(name, { 'converted.timezone': 'UTC', 'include.list': 'a:b', 'exclude.list': 'c:d' }, []),
    one(name, { 'converted.timezone': 'UTC', 'include.list': 'a:b:c:d' }, []),
  ];
}

const outbox = structOf(
  [
    field('id', 'string'),
    field('aggregatetype', 'string'),
    field('aggregateid', 'string'),
    field('type', 'string'),
    field('payload', 'string', { optional: true, name: 'io.debezium.data.Json', version: 1 }),
    field('version', 'int32', { optional: true }),
    field('occurred', 'int64', { optional: true, name: 'io.debezium.time.MicroTimestamp', version: 1 }),
    field('plain', 'int64', { optional: true }),
    field('slot', 'int32', { optional: true }),
  ],
  { name: 'srv.public.outbox.Value', optional: true },
);
const outboxEnvelope = structOf(
  [
    { ...outbox, field: 'before' },
    { ...outbox, field: 'after' },
    { ...source, field: 'source' },
    field('op', 'string'),
    field('ts_ms', 'int64', { optional: true }),
  ],
  { name: 'srv.public.outbox.Envelope' },
);

function outboxEvent(op: string, payload: Json, more: Object = {}): CaseRecord {
  const after = {
    id: 'e-1',
    aggregatetype: 'Order',
    aggregateid: '10',
    type: 'Created',
    payload,
    version: 3,
    occurred: 1709210096789012,
    plain: 5,
    slot: 2,
    ...more,
  };
  const whole = {
    before: null,
    after: op === 'd' ? null : after,
    source: { table: 'outbox', lsn: 1, ts_ms: 1, ts_us: null },
    op,
    ts_ms: 1709210096999,
  };
  return record(envelope(outboxEnvelope, whole), {
    topic: 'srv.public.outbox',
    key: envelope(keySchema, { id: 1 }),
    headers: [{ key: 'was', value: envelope({ type: 'string', optional: false }, 'here') }],
  });
}

function outboxes(): Case[] {
  const name = 'outbox.EventRouter';
  const texts = [
    '{"a":1,"b":"x","c":true,"d":2.5,"e":null,"big":12345678901}',
    '{"in":{"x":[1,2,3],"y":[]},"list":[{"p":1},{"q":"z","p":null}]}',
    '[{"a":1}]',
    '[1,2]',
    '{"mixed":[1,"a"]}',
    '{"numbers":[1,12345678901]}',
    'no json',
    '"text"',
    '{broken',
    '',
    null,
  ];
  const records = [
    outboxEvent('c', '{"a":1}'),
    outboxEvent('r', 'text'),
    outboxEvent('c', null),
    outboxEvent('c', ' '),
    outboxEvent('u', 'x'),
    outboxEvent('d', null),
    record(null),
    heartbeat,
    outboxEvent('c', 'x', { aggregatetype: 'User', slot: null, occurred: null }),
  ];
  const place = (list: string): Object => ({ 'table.fields.additional.placement': list });
  const expanding = { 'table.expand.json.payload': 'true' };
  return [
    one(name, {}, records),
    one(name, { 'route.tombstone.on.empty.payload': 'true' }, records),
    one(name, { 'table.op.invalid.behavior': 'fatal' }, [outboxEvent('u', 'x')]),
    one(name, { 'table.field.event.timestamp': 'occurred' }, records),
    one(name, { 'table.field.event.timestamp': 'plain' }, records.slice(0, 1)),
    one(name, { 'table.field.event.timestamp': 'gone' }, records.slice(0, 1)),
    one(name, { 'table.field.event.payload': 'gone' }, records.slice(0, 1)),
    one(name, { 'table.field.event.key': 'gone' }, records.slice(0, 1)),
    one(name, { 'table.field.event.id': 'gone' }, records.slice(0, 1)),
    one(
      name,
      { 'route.by.field': 'type', 'route.topic.regex': '(C)(.*)', 'route.topic.replacement': '$2-$1' },
      records,
    ),
    one(name, { 'table.field.event.key': 'plain' }, records.slice(0, 1)),
    one(name, place('type:header,version:header:v,slot:partition'), records),
    one(name, place('type:envelope,version:envelope:v'), records),
    one(name, { ...place('type:envelope'), 'table.field.event.schema.version': 'version' }, records),
    one(name, place('gone:header'), records.slice(0, 1)),
    one(name, place('gone:envelope'), records.slice(0, 1)),
    one(
      name,
      { ...place('gone:envelope,gone2:header,type:header'), 'table.field.additional.missing': 'ignore' },
      records,
    ),
    one(name, place('type'), []),
    one(
      name,
      expanding,
      texts.map((text) => outboxEvent('c', text)),
    ),
    one(
      name,
      { ...expanding, 'table.json.payload.null.behavior': 'optional_bytes' },
      texts.map((text) => outboxEvent('c', text)),
    ),
    one(
      name,
      { ...expanding, ...place('type:envelope') },
      texts.map((text) => outboxEvent('c', text)),
    ),
  ];
}

export function debeziumCases(): readonly Case[] {
  return [...newState(), ...changed(), ...routers(), ...zones(), ...outboxes()];
}
