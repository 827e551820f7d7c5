import { option, optionSet, parseOptions } from '../../connector/options.ts';
import type { Header } from '../../record/record.ts';
import { OPTIONAL_STRING, STRING } from '../../record/schema-builder.ts';
import type { Schema } from '../../record/schema.ts';
import type { StructValue, Value } from '../../record/value.ts';
import { InsertPlan } from '../insert-plan.ts';
import { DEBEZIUM_TRANSFORMS } from '../java-packages.ts';
import { requireStruct } from '../requirements.ts';
import { SchemaMemo } from '../schema-memo.ts';
import type { TransformRecord } from '../transform-record.ts';
import type { Transform, TransformKind } from '../transform.ts';
import { FieldDropper } from './drop-fields.ts';
import { envelopeOf, getText, rowOf } from './envelope.ts';
import { fieldReferences, type FieldReference } from './field-reference.ts';

const MODES = ['drop', 'tombstone', 'rewrite', 'rewrite-with-tombstone', 'delete-to-tombstone'] as const;

const options = optionSet('ExtractNewRecordState', {
  'delete.tombstone.handling.mode': option.oneOf(MODES, {
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

type Mode = (typeof MODES)[number];
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

interface Settings {
  readonly mode: Mode;
  readonly routeBy: string | null;
  readonly fields: readonly FieldReference[];
  readonly headers: readonly FieldReference[];
  readonly dropper: FieldDropper;
  readonly replaceNull: boolean;
}

class NewState implements Transform {
  readonly #settings: Settings;
  readonly #rewrites: boolean;
  /** By the row's schema: with `__deleted`. */
  readonly #deleted: SchemaMemo<InsertPlan>;
  /** By the envelope's schema, then the row's: with `add.fields`. */
  readonly #added: SchemaMemo<SchemaMemo<InsertPlan>>;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#rewrites = settings.mode === 'rewrite' || settings.mode === 'rewrite-with-tombstone';
    const deleted = [{ path: ['__deleted'], schema: OPTIONAL_STRING, index: 0 }];
    const { replaceNull } = settings;
    this.#deleted = new SchemaMemo((schema) => new InsertPlan(schema, deleted, { replaceNull, strict: true }));
    this.#added = new SchemaMemo((envelope) => new SchemaMemo((row) => addedPlan(envelope, row, settings.fields)));
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
    if (this.#rewrites) this.#markDeleted(record, 'false');
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
    if (this.#rewrites) {
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
    const plan = this.#deleted.of(record.valueSchema as Schema);
    this.#set(record, plan.schema, plan.apply(row, [deleted]));
  }

  #route(record: TransformRecord, schema: Schema, row: StructValue): void {
    const { routeBy } = this.#settings;
    const topic = routeBy === null ? null : getText(schema, row, routeBy);
    if (topic !== null && topic.trim() !== '') record.topic = topic;
  }

  #addFields(record: TransformRecord, { schema, value }: Event): void {
    const row = requireStruct(record.valueSchema, record.value, 'source field insertion');
    const plan = this.#added.of(schema).of(record.valueSchema as Schema);
    const values = this.#settings.fields.map((reference) => reference.value(schema, value));
    // Without additions only the schema changes.
    this.#set(record, plan.schema, values.length === 0 ? row : plan.apply(row, values));
  }
}

function addedPlan(envelope: Schema, row: Schema, fields: readonly FieldReference[]): InsertPlan {
  const insertions = fields.flatMap((reference, index) => {
    const schema = reference.schema(envelope);
    return schema === undefined ? [] : [{ path: [reference.newName], schema, index }];
  });
  return new InsertPlan(row, insertions, { replaceNull: false, strict: true });
}
