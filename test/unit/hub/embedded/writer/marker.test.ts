import { expect, it } from 'vitest';
import { verifyBatch } from '../../../../../runtime/hub/batch/batch-header.ts';
import { markerBatch, readMarker } from '../../../../../runtime/hub/batch/control-batch.ts';
import { endMarker } from '../../../../../runtime/hub/embedded/writer/marker.ts';

it.each(['commit', 'abort'] as const)(
  'ends a transaction with the same bytes as a marker built anew: %s',
  (outcome) => {
    const marker = endMarker(outcome, 4711, 12, 1_700_000_000_123);
    verifyBatch(marker);
    const built = { outcome, coordinatorEpoch: 0, producerId: 4711n, producerEpoch: 12 };
    expect(readMarker(marker)).toEqual(built);
    expect(marker).toEqual(markerBatch(built, 1_700_000_000_123));
  },
);
