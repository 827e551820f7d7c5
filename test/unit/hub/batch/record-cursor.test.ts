import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BatchBuilder } from '../../../../runtime/hub/batch/batch-builder.ts';
import { readBatchHeader, verifyBatch } from '../../../../runtime/hub/batch/batch-header.ts';
import { COMPRESSIONS, COUNT_AT, HEADER_BYTES, LAST_OFFSET_DELTA_AT } from '../../../../runtime/hub/batch/format.ts';
import { forEachRecord, RecordCursor, records } from '../../../../runtime/hub/batch/record-cursor.ts';
import { nextSequence, placeBatch, sealBatch, stampAppendTime } from '../../../../runtime/hub/batch/seal-batch.ts';
import { MillraceError } from '../../../../runtime/record/error.ts';

function batchOf(count: number, compression: (typeof COMPRESSIONS)[number] = 'none'): Buffer {
  const builder = new BatchBuilder({ compression });
  for (let i = 0; i < count; i++) {
    builder.add(1000 + i, Buffer.from(`k${i}`), Buffer.from(`value ${i}`), [{ key: 'h', value: Buffer.from([i]) }]);
  }
  const batch = builder.finish();
  sealBatch(batch);
  return batch;
}

/** Puts other records into a batch, as another producer or a compaction might have left them. */
function withRecords(hex: string, count: number, lastOffsetDelta: number): Buffer {
  const records = Buffer.from(hex, 'hex');
  const batch = Buffer.concat([batchOf(1).subarray(0, HEADER_BYTES), records]);
  batch.writeInt32BE(batch.length - 12, 8);
  batch.writeInt32BE(count, COUNT_AT);
  batch.writeInt32BE(lastOffsetDelta, LAST_OFFSET_DELTA_AT);
  sealBatch(batch);
  return batch;
}

describe('reading batches of other producers', () => {
  test('offsets keep the gaps that compaction left', () => {
    // Offset deltas 3 and 7 of 0…9.
    const batch = withRecords('1000000602610231001000000e0262023200', 2, 9);
    placeBatch(batch, 100n);
    verifyBatch(batch);
    expect(Array.from(records(batch), (at) => [at.offset, at.key()?.toString(), at.value()?.toString()])).toEqual([
      [103n, 'a', '1'],
      [107n, 'b', '2'],
    ]);
    expect(readBatchHeader(batch).lastOffset).toBe(109n);
  });

  test('an integer may take more bytes than it needs', () => {
    // The timestamp delta 0 in two bytes, the offset delta 0 in three, the key length 1 in three.
    const batch = withRecords('18008000808000828000610100', 1, 0);
    const [only] = Array.from(records(batch), (at) => ({ key: at.key()?.toString(), value: at.value() }));
    expect(only).toEqual({ key: 'a', value: null });
  });

  test.each(COMPRESSIONS)('a batch that compaction emptied is read as no records: %s', (compression) => {
    const batch = batchOf(1, compression).subarray(0, HEADER_BYTES);
    const empty = Buffer.from(batch);
    empty.writeInt32BE(HEADER_BYTES - 12, 8);
    empty.writeInt32BE(0, COUNT_AT);
    empty.writeInt32BE(4, LAST_OFFSET_DELTA_AT);
    sealBatch(empty);
    verifyBatch(empty);
    expect([...records(empty)]).toEqual([]);
  });

  test('with LogAppendTime all records have the time of the append', () => {
    const batch = batchOf(3);
    stampAppendTime(batch, 77_000);
    verifyBatch(batch);
    expect(readBatchHeader(batch).timestampType).toBe('LogAppendTime');
    expect(Array.from(records(batch), ({ timestampMs }) => timestampMs)).toEqual([77_000, 77_000, 77_000]);
  });

  test('a cursor reads a batch in the midst of others', () => {
    const first = batchOf(3);
    const cursor = new RecordCursor(Buffer.concat([first, batchOf(1), first]), first.length);
    expect(cursor.next()).toBe(true);
    expect(cursor.value()?.toString()).toBe('value 0');
    expect(cursor.next()).toBe(false);
  });
});

describe('damaged batches', () => {
  const codes = new Set<string>();

  function attempt(batch: Buffer, verify: boolean): void {
    try {
      if (verify) verifyBatch(batch);
      forEachRecord(batch, (record) => void record.headers(), { maxBytes: 1 << 20 });
    } catch (error) {
      expect(error).toBeInstanceOf(MillraceError);
      expect((error as MillraceError).kind).toBe('corrupt');
      codes.add((error as MillraceError).code);
    }
  }

  test.each(COMPRESSIONS)('any change behind the leader epoch fails the checksum: %s', (compression) => {
    const batch = batchOf(5, compression);
    fc.assert(
      fc.property(fc.integer({ min: 17, max: batch.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = Buffer.from(batch);
        damaged[at] = (damaged[at] as number) ^ flip;
        expect(() => verifyBatch(damaged)).toThrow(
          expect.objectContaining({ code: 'BATCH_CHECKSUM', kind: 'corrupt' }),
        );
      }),
    );
  });

  test.each(COMPRESSIONS)(
    'without a look at the checksum they end in a corrupt error or in records: %s',
    (compression) => {
      const batch = batchOf(20, compression);
      const change = fc.tuple(fc.integer({ min: 8, max: batch.length - 1 }), fc.integer({ min: 0, max: 255 }));
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), fc.nat({ max: batch.length }), (changes, cut) => {
          const damaged = Buffer.from(batch);
          for (const [at, byte] of changes) damaged[at] = byte;
          attempt(damaged, false);
          attempt(damaged.subarray(0, cut), true);
        }),
        { numRuns: 400 },
      );
    },
  );

  test('arbitrary bytes end in a corrupt error', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => attempt(Buffer.from(bytes), true)));
    expect(codes).toContain('BATCH_TRUNCATED');
  });

  test('an older message format is named', () => {
    const batch = batchOf(1);
    batch[16] = 1;
    expect(() => readBatchHeader(batch)).toThrow(expect.objectContaining({ code: 'BATCH_MAGIC' }));
  });

  test.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'records beyond the limit are refused, not unpacked: %s',
    (codec) => {
      const builder = new BatchBuilder({ compression: codec });
      builder.add(0, null, Buffer.alloc(3_000_000));
      const batch = builder.finish();
      expect(() => new RecordCursor(batch, 0, { maxBytes: 1_000_000 })).toThrow(
        expect.objectContaining({ code: 'BATCH_TOO_LARGE' }),
      );
      expect(new RecordCursor(batch, 0, { maxBytes: 4_000_000 }).next()).toBe(true);
    },
  );
});

test('sequence numbers wrap to 0', () => {
  expect(nextSequence(0x7fff_fffe, 1)).toBe(0x7fff_ffff);
  expect(nextSequence(0x7fff_ffff, 1)).toBe(0);
  expect(nextSequence(0x7fff_ffff, 3)).toBe(2);
});
