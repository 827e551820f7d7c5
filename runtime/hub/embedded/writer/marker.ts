import { markerBatch, type Outcome } from '../../batch/control-batch.ts';
import { BASE_TIMESTAMP_AT, MAX_TIMESTAMP_AT } from '../../batch/format.ts';
import { sealBatch } from '../../batch/seal-batch.ts';

const nobody = { coordinatorEpoch: 0, producerId: -1n, producerEpoch: 0 };
const templates: Readonly<Record<Outcome, Buffer>> = {
  commit: markerBatch({ ...nobody, outcome: 'commit' }, 0),
  abort: markerBatch({ ...nobody, outcome: 'abort' }, 0),
};

/** `markerBatch` without building a batch for each: thousands of small transactions a second end with one. */
export function endMarker(outcome: Outcome, producerId: number, producerEpoch: number, timestampMs: number): Buffer {
  const marker = Buffer.from(templates[outcome]);
  const time = BigInt(timestampMs);
  marker.writeBigInt64BE(time, BASE_TIMESTAMP_AT);
  marker.writeBigInt64BE(time, MAX_TIMESTAMP_AT);
  sealBatch(marker, { producerId: BigInt(producerId), epoch: producerEpoch, baseSequence: -1, transactional: true });
  return marker;
}
