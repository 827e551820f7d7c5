import { envelope, field, record, structOf, type Case, type CaseRecord, type Json, type Object } from './data.ts';
import { heartbeat, keySchema, one, source } from './debezium-events.ts';

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

export function outboxes(): Case[] {
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
