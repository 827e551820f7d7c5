import type { Datum } from '../record/record.ts';
import type { LayoutNode, RowLayout } from '../record/row-layout.ts';
import type { Schema } from '../record/schema.ts';
import type { Value } from '../record/value.ts';
import type { TransformRecord } from './transform-record.ts';
import type { Side } from './transform.ts';

/** Key or value of a record. */
export interface RecordSide {
  schema(record: TransformRecord): Schema | null;
  value(record: TransformRecord): Value;
  set(record: TransformRecord, schema: Schema | null, value: Value): void;
  node(layout: RowLayout): LayoutNode | null;
  withNode(layout: RowLayout, node: LayoutNode | null): RowLayout;
}

const KEY: RecordSide = {
  schema: (record) => record.keySchema,
  value: (record) => record.key,
  set: (record, schema, value) => {
    record.keySchema = schema;
    record.key = value;
  },
  node: (layout) => layout.key,
  withNode: (layout, key) => ({ ...layout, key }),
};

const VALUE: RecordSide = {
  schema: (record) => record.valueSchema,
  value: (record) => record.value,
  set: (record, schema, value) => {
    record.valueSchema = schema;
    record.value = value;
  },
  node: (layout) => layout.value,
  withNode: (layout, value) => ({ ...layout, value }),
};

export function sideOf(side: Side): RecordSide {
  return side === 'key' ? KEY : VALUE;
}

/** As the converters take it; null where there is neither schema nor value. */
export function datumOf(schema: Schema | null, value: Value): Datum | null {
  return value === null ? null : { schema, value };
}
