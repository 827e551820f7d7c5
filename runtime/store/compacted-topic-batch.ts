import { BatchBuilder } from '../hub/batch/batch-builder.ts';
import { forEachRecord } from '../hub/batch/record-cursor.ts';
import type { CompactedEntry, CompactedRecord } from './compacted-topic.ts';

/** One batch of records with text keys. */
export function encodeRecords(entries: readonly CompactedEntry[], timestampMs: number): Buffer {
  const builder = new BatchBuilder();
  for (const { key, value } of entries) {
    builder.add(timestampMs, Buffer.from(key), typeof value === 'string' ? Buffer.from(value) : value);
  }
  return builder.finish();
}

/** Calls `visit` for each record of a stored batch from `fromOffset` on; records without a key are skipped. */
export function visitRecords(
  batch: Buffer,
  partition: number,
  fromOffset: bigint,
  visit: (record: CompactedRecord) => void,
): void {
  forEachRecord(batch, (record) => {
    const key = record.key();
    if (record.offset < fromOffset || key === null) return;
    const { offset, timestampMs } = record;
    visit({ partition, offset, timestampMs, key: key.toString(), value: record.value() });
  });
}
