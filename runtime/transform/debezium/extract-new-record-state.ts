import { option, optionSet, parseOptions } from '../../connector/options.ts';
import type { Header } from '../../record/record.ts';
import type { RowLayout } from '../../record/row-layout.ts';
import { STRING } from '../../record/schema-builder.ts';
import type { Schema } from '../../record/schema.ts';
import type { StructValue, Value } from '../../record/value.ts';
import { DEBEZIUM_TRANSFORMS } from '../java-packages.ts';
import { requireStruct } from '../requirements.ts';
import type { TransformRecord } from '../transform-record.ts';
import type { Transform, TransformKind } from '../transform.ts';
import { FieldDropper } from './drop-fields.ts';
import { envelopeOf, getText, rowOf } from './envelope.ts';
import { fieldReferences } from './field-reference.ts';
import { newStateLayout } from './new-state-layout.ts';
import { DELETE_MODES, NewStatePlans, type NewStateSettings } from './new-state-plans.ts';

const options = optionSet('ExtractNewRecordState', {
  'delete.tombstone.handling.mode': option.oneOf(DELETE_MODES, {
    doc: 'What becomes of deletes and of the tombstones after them. drop: nothing; tombstone: the delete becomes a tombstone; rewrite: the row before, with __deleted; rewrite-with-tombstone: both; delete-to-tombstone: the delete becomes a tombstone without schema.',
    default: 'tombstone',
  }),
  'route.by.field': option.string({
    doc: 'Column whose value becomes the topic name.',
    importance: 'LOW',
    default: '',
  }),
  'add.fields.prefix': option.string({
    doc: 'Stands before the names of added fields.',
    importance: 'LOW',
    default: '__',
  }),
  'add.fields': option.list({
    doc: 'Fields of the event to add to the row: op, lsn, source.ts_ms, each with :name to name it otherwise.',
    importance: 'LOW',
    default: [],
  }),
  'add.headers.prefix': option.string({
    doc: 'Stands before the names of added headers.',
    importance: 'LOW',
    default: '__',
  }),
  'add.headers': option.list({ doc: 'Fields of the event to add as headers.', importance: 'LOW', default: [] }),
  'drop.fields.header.name': option.string({
    doc: 'Header that lists fields to remove.',
    importance: 'LOW',
    optional: true,
  }),
  'drop.fields.from.key': option.boolean({
    doc: 'Whether they are removed from the key too.',
    importance: 'LOW',
    default: false,
  }),
  'drop.fields.keep.schema.compatible': option.boolean({
    doc: 'Whether only optional fields are removed.',
    importance: 'LOW',
    default: true,
  }),
  'replace.null.with.default': option.boolean({
    doc: 'Whether, when rewriting, a null of a field that has a default is taken as that default.',
    importance: 'LOW',
    default: true,
  }),
});

type Event = NonNullable<ReturnType<typeof envelopeOf>>;

export const extractNewRecordState: TransformKind = {
  name: 'ExtractNewRecordState',
  javaPackage: DEBEZIUM_TRANSFORMS,
  doc: 'Puts the row in the place of the change event.',
  options,
  sided: false,
  create: (config) => {
    const parsed = parseOptions(options, config);
    return new NewState({
      mode: parsed['delete.tombstone.handling.mode'],
      routeBy: nonBlank(parsed['route.by.field']),
      fields: fieldReferences('add.fields', parsed['add.fields.prefix'], parsed['add.fields']),
      headers: fieldReferences('add.headers', parsed['add.headers.prefix'], parsed['add.headers']),
      dropper: new FieldDropper({
        header: nonBlank(parsed['drop.fields.header.name']),
        fromKey: parsed['drop.fields.from.key'],
        optionalOnly: parsed['drop.fields.keep.schema.compatible'],
      }),
      replaceNull: parsed['replace.null.with.default'],
    });
  },
};

function nonBlank(text: string | undefined): string | null {
  return text === undefined || text.trim() === '' ? null : text;
}

class NewState implements Transform {
  readonly #settings: NewStateSettings;
  readonly #plans: NewStatePlans;

  constructor(settings: NewStateSettings) {
    this.#settings = settings;
    this.#plans = new NewStatePlans(settings);
  }

  layout(layout: RowLayout): RowLayout | null {
    return newStateLayout(layout, this.#settings, this.#plans);
  }

  apply(record: TransformRecord): TransformRecord | null {
    const event = envelopeOf(record);
    if (record.value === null) return this.#tombstone(record);
    if (event === null) return record;
    this.#addHeaders(record, event);
    const after = rowOf(event, 'after');
    const before = rowOf(event, 'before');
    if (after.value !== null) return this.#row(record, event, after.schema, after.value);
    return before.value === null ? null : this.#delete(record, event, before.schema, before.value, after.schema);
  }

  #tombstone(record: TransformRecord): TransformRecord | null {
    const ops = this.#settings.headers.filter(({ field }) => field === 'op');
    if (this.#settings.mode !== 'rewrite-with-tombstone') return null;
    if (ops.length > 0) {
      record.headers = [...record.headers, ...ops.map(({ newName }) => ({ key: newName, schema: STRING, value: 'd' }))];
    }
    return record;
  }

  #addHeaders(record: TransformRecord, { schema, value }: Event): void {
    const added = this.#settings.headers.flatMap((reference): Header[] => {
      const own = reference.schema(schema);
      return own === undefined ? [] : [{ key: reference.newName, schema: own, value: reference.value(schema, value) }];
    });
    if (added.length > 0) record.headers = [...record.headers, ...added];
  }

  #row(record: TransformRecord, event: Event, schema: Schema, value: StructValue): TransformRecord {
    this.#set(record, schema, value);
    if (this.#plans.rewrites) this.#markDeleted(record, 'false');
    this.#route(record, schema, value);
    this.#addFields(record, event);
    this.#settings.dropper.apply(record);
    return record;
  }

  #delete(
    record: TransformRecord,
    event: Event,
    schema: Schema,
    value: StructValue,
    afterSchema: Schema,
  ): TransformRecord | null {
    if (this.#settings.mode === 'drop') return null;
    if (this.#plans.rewrites) {
      this.#set(record, schema, value);
      this.#markDeleted(record, 'true');
    } else {
      this.#set(record, this.#settings.mode === 'tombstone' ? afterSchema : null, null);
    }
    this.#route(record, schema, value);
    this.#settings.dropper.apply(record);
    if (record.value !== null) this.#addFields(record, event);
    return record;
  }

  #set(record: TransformRecord, schema: Schema | null, value: Value): void {
    record.valueSchema = schema;
    record.value = value;
  }

  #markDeleted(record: TransformRecord, deleted: string): void {
    const row = requireStruct(record.valueSchema, record.value, 'field insertion');
    const plan = this.#plans.deleted.of(record.valueSchema as Schema);
    this.#set(record, plan.schema, plan.apply(row, [deleted]));
  }

  #route(record: TransformRecord, schema: Schema, row: StructValue): void {
    const { routeBy } = this.#settings;
    const topic = routeBy === null ? null : getText(schema, row, routeBy);
    if (topic !== null && topic.trim() !== '') record.topic = topic;
  }

  #addFields(record: TransformRecord, { schema, value }: Event): void {
    const row = requireStruct(record.valueSchema, record.value, 'source field insertion');
    const plan = this.#plans.added.of(schema).of(record.valueSchema as Schema);
    const values = this.#settings.fields.map((reference) => reference.value(schema, value));
    // Without additions only the schema changes.
    this.#set(record, plan.schema, values.length === 0 ? row : plan.apply(row, values));
  }
}
