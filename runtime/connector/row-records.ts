import { NO_TIMESTAMP, type RowBlock } from '../record/row-block.ts';
import type { LayoutNode } from '../record/row-layout.ts';
import type { Datum } from '../record/record.ts';
import type { SourceRecord } from './source.ts';

/** The rows of a block one by one, their values made: for samples, not for the stream (D14). */
export function rowRecords(block: RowBlock): SourceRecord[] {
  return Array.from({ length: block.count }, (_, row) => {
    const { topic, partition, key, value, headers } = block.layout(row);
    const datum = (node: LayoutNode | null): Datum | null =>
      node === null ? null : { schema: node.schema, value: block.value(row, node) };
    const timestampMs = block.timestampMs[row] ?? NO_TIMESTAMP;
    return {
      topic,
      key: datum(key),
      value: datum(value),
      headers: headers.map(({ key: name, node }) => ({
        key: name,
        schema: node.schema,
        value: block.value(row, node),
      })),
      ...(partition === undefined ? {} : { partition }),
      ...(timestampMs === NO_TIMESTAMP ? {} : { timestampMs }),
    };
  });
}
