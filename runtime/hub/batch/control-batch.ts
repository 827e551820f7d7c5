import { corrupt } from './corrupt.ts';
import { BatchBuilder } from './batch-builder.ts';
import { ATTRIBUTES_AT, CONTROL } from './format.ts';
import { RecordCursor } from './record-cursor.ts';
import { sealBatch } from './seal-batch.ts';

export type Outcome = 'abort' | 'commit';

/** The end of one producer's transaction in a partition. */
interface Marker {
  readonly outcome: Outcome;
  readonly coordinatorEpoch: number;
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** A sealed control batch of one record that ends `producerId`'s transaction; takes one offset. */
export function markerBatch(marker: Marker, timestampMs: number): Buffer {
  const key = Buffer.alloc(4);
  key.writeInt16BE(marker.outcome === 'commit' ? 1 : 0, 2);
  const value = Buffer.alloc(6);
  value.writeInt32BE(marker.coordinatorEpoch, 2);
  const builder = new BatchBuilder();
  builder.add(timestampMs, key, value);
  const batch = builder.finish();
  batch.writeInt16BE(CONTROL, ATTRIBUTES_AT);
  const { producerId, producerEpoch } = marker;
  sealBatch(batch, { producerId, epoch: producerEpoch, baseSequence: -1, transactional: true });
  return batch;
}

/**
 * The marker in a control batch. null: a control record that ends no transaction (a type unknown
 * here, or none left after compaction), to be skipped, as Kafka's clients do.
 */
export function readMarker(batch: Buffer): Marker | null {
  const record = new RecordCursor(batch);
  const { control, producerId, producerEpoch } = record.header;
  if (!control || !record.next()) return null;
  const key = record.key();
  if (key === null || key.length < 4) throw corrupt('BATCH_MALFORMED', 'control record: a key of less than 4 bytes');
  const type = key.readInt16BE(2);
  if (type !== 0 && type !== 1) return null;
  const value = record.value();
  if (value === null || value.length < 6) {
    throw corrupt('BATCH_MALFORMED', 'control record: a value of less than 6 bytes');
  }
  return {
    outcome: type === 1 ? 'commit' : 'abort',
    coordinatorEpoch: value.readInt32BE(2),
    producerId,
    producerEpoch,
  };
}
