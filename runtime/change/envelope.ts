import { cellNode, constantNode, textNode } from '../record/layout-nodes.ts';
import type { LayoutNode } from '../record/row-layout.ts';
import { field, structOf, INT64, OPTIONAL_INT64, STRING } from '../record/schema-builder.ts';
import type { Field, Schema } from '../record/schema.ts';
import { digits, millisOfMicros, nanosOfMicros, text } from './meta-codecs.ts';

/** Operations of the change envelope: create, read (snapshot), update, delete, truncate, message. */
export type Op = 'c' | 'r' | 'u' | 'd' | 't' | 'm';

/** `source.snapshot` (`io.debezium.connector.SnapshotRecord`). */
export const SNAPSHOT: Schema = {
  type: 'string',
  optional: true,
  name: 'io.debezium.data.Enum',
  version: 1,
  parameters: { allowed: 'true,first,first_in_data_collection,last_in_data_collection,last,false,incremental' },
  defaultValue: 'false',
};

/** `transaction` of an envelope. */
export const TRANSACTION_BLOCK = structOf(
  [field('id', STRING), field('total_order', INT64), field('data_collection_order', INT64)],
  { optional: true, name: 'event.block', version: 1 },
);

/** What the envelopes of all tables of a connector have in common. */
export interface EnvelopeParts {
  /** The `source` block of one table, in snapshot records and in the others. */
  source(schema: string, table: string): { readonly read: LayoutNode; readonly stream: LayoutNode };
  /** The `transaction` block. */
  readonly transaction: LayoutNode;
  /** Meta cell of the time the connector made the record: digits of epoch microseconds. */
  readonly eventUs: number;
}

/** Meta cells of the `transaction` block. */
export interface TransactionCells {
  /** The `id`; NULL: no transaction block. */
  readonly transactionId: number;
  readonly totalOrder: number;
  readonly collectionOrder: number;
}

/** The `transaction` block from three meta cells; null where the first is. Without cells: always null. */
export function transactionNode(cells?: TransactionCells): LayoutNode {
  if (cells === undefined) return constantNode(TRANSACTION_BLOCK, null);
  return {
    kind: 'struct',
    schema: TRANSACTION_BLOCK,
    presentIf: cells.transactionId,
    fields: [
      cellNode(cells.transactionId, STRING, text),
      cellNode(cells.totalOrder, INT64, digits),
      cellNode(cells.collectionOrder, INT64, digits),
    ],
  };
}

/** `<name>.Envelope` over a table's images. `before` and `after` are optional structs. */
export function envelopeSchema(name: string, before: Schema, after: Schema, source: Schema): Schema {
  const fields: readonly Field[] = [
    { name: 'before', schema: before },
    { name: 'after', schema: after },
    { name: 'source', schema: source },
    { name: 'transaction', schema: TRANSACTION_BLOCK },
    { name: 'op', schema: STRING },
    { name: 'ts_ms', schema: OPTIONAL_INT64 },
    { name: 'ts_us', schema: OPTIONAL_INT64 },
    { name: 'ts_ns', schema: OPTIONAL_INT64 },
  ];
  return { type: 'struct', optional: false, name, version: 2, fields };
}

/** An envelope node; `schema` from {@link envelopeSchema}. */
export function envelopeNode(
  schema: Schema,
  op: Op,
  before: LayoutNode,
  after: LayoutNode,
  source: LayoutNode,
  parts: EnvelopeParts,
): LayoutNode {
  const time = (codec: typeof digits): LayoutNode => cellNode(parts.eventUs, OPTIONAL_INT64, codec);
  return {
    kind: 'struct',
    schema,
    fields: [
      before,
      after,
      source,
      parts.transaction,
      textNode(op),
      time(millisOfMicros),
      time(digits),
      time(nanosOfMicros),
    ],
  };
}
