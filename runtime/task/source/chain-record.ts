import type { SourceRecord } from '../../connector/source.ts';
import { NO_TIMESTAMP, type RowBlock } from '../../record/row-block.ts';
import type { LayoutNode, RowLayout } from '../../record/row-layout.ts';
import type { Value } from '../../record/value.ts';
import { datumOf } from '../../transform/side.ts';
import { TransformRecord } from '../../transform/transform-record.ts';
import type { EncodableRecord } from './record-encoder.ts';

/** As the encoder takes it. A record that a chain made null is a tombstone in the hub, whatever schema it still has. */
export function encodable(record: TransformRecord): EncodableRecord {
  return {
    topic: record.topic,
    partition: record.partition,
    key: datumOf(record.keySchema, record.key),
    value: datumOf(record.valueSchema, record.value),
    headers: record.headers,
    timestampMs: record.timestampMs,
  };
}

/** A connector's record as a chain takes it. */
export function fromRecord(record: SourceRecord): TransformRecord {
  return new TransformRecord({
    topic: record.topic,
    partition: record.partition,
    keySchema: record.key?.schema ?? null,
    key: record.key?.value ?? null,
    valueSchema: record.value?.schema ?? null,
    value: record.value?.value ?? null,
    headers: record.headers ?? [],
    timestampMs: record.timestampMs,
  });
}

/** A row as values. */
export function fromRow(block: RowBlock, row: number, layout: RowLayout): TransformRecord {
  const time = block.timestampMs[row] ?? NO_TIMESTAMP;
  const value = (node: LayoutNode | null): Value => (node === null ? null : block.value(row, node));
  return new TransformRecord({
    topic: layout.topic,
    partition: layout.partition,
    keySchema: layout.key?.schema ?? null,
    key: value(layout.key),
    valueSchema: layout.value?.schema ?? null,
    value: value(layout.value),
    headers: layout.headers.map(({ key, node }) => ({ key, schema: node.schema, value: block.value(row, node) })),
    timestampMs: time === NO_TIMESTAMP ? undefined : time,
  });
}
