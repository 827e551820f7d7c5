import { adjustName, type NameAdjustment } from '../../change/name-adjustment.ts';
import { option, optionSet, parseOptions } from '../../connector/options.ts';
import type { LayoutNode, RowLayout } from '../../record/row-layout.ts';
import { STRING } from '../../record/schema-builder.ts';
import type { Field, Schema } from '../../record/schema.ts';
import { struct, type StructValue } from '../../record/value.ts';
import { fieldOf } from '../field-path.ts';
import { DEBEZIUM_TRANSFORMS } from '../java-packages.ts';
import { childOf, nullOf, replacingNull, retyped, structNode } from '../layout-node.ts';
import { pattern, Renaming } from '../pattern.ts';
import { requireStruct } from '../requirements.ts';
import { SchemaMemo } from '../schema-memo.ts';
import { rejected, wrongOption } from '../transform-error.ts';
import type { TransformRecord } from '../transform-record.ts';
import type { Transform, TransformKind } from '../transform.ts';
import { envelopeOf, eventNode } from './envelope.ts';

const options = optionSet('ByLogicalTableRouter', {
  'topic.regex': option.string({ doc: 'Regular expression over the whole topic name.', importance: 'HIGH' }),
  'topic.replacement': option.string({ doc: 'New topic name; $1 and ${name} stand for groups.', importance: 'HIGH' }),
  'key.enforce.uniqueness': option.boolean({
    doc: 'Whether the key gets a field that tells the physical tables apart.',
    importance: 'LOW',
    default: true,
  }),
  'key.field.name': option.string({
    doc: 'Name of that field.',
    importance: 'LOW',
    default: '__dbz__physicalTableIdentifier',
  }),
  'key.field.regex': option.string({
    doc: 'Regular expression over the old topic name, from which the field’s value is made; by default the whole name.',
    importance: 'LOW',
    optional: true,
  }),
  'key.field.replacement': option.string({
    doc: 'The field’s value; $1 and ${name} stand for groups of key.field.regex.',
    importance: 'LOW',
    optional: true,
  }),
  'schema.name.adjustment.mode': option.oneOf(['none', 'avro', 'avro_unicode'], {
    doc: 'How schema names are made valid for Avro.',
    importance: 'LOW',
    default: 'none',
  }),
  'logical.table.cache.size': option.int({
    doc: 'Accepted for compatibility.',
    importance: 'LOW',
    default: 16,
  }),
});

export const byLogicalTableRouter: TransformKind = {
  name: 'ByLogicalTableRouter',
  javaPackage: DEBEZIUM_TRANSFORMS,
  doc: 'Sends the changes of several tables to one topic; the key can tell the tables apart.',
  options,
  sided: false,
  create: (config) => {
    const parsed = parseOptions(options, config);
    const keyRegex = parsed['key.field.regex']?.trim() ?? '';
    const keyReplacement = parsed['key.field.replacement']?.trim() ?? '';
    if (keyRegex !== '' && keyReplacement === '') {
      throw wrongOption('key.field.replacement', 'key.field.replacement must be non-empty if key.field.regex is set.');
    }
    return new TableRouter({
      topic: new Renaming(pattern('topic.regex', parsed['topic.regex']), parsed['topic.replacement']),
      keyField: parsed['key.enforce.uniqueness'] ? parsed['key.field.name'] : null,
      identifier: keyRegex === '' ? null : new Renaming(pattern('key.field.regex', keyRegex), keyReplacement),
      adjustment: parsed['schema.name.adjustment.mode'],
    });
  },
};

interface Settings {
  readonly topic: Renaming;
  /** Field of the key that names the table; null: the key stays. */
  readonly keyField: string | null;
  readonly identifier: Renaming | null;
  readonly adjustment: NameAdjustment;
}

/** Schemas of one logical table. */
interface Target {
  readonly keys: SchemaMemo<Schema>;
  readonly envelopes: SchemaMemo<Schema>;
}

const MOST_TARGETS = 10_000;

class TableRouter implements Transform {
  readonly #settings: Settings;
  readonly #targets = new Map<string, Target>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  apply(record: TransformRecord): TransformRecord {
    const oldTopic = record.topic;
    const topic = this.#settings.topic.of(oldTopic);
    if (topic === null || topic === '') return record;
    const target = this.#target(topic);
    this.#key(record, oldTopic, target);
    record.topic = topic;
    const event = envelopeOf(record);
    if (event === null) return record;
    record.valueSchema = target.envelopes.of(event.schema);
    record.value = withDefaults(event.schema, event.value);
    return record;
  }

  layout(layout: RowLayout): RowLayout {
    const topic = this.#settings.topic.of(layout.topic);
    if (topic === null || topic === '') return layout;
    const target = this.#target(topic);
    const routed = { ...layout, topic, key: this.#keyNode(layout, target) };
    const event = eventNode(layout);
    if (event === null) return routed;
    const schema = target.envelopes.of(event.schema);
    const fields = (event.schema.fields ?? []).map((field): LayoutNode => {
      return replacingNull(childOf(event, field.name) ?? nullOf(field.schema), field.schema.defaultValue ?? null);
    });
    return { ...routed, value: retyped({ ...event, fields }, schema) };
  }

  #keyNode({ topic, key }: RowLayout, target: Target): LayoutNode | null {
    const old = structNode(key);
    if (old === null) return null;
    const { keyField, identifier } = this.#settings;
    const schema = target.keys.of(old.schema);
    if (keyField === null) return retyped(old, schema);
    const added: LayoutNode = { kind: 'constant', schema: STRING, value: identifier?.of(topic) ?? topic };
    return { kind: 'struct', schema, fields: [...old.fields, added] };
  }

  #key(record: TransformRecord, oldTopic: string, target: Target): void {
    const { keySchema, key } = record;
    if (key === null) {
      record.keySchema = null;
      return;
    }
    const old = requireStruct(keySchema, key, 'Updating schema');
    if (keySchema === null) throw rejected('SCHEMA', 'Schema required for [Updating schema]');
    const { keyField, identifier } = this.#settings;
    record.keySchema = target.keys.of(keySchema);
    record.key =
      keyField === null ? old : Object.assign(struct(old), { [keyField]: identifier?.of(oldTopic) ?? oldTopic });
  }

  #target(topic: string): Target {
    const known = this.#targets.get(topic);
    if (known !== undefined) return known;
    if (this.#targets.size >= MOST_TARGETS) this.#targets.clear();
    const { keyField, adjustment } = this.#settings;
    const name = (suffix: string): string => adjustName(`${topic}.${suffix}`, adjustment, 'schema');
    const target: Target = {
      keys: new SchemaMemo((schema) => keySchema(schema, name('Key'), keyField)),
      envelopes: new SchemaMemo((schema) => envelopeSchema(schema, name)),
    };
    this.#targets.set(topic, target);
    return target;
  }
}

function renamed(schema: Schema, name: string, fields: readonly Field[]): Schema {
  const { defaultValue: _, ...kept } = schema;
  return { ...kept, name, fields };
}

function keySchema(schema: Schema, name: string, keyField: string | null): Schema {
  const fields = schema.fields ?? [];
  if (keyField !== null && fieldOf(schema, keyField) !== undefined) {
    throw rejected('FIELD', `Cannot create field because of field name duplication ${keyField}`);
  }
  return renamed(schema, name, keyField === null ? fields : [...fields, { name: keyField, schema: STRING }]);
}

function envelopeSchema(schema: Schema, name: (suffix: string) => string): Schema {
  const before = fieldOf(schema, 'before');
  if (before === undefined) throw rejected('FIELD', 'Unknown field: before');
  const row = renamed(before, name('Value'), before.fields ?? []);
  const fields = (schema.fields ?? []).map((field): Field => {
    return field.name === 'before' || field.name === 'after' ? { name: field.name, schema: row } : field;
  });
  return renamed(schema, name('Envelope'), fields);
}

/** The envelope with the defaults of its own fields; rows stay as they are. */
function withDefaults(schema: Schema, value: StructValue): StructValue {
  const made = struct();
  for (const { name, schema: own } of schema.fields ?? []) {
    made[name] = value[name] ?? own.defaultValue ?? null;
  }
  return made;
}
