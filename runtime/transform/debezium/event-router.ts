import type { Log } from '../../connector/context.ts';
import { option, optionSet, parseOptions } from '../../connector/options.ts';
import type { Header } from '../../record/record.ts';
import { STRING } from '../../record/schema-builder.ts';
import type { Schema } from '../../record/schema.ts';
import { struct, type StructValue, type Value } from '../../record/value.ts';
import { fieldOf } from '../field-path.ts';
import { pattern, Renaming } from '../pattern.ts';
import { requireStruct } from '../requirements.ts';
import { rejected } from '../transform-error.ts';
import type { TransformRecord } from '../transform-record.ts';
import type { Transform, TransformKind } from '../transform.ts';
import { envelopeOf, getField, getText, rowOf } from './envelope.ts';
import { expandJson, Intern } from './expand-json.ts';
import { additionalFields, OutboxSchemas, type AdditionalField } from './outbox-schema.ts';

const column = (doc: string, byDefault: string) => option.string({ doc, default: byDefault });
const optionalColumn = (doc: string) => option.string({ doc, optional: true });

const options = optionSet('EventRouter', {
  'table.op.invalid.behavior': option.oneOf(['warn', 'error', 'fatal'], {
    doc: 'What an update of the outbox table does: warn and error: it is ignored and told in the log; fatal: the record is rejected.',
    default: 'warn',
  }),
  'table.field.event.id': column('Column of the event’s id, which becomes the header id.', 'id'),
  'table.field.event.key': column('Column of the event’s key.', 'aggregateid'),
  'table.field.event.type': column('Accepted for compatibility.', 'type'),
  'table.field.event.timestamp': optionalColumn('Column of the event’s time; by default the time of the change.'),
  'table.field.event.payload': column('Column of the event’s payload.', 'payload'),
  'table.field.event.schema.version': optionalColumn('Column of the version of the payload’s schema.'),
  'table.fields.additional.placement': option.list({
    doc: 'Further columns, each as column:header, column:envelope or column:partition, with :name to name it otherwise.',
    default: [],
  }),
  'table.field.additional.missing': option.oneOf(['error', 'ignore'], {
    doc: 'Whether such a column may be missing.',
    default: 'error',
  }),
  'route.by.field': column('Column that the topic is named after.', 'aggregatetype'),
  'route.topic.regex': option.string({
    doc: 'Regular expression over its value.',
    importance: 'LOW',
    default: '(?<routedByValue>.*)',
  }),
  'route.topic.replacement': option.string({
    doc: 'Topic name; $1 and ${name} stand for groups.',
    importance: 'LOW',
    default: 'outbox.event.${routedByValue}',
  }),
  'route.tombstone.on.empty.payload': option.boolean({
    doc: 'Whether an event without payload becomes a tombstone.',
    default: false,
  }),
  'table.expand.json.payload': option.boolean({
    doc: 'Whether a payload that is a JSON text becomes a value with fields.',
    default: false,
  }),
  'table.json.payload.null.behavior': option.oneOf(['ignore', 'optional_bytes'], {
    doc: 'Whether a null in such a text is left out, or a field of optional bytes.',
    default: 'ignore',
  }),
});

export const eventRouter: TransformKind = {
  name: 'EventRouter',
  javaPackage: 'io.debezium.transforms.outbox',
  doc: 'Makes the events of an outbox table records of topics of their own.',
  options,
  sided: false,
  create: (config, _side, log) => {
    const parsed = parseOptions(options, config);
    const router = new Renaming(
      pattern('route.topic.regex', parsed['route.topic.regex']),
      parsed['route.topic.replacement'],
    );
    return new OutboxRouter({
      updates: parsed['table.op.invalid.behavior'],
      log,
      id: parsed['table.field.event.id'],
      key: parsed['table.field.event.key'],
      time: parsed['table.field.event.timestamp'] ?? null,
      payload: parsed['table.field.event.payload'],
      version: parsed['table.field.event.schema.version'] ?? null,
      additional: additionalFields(parsed['table.fields.additional.placement']),
      missingIgnored: parsed['table.field.additional.missing'] === 'ignore',
      routeBy: parsed['route.by.field'],
      router,
      tombstones: parsed['route.tombstone.on.empty.payload'],
      expand: parsed['table.expand.json.payload'],
      nullsAsBytes: parsed['table.json.payload.null.behavior'] === 'optional_bytes',
    });
  },
};

interface Settings {
  readonly updates: 'warn' | 'error' | 'fatal';
  readonly log: Log | undefined;
  readonly id: string;
  readonly key: string;
  readonly time: string | null;
  readonly payload: string;
  readonly version: string | null;
  readonly additional: readonly AdditionalField[];
  readonly missingIgnored: boolean;
  readonly routeBy: string;
  readonly router: Renaming;
  readonly tombstones: boolean;
  readonly expand: boolean;
  readonly nullsAsBytes: boolean;
}

interface Row {
  readonly schema: Schema;
  readonly value: StructValue;
}

class OutboxRouter implements Transform {
  readonly #settings: Settings;
  readonly #schemas: OutboxSchemas;
  readonly #intern = new Intern();

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#schemas = new OutboxSchemas(settings.additional, settings.missingIgnored);
  }

  apply(record: TransformRecord): TransformRecord | null {
    if (record.value === null) return null;
    const event = envelopeOf(record);
    if (event === null) return record;
    const { op } = event.value;
    if (op === 'd') return null;
    if (op === 'u') {
      return this.#update(record);
    }
    const after = rowOf(event, 'after');
    const row = { schema: after.schema, value: requireStruct(after.schema, after.value, 'Read Outbox Event') };
    this.#route(record, row, event);
    return record;
  }

  /** An outbox table is only inserted into and deleted from. */
  #update({ topic }: TransformRecord): null {
    const { updates, log } = this.#settings;
    if (updates === 'fatal') throw rejected('RECORD', 'Unexpected update message received, fail.');
    log?.[updates](`EventRouter ignores an update in ${topic}`);
    return null;
  }

  #route(record: TransformRecord, row: Row, event: Row): void {
    const { id, key, routeBy, router } = this.#settings;
    const payload = this.#payload(row);
    const timestampMs = this.#time(row, event);
    const eventId = getField(row.schema, row.value, id);
    const headers: Header[] = [
      ...record.headers,
      { key: 'id', schema: fieldOf(row.schema, id) ?? null, value: eventId },
    ];
    const topic = getText(row.schema, row.value, routeBy);
    if (topic === null) throw rejected('VALUE', `The column ${routeBy} that the topic is named after is null`);
    this.#place(record, row, payload, topic, headers);
    record.key = getField(row.schema, row.value, key);
    record.keySchema = fieldOf(row.schema, key) ?? STRING;
    record.headers = headers;
    record.timestampMs = timestampMs;
    record.topic = router.of(topic) ?? topic;
  }

  #payload({ schema, value }: Row): { readonly schema: Schema; readonly value: Value } {
    const { payload, expand, nullsAsBytes } = this.#settings;
    const own = fieldOf(schema, payload);
    if (own === undefined) throw rejected('FIELD', `Unable to find payload field ${payload} in event`);
    const item = getField(schema, value, payload);
    const expanded = expand && typeof item === 'string' ? expandJson(payload, item, nullsAsBytes, this.#intern) : null;
    return expanded ?? { schema: own, value: item };
  }

  #time({ schema, value }: Row, event: Row): number | undefined {
    const { time } = this.#settings;
    const ofChange = millis(getField(event.schema, event.value, 'ts_ms'));
    if (time === null) return ofChange;
    const own = fieldOf(schema, time);
    if (own === undefined) throw rejected('FIELD', `Unable to find timestamp field ${time} in event`);
    const found = getField(schema, value, time);
    if (found === null) return ofChange;
    const perMs = UNITS[own.name ?? ''];
    if (perMs === undefined || typeof found !== 'bigint') {
      const shown = own.name ?? `${own.type.toUpperCase()} (without logical schema name)`;
      throw rejected('TYPE', `Unsupported field type ${shown} for event timestamp`);
    }
    return Number(found / perMs);
  }

  /** Sets value, headers and partition. */
  #place(
    record: TransformRecord,
    row: Row,
    payload: { readonly schema: Schema; readonly value: Value },
    topic: string,
    headers: Header[],
  ): void {
    const { version, tombstones } = this.#settings;
    const number = version === null ? null : Number(getField(row.schema, row.value, version));
    const schema = this.#schemas.of(payload.schema, row.schema, number, topic);
    const envelope = schema === null ? null : struct({ payload: payload.value });
    record.partition = undefined;
    for (const { field, placement, alias } of this.#settings.additional) {
      const own = fieldOf(row.schema, field);
      if (own === undefined && this.#settings.missingIgnored) continue;
      const item = getField(row.schema, row.value, field);
      if (placement === 'envelope' && envelope !== null) envelope[alias] = item;
      else if (placement === 'header') headers.push({ key: alias, schema: own ?? null, value: item });
      else if (placement === 'partition') record.partition = item === null ? undefined : Number(item);
    }
    const isEmpty = payload.value === null || (typeof payload.value === 'string' && payload.value.trim() === '');
    if (isEmpty && tombstones) {
      record.valueSchema = null;
      record.value = null;
    } else {
      record.valueSchema = schema ?? payload.schema;
      record.value = envelope ?? payload.value;
    }
  }
}

const UNITS: Readonly<Record<string, bigint>> = {
  'io.debezium.time.Timestamp': 1n,
  'io.debezium.time.MicroTimestamp': 1000n,
  'io.debezium.time.NanoTimestamp': 1_000_000n,
};

function millis(value: Value): number | undefined {
  return value === null ? undefined : Number(value);
}
