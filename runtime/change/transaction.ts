import type { CellCodec } from '../record/cell-codec.ts';
import { cellNode, constantNode, textNode } from '../record/layout-nodes.ts';
import type { LayoutNode, RowLayout } from '../record/row-layout.ts';
import { field, structOf, INT64, OPTIONAL_INT64, STRING } from '../record/schema-builder.ts';
import type { Schema } from '../record/schema.ts';
import { struct } from '../record/value.ts';
import { digits, millisOfMicros, text } from './meta-codecs.ts';

const KEY = structOf([field('id', STRING)], {
  name: 'io.debezium.connector.common.TransactionMetadataKey',
  version: 1,
});
const COLLECTION = structOf([field('data_collection', STRING), field('event_count', INT64)], {
  optional: true,
  name: 'event.collection',
  version: 1,
});
const COLLECTIONS: Schema = { type: 'array', optional: true, valueSchema: COLLECTION };
const VALUE = structOf(
  [
    field('status', STRING),
    field('id', STRING),
    field('event_count', OPTIONAL_INT64),
    field('data_collections', COLLECTIONS),
    field('ts_ms', INT64),
  ],
  { name: 'io.debezium.connector.common.TransactionMetadataValue', version: 1 },
);

/** Cells of a transaction record. */
const TRANSACTION_CELL = {
  /** Text. */
  id: 0,
  /** Digits of epoch microseconds: when the transaction was committed. */
  commitUs: 1,
  /** Digits. END only. */
  eventCount: 2,
  /** JSON from {@link TransactionCounts.collections}. END only. */
  collections: 3,
} as const;

const collections: CellCodec = {
  schema: COLLECTIONS,
  json: () => (bytes, at, length, writer) => writer.copy(bytes, at, length),
  value: (bytes, at, length) => {
    const parsed = JSON.parse(bytes.toString('utf8', at, at + length)) as {
      data_collection: string;
      event_count: number;
    }[];
    return parsed.map(({ data_collection, event_count }) =>
      struct({ data_collection, event_count: BigInt(event_count) }),
    );
  },
};

/** BEGIN and END records of the transaction topic (`provide.transaction.metadata`). */
export function transactionLayouts(topic: string): { readonly begin: RowLayout; readonly end: RowLayout } {
  const layout = (status: 'BEGIN' | 'END'): RowLayout => {
    const end = status === 'END';
    const id: LayoutNode = cellNode(TRANSACTION_CELL.id, STRING, text);
    const cell = (index: number, schema: Schema, codec: CellCodec): LayoutNode =>
      end ? cellNode(index, schema, codec) : constantNode(schema, null);
    return {
      topic,
      key: { kind: 'struct', schema: KEY, fields: [id] },
      value: {
        kind: 'struct',
        schema: VALUE,
        fields: [
          textNode(status),
          id,
          cell(TRANSACTION_CELL.eventCount, OPTIONAL_INT64, digits),
          cell(TRANSACTION_CELL.collections, COLLECTIONS, collections),
          cellNode(TRANSACTION_CELL.commitUs, INT64, millisOfMicros),
        ],
      },
      headers: [],
      cells: end ? 4 : 2,
    };
  };
  return { begin: layout('BEGIN'), end: layout('END') };
}

/** Counts the events of one transaction for its END record and the `transaction` blocks. */
export class TransactionCounts {
  total = 0;
  readonly #counts = new Map<string, number>();

  /**
   * Counts an event of a table, or of none (''); returns its number among the table's events, from
   * 1. {@link total} is its number among all.
   */
  count(table: string): number {
    this.total++;
    const order = (this.#counts.get(table) ?? 0) + 1;
    this.#counts.set(table, order);
    return order;
  }

  /** `data_collections` of the END record as JSON, tables in the order of their first event. */
  collections(): string {
    const tables = [...this.#counts].filter(([table]) => table !== '');
    return JSON.stringify(tables.map(([table, count]) => ({ data_collection: table, event_count: count })));
  }

  clear(): void {
    this.total = 0;
    this.#counts.clear();
  }
}
