import { describe, expect, test } from 'vitest';
import { BatchBuilder } from '../../../../runtime/hub/batch/batch-builder.ts';
import { readBatchHeader, verifyBatch } from '../../../../runtime/hub/batch/batch-header.ts';
import { markerBatch, readMarker } from '../../../../runtime/hub/batch/control-batch.ts';
import { ATTRIBUTES_AT } from '../../../../runtime/hub/batch/format.ts';

describe('control batches', () => {
  test.each(['commit', 'abort'] as const)('a %s marker is read as it was written', (outcome) => {
    const marker = { outcome, coordinatorEpoch: 5, producerId: 1234n, producerEpoch: 6 };
    const batch = markerBatch(marker, 1_700_000_000_000);
    verifyBatch(batch);
    expect(readBatchHeader(batch)).toMatchObject({ control: true, transactional: true, count: 1, baseSequence: -1 });
    expect(readMarker(batch)).toEqual(marker);
  });

  test('key and value are those of the Java broker', () => {
    const batch = markerBatch({ outcome: 'commit', coordinatorEpoch: 1, producerId: 1n, producerEpoch: 0 }, 0);
    // length 32/2, attributes, deltas, key of 4 (version 0, type 1), value of 6 (version 0, epoch 1), no headers
    expect(batch.subarray(61).toString('hex')).toBe('2000000008000000010c00000000000100');
  });

  test('a user record whose key looks like a marker is none', () => {
    const builder = new BatchBuilder();
    builder.add(0, Buffer.alloc(4), Buffer.alloc(6));
    expect(readMarker(builder.finish())).toBeNull();
  });

  test('a control record of a type unknown here is skipped', () => {
    const builder = new BatchBuilder();
    builder.add(0, Buffer.from([0, 0, 0, 2]), Buffer.alloc(6));
    const batch = builder.finish();
    batch.writeInt16BE(0x20, ATTRIBUTES_AT);
    expect(readMarker(batch)).toBeNull();
  });

  test('a marker without its fields is corrupt', () => {
    const builder = new BatchBuilder();
    builder.add(0, Buffer.alloc(2), null);
    const batch = builder.finish();
    batch.writeInt16BE(0x20, ATTRIBUTES_AT);
    expect(() => readMarker(batch)).toThrow(expect.objectContaining({ kind: 'corrupt' }));
  });
});
