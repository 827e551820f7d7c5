import { envelope, field, record, structOf, type Case, type CaseRecord, type Json } from './data.ts';
import { event, first, one, second, tombstone } from './debezium-events.ts';
import { outboxes } from './outbox-cases.ts';

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

export function debeziumCases(): readonly Case[] {
  return [...newState(), ...changed(), ...routers(), ...zones(), ...outboxes()];
}
