import type { BatchHeader } from '../../batch/batch-header.ts';
import { compress } from '../../batch/compression.ts';
import { BATCH_LENGTH_AT, COUNT_AT, HEADER_BYTES, LENGTH_OVERHEAD } from '../../batch/format.ts';
import { RecordCursor } from '../../batch/record-cursor.ts';
import { sealBatch } from '../../batch/seal-batch.ts';

export type Verdict = 'keep' | 'drop';

/**
 * The batch without the records that are dropped: the same one where none is, null where all are.
 * What stays keeps its bytes, and the batch its offsets, times and producer.
 */
export function rewriteBatch(
  batch: Buffer,
  header: BatchHeader,
  judge: (record: RecordCursor) => Verdict,
): Buffer | null {
  const record = new RecordCursor(batch);
  const kept: Buffer[] = [];
  let at = header.compression === 'none' ? HEADER_BYTES : 0;
  let dropped = 0;
  while (record.next()) {
    const end = record.headersAt + record.headersLength;
    if (judge(record) === 'keep') kept.push(record.bytes.subarray(at, end));
    else dropped++;
    at = end;
  }
  if (dropped === 0) return batch;
  if (kept.length === 0) return null;
  const plain = Buffer.concat(kept);
  const records = header.compression === 'none' ? plain : compress(header.compression, plain);
  const rewritten = Buffer.allocUnsafeSlow(HEADER_BYTES + records.length);
  batch.copy(rewritten, 0, 0, HEADER_BYTES);
  rewritten.set(records, HEADER_BYTES);
  rewritten.writeInt32BE(rewritten.length - LENGTH_OVERHEAD, BATCH_LENGTH_AT);
  rewritten.writeInt32BE(kept.length, COUNT_AT);
  sealBatch(rewritten);
  return rewritten;
}
