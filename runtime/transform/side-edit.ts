import type { LayoutNode, RowLayout } from '../record/row-layout.ts';
import type { Schema } from '../record/schema.ts';
import type { StructValue, Value } from '../record/value.ts';
import { structNode, type StructNode } from './layout-node.ts';
import { requireMap, requireStruct } from './requirements.ts';
import type { SchemaMemo } from './schema-memo.ts';
import type { RecordSide } from './side.ts';
import type { TransformRecord } from './transform-record.ts';
import type { Transform } from './transform.ts';

export interface SideEdit {
  readonly side: RecordSide;
  /** What the fields are looked at for, in the words of Kafka's errors. */
  readonly purpose: string;
  /** Of a value without a schema. */
  ofMap(map: ReadonlyMap<Value, Value>, record: TransformRecord): ReadonlyMap<Value, Value>;
  /** Sets the record's side to what becomes of a value with a schema, which has yet to be found a struct. */
  ofStruct(record: TransformRecord, schema: Schema, value: Value): void;
  /** {@link ofStruct} of all rows of a layout. */
  ofNode(from: StructNode, layout: RowLayout): LayoutNode;
}

/** Changes the fields of the key or the value of a record; one without a value passes. */
export function sideEdit({ side, purpose, ofMap, ofStruct, ofNode }: SideEdit): Transform {
  return {
    apply: (record) => {
      const value = side.value(record);
      if (value === null) return record;
      const schema = side.schema(record);
      if (schema === null) side.set(record, null, ofMap(requireMap(value, purpose), record));
      else ofStruct(record, schema, value);
      return record;
    },
    layout: (layout) => {
      const from = structNode(side.node(layout));
      return from === null ? layout : side.withNode(layout, ofNode(from, layout));
    },
  };
}

/** What a schema and its structs become. */
export interface StructEdit {
  readonly schema: Schema;
  apply(from: StructValue): StructValue;
  node(from: StructNode): LayoutNode;
}

/** Structs changed by a plan for each schema. */
export function byPlans(
  side: RecordSide,
  purpose: string,
  plans: SchemaMemo<StructEdit>,
): Pick<SideEdit, 'side' | 'purpose' | 'ofStruct' | 'ofNode'> {
  return {
    side,
    purpose,
    ofStruct: (record, schema, value) => {
      const from = requireStruct(schema, value, purpose);
      const plan = plans.of(schema);
      side.set(record, plan.schema, plan.apply(from));
    },
    ofNode: (from) => plans.of(from.schema).node(from),
  };
}
