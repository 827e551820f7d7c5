import { option, optionSet, parseOptions, type RawConfig } from '../../connector/options.ts';
import { timestampType } from '../../record/logical-types.ts';
import type { LayoutNode, RowLayout } from '../../record/row-layout.ts';
import { primitive } from '../../record/schema-builder.ts';
import type { Schema } from '../../record/schema.ts';
import type { Value } from '../../record/value.ts';
import { replaceNull } from './replace-null-option.ts';
import { editedMap, fieldPath, fieldSyntax, syntaxOf, type FieldPath } from '../field-path.ts';
import { InsertPlan } from '../insert-plan.ts';
import { NeedsValues } from '../layout-node.ts';
import { KAFKA_TRANSFORMS } from '../java-packages.ts';
import { SchemaMemo } from '../schema-memo.ts';
import { requireStruct } from '../requirements.ts';
import { sideEdit } from '../side-edit.ts';
import { sideOf } from '../side.ts';
import { rejected, wrongOption } from '../transform-error.ts';
import type { TransformRecord } from '../transform-record.ts';
import type { TransformKind } from '../transform.ts';

const PURPOSE = 'field insertion';
const OPTIONALITY = 'A name that ends with ! makes the field required, one with ? (or neither) optional.';

function target(what: string) {
  return option.string({ doc: `Field for ${what}. ${OPTIONALITY}`, optional: true });
}

const options = optionSet('InsertField', {
  'topic.field': target('the topic name'),
  'partition.field': target('the topic partition, where it is known'),
  'offset.field': target('the offset; in sinks only'),
  'timestamp.field': target('the record’s time, where it has one'),
  'static.field': target('a fixed text'),
  'static.value': option.string({ doc: 'The fixed text.', optional: true }),
  ...replaceNull,
  ...fieldSyntax,
});

interface Inserted {
  readonly path: FieldPath;
  readonly schema: Schema;
  /** undefined: the record has no such thing. */
  value(record: TransformRecord): Value | undefined;
  /** The same for all rows of a layout; undefined: it differs. */
  ofLayout(layout: RowLayout): Value | undefined;
}

export const insertField: TransformKind = {
  name: 'InsertField',
  javaPackage: KAFKA_TRANSFORMS,
  doc: 'Adds fields: topic, partition, offset, time, or a fixed text.',
  options,
  sided: true,
  create: (config, name) => {
    const { 'replace.null.with.default': withDefaults } = parseOptions(options, config);
    const inserted = insertedFields(config);
    const side = sideOf(name);
    const plans = new SchemaMemo((schema) => {
      const insertions = inserted.map(({ path, schema: own }, index) => ({ path, schema: own, index }));
      return new InsertPlan(schema, insertions, { replaceNull: withDefaults, strict: true });
    });
    return sideEdit({
      side,
      purpose: PURPOSE,
      ofMap: (map, record) => inMap(map, inserted, record),
      ofStruct: (record, schema, value) => {
        const from = requireStruct(schema, value, PURPOSE);
        const plan = plans.of(schema);
        const values = inserted.map((one) => one.value(record) ?? null);
        side.set(record, plan.schema, plan.apply(from, values));
      },
      ofNode: (from, layout) => {
        const nodes = inserted.map((one) => constantOf(one, layout));
        return plans.of(from.schema).node(from, nodes);
      },
    });
  },
};

function constantOf({ schema, ofLayout }: Inserted, layout: RowLayout): LayoutNode {
  const value = ofLayout(layout);
  if (value === undefined) throw new NeedsValues();
  return { kind: 'constant', schema, value };
}

function inMap(
  map: ReadonlyMap<Value, Value>,
  inserted: readonly Inserted[],
  record: TransformRecord,
): ReadonlyMap<Value, Value> {
  const present = inserted.flatMap(({ path, value }) => {
    const own = value(record);
    return own === undefined ? [] : [{ path, own: typeof own === 'bigint' ? untyped(own) : own }];
  });
  const values = new Map(present.map(({ path, own }) => [path, own]));
  return editedMap(
    map,
    [...values.keys()],
    (path) => (holder, name) => void holder.set(name, values.get(path) ?? null),
  );
}

function untyped(value: bigint): Value {
  const asNumber = Number(value);
  return Number.isSafeInteger(asNumber) ? asNumber : value;
}

function insertedFields(config: RawConfig): readonly Inserted[] {
  const parsed = parseOptions(options, config);
  const { 'static.value': text } = parsed;
  if (parsed['static.field'] !== undefined && text === undefined) {
    throw wrongOption('static.value', `No value specified for static field: ${parsed['static.field']}`);
  }
  const kinds = [
    [
      'topic.field',
      (optional: boolean) => primitive('string', { optional }),
      (record: TransformRecord) => record.topic,
      (layout: RowLayout) => layout.topic,
    ],
    [
      'partition.field',
      (optional: boolean) => primitive('int32', { optional }),
      (record: TransformRecord) => record.partition,
      (layout: RowLayout) => layout.partition ?? null,
    ],
    ['offset.field', (optional: boolean) => primitive('int64', { optional }), offsetOf, differs],
    ['timestamp.field', (optional: boolean) => timestampType({ optional }), timeOf, differs],
    ['static.field', (optional: boolean) => primitive('string', { optional }), () => text, () => text],
  ] as const;
  const syntax = syntaxOf(config);
  const inserted = kinds.flatMap(([key, schema, value, ofLayout]): Inserted[] => {
    const written = parsed[key];
    if (written === undefined) return [];
    const suffixed = written.endsWith('!') || written.endsWith('?');
    const path = fieldPath(suffixed ? written.slice(0, -1) : written, syntax, key);
    return [{ path, schema: schema(!written.endsWith('!')), value, ofLayout }];
  });
  if (inserted.length === 0)
    throw wrongOption('topic.field', 'No field insertion configured', 'Set one of the …field options.');
  return inserted;
}

function differs(): undefined {
  return undefined;
}

function offsetOf({ offset }: TransformRecord): Value {
  if (offset !== undefined) return offset;
  const found = 'org.apache.kafka.connect.source.SourceRecord';
  throw rejected('RECORD', `Only SinkRecord supported for [${PURPOSE}], found: ${found}`);
}

function timeOf({ timestampMs }: TransformRecord): Value | undefined {
  return timestampMs === undefined ? undefined : BigInt(timestampMs);
}
