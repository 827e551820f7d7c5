import { createRequire } from 'node:module';
import {
  createRecordsBatch,
  readRecordsBatch,
} from '../../../../node_modules/@platformatic/kafka/dist/protocol/records.js';
import { Reader } from '../../../../node_modules/@platformatic/kafka/dist/protocol/reader.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BatchBuilder } from '../../../../runtime/hub/batch/batch-builder.ts';
import { readBatchHeader, verifyBatch } from '../../../../runtime/hub/batch/batch-header.ts';
import { COMPRESSIONS, type Compression } from '../../../../runtime/hub/batch/format.ts';
import { records } from '../../../../runtime/hub/batch/record-cursor.ts';
import { writeHeaders } from '../../../../runtime/hub/batch/record-headers.ts';
import { placeBatch, sealBatch } from '../../../../runtime/hub/batch/seal-batch.ts';
import { ByteWriter } from '../../../../runtime/record/byte-writer.ts';
import { record, type PlainRecord } from './arbitrary-records.ts';

const require = createRequire(import.meta.url);

function build(from: readonly PlainRecord[], compression: Compression = 'none'): Buffer {
  const builder = new BatchBuilder({ compression });
  for (const { timestampMs, key, value, headers } of from) builder.add(timestampMs, key, value, headers);
  return builder.finish();
}

function read(batch: Buffer): PlainRecord[] {
  return Array.from(records(batch), (at) => ({
    timestampMs: at.timestampMs,
    key: at.key(),
    value: at.value(),
    headers: at.headers(),
  }));
}

describe('record batches', () => {
  test.each(COMPRESSIONS)('hold any records, compressed with %s', (compression) => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 30 }), (from) => {
        const batch = build(from, compression);
        sealBatch(batch);
        verifyBatch(batch);
        expect(read(batch)).toEqual(from);
        const header = readBatchHeader(batch);
        expect(header).toMatchObject({ count: from.length, compression, producerId: -1n, transactional: false });
        expect(header.maxTimestampMs).toBe(Math.max(...from.map(({ timestampMs }) => timestampMs)));
      }),
      { numRuns: 60 },
    );
  });

  test('are these bytes', () => {
    const builder = new BatchBuilder();
    builder.add(1_700_000_000_000, Buffer.from('k'), Buffer.from('v'), [{ key: 'h', value: Buffer.from([1]) }]);
    builder.add(1_700_000_000_300, null, null, [{ key: 'n', value: null }]);
    const batch = builder.finish();
    sealBatch(batch, { producerId: 9n, epoch: 2, baseSequence: 7, transactional: true });
    placeBatch(batch, 258n, 3);
    expect(batch.toString('hex')).toBe(
      [
        '0000000000000102', // base offset
        '00000049', // length
        '00000003', // leader epoch
        '02', // magic
        batch.readUInt32BE(17).toString(16).padStart(8, '0'),
        '0010', // attributes
        '00000001', // last offset delta
        '0000018bcfe56800', // base timestamp
        '0000018bcfe5692c', // max timestamp
        '0000000000000009', // producer id
        '0002', // producer epoch
        '00000007', // base sequence
        '00000002', // count
        '18000000026b02760202680201',
        '1400d80402010102026e01',
      ].join(''),
    );
    verifyBatch(batch);
  });

  test('from bytes that stand elsewhere equal those from arrays', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 10 }), (from) => {
        const builder = new BatchBuilder();
        const writer = new ByteWriter(16);
        for (const { timestampMs, key, value, headers } of from) {
          writer.reset();
          writer.copy(key ?? Buffer.alloc(0), 0, key?.length ?? 0);
          const valueAt = writer.length;
          writer.copy(value ?? Buffer.alloc(0), 0, value?.length ?? 0);
          const headersAt = writer.length;
          writeHeaders(writer, headers);
          const { bytes, length } = writer;
          const valueLength = value?.length ?? -1;
          const keyLength = key?.length ?? -1;
          builder.addBytes(
            timestampMs,
            bytes,
            0,
            keyLength,
            bytes,
            valueAt,
            valueLength,
            bytes,
            headersAt,
            length - headersAt,
          );
        }
        expect(builder.finish()).toEqual(build(from));
      }),
    );
  });

  test('are memory of their own, and the builder is empty after them', () => {
    const builder = new BatchBuilder({ targetBytes: 200 });
    builder.add(1, null, Buffer.alloc(200));
    expect(builder.full).toBe(true);
    const batch = builder.finish();
    expect(batch.buffer.byteLength).toBe(batch.length);
    expect(builder.count).toBe(0);
    builder.add(5, null, Buffer.from('x'));
    expect(builder.full).toBe(false);
    expect(readBatchHeader(builder.finish())).toMatchObject({ count: 1, baseTimestampMs: 5, maxTimestampMs: 5 });
    expect(structuredClone(batch, { transfer: [batch.buffer as ArrayBuffer] })).toHaveLength(270);
  });
});

describe('other implementations', () => {
  // @platformatic/kafka 2.12.1 garbles timestamp deltas beyond 32 bits; kafkajs below does not.
  const plain = record.map((made) => ({
    ...made,
    timestampMs: 1_700_000_000_000 + (made.timestampMs % 1_000_000_000),
    key: made.key ?? Buffer.from('k'),
    value: made.value ?? Buffer.from('v'),
    headers: made.headers.map(({ key, value }, i) => ({ key: `${i}${key}`, value: Buffer.from(value ?? 'x') })),
  }));

  test('@platformatic/kafka writes the same bytes', () => {
    fc.assert(
      fc.property(fc.array(plain, { minLength: 1, maxLength: 10 }), (from) => {
        const theirs = createRecordsBatch(
          from.map(({ timestampMs, key, value, headers }) => ({
            topic: 't',
            timestamp: BigInt(timestampMs),
            key,
            value,
            headers: new Map(headers.map((header) => [Buffer.from(header.key), header.value])),
          })),
          { compression: 'none', producerId: 5n, producerEpoch: 1 },
        ).buffer;
        const ours = build(from);
        sealBatch(ours, { producerId: 5n, epoch: 1, baseSequence: 0, transactional: false });
        placeBatch(ours, 0n, 0);
        expect(ours.equals(theirs)).toBe(true);
      }),
    );
  });

  test.each(COMPRESSIONS)('@platformatic/kafka reads our batches, and we read theirs: %s', (compression) => {
    fc.assert(
      fc.property(fc.array(plain, { minLength: 1, maxLength: 10 }), (from) => {
        const ours = build(from, compression);
        sealBatch(ours);
        const read = readRecordsBatch(Reader.from(ours));
        expect(read.records.map(({ key, value }) => [key, value])).toEqual(from.map(({ key, value }) => [key, value]));
        const theirs = createRecordsBatch(
          from.map(({ timestampMs, key, value }) => ({ topic: 't', timestamp: BigInt(timestampMs), key, value })),
          { compression, producerId: -1n },
        ).buffer;
        verifyBatch(theirs);
        expect(Array.from(records(theirs), (at) => [at.key(), at.value(), at.timestampMs])).toEqual(
          from.map(({ key, value, timestampMs }) => [key, value, timestampMs]),
        );
      }),
      { numRuns: 30 },
    );
  });

  test('kafkajs writes the same bytes and reads ours', async () => {
    const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0') as {
      RecordBatch(batch: object): Promise<{ readonly buffer: Buffer }>;
    };
    const Record = require('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => object;
    const Decoder = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => object;
    const decode = require('kafkajs/src/protocol/recordBatch/v0/decoder') as (decoder: object) => Promise<{
      readonly records: readonly {
        readonly key: Buffer | null;
        readonly value: Buffer | null;
        readonly timestamp: string;
      }[];
    }>;
    const from: PlainRecord[] = [
      { timestampMs: 1_700_000_000_000, key: Buffer.from('a'), value: Buffer.from('one'), headers: [] },
      {
        timestampMs: 1_700_000_000_500,
        key: null,
        value: Buffer.from('two'),
        headers: [{ key: 'h', value: Buffer.from('x') }],
      },
      { timestampMs: 1_700_000_009_000, key: Buffer.from('c'), value: null, headers: [] },
      { timestampMs: 1, key: Buffer.from('d'), value: Buffer.alloc(200, 'x'), headers: [] },
      { timestampMs: 3_000_000_000_000, key: null, value: null, headers: [] },
    ];
    const first = from[0]?.timestampMs ?? 0;
    const theirs = await RecordBatch({
      firstTimestamp: first,
      maxTimestamp: 3_000_000_000_000,
      lastOffsetDelta: 4,
      transactional: true,
      producerId: 11,
      producerEpoch: 3,
      firstSequence: 40,
      records: from.map(({ timestampMs, key, value, headers }, offsetDelta) =>
        Record({
          offsetDelta,
          timestampDelta: timestampMs - first,
          key,
          value,
          headers: Object.fromEntries(headers.map((header) => [header.key, header.value])),
        }),
      ),
    });
    const ours = build(from);
    sealBatch(ours, { producerId: 11n, epoch: 3, baseSequence: 40, transactional: true });
    placeBatch(ours, 0n, 0);
    expect(ours.toString('hex')).toBe(theirs.buffer.toString('hex'));
    const decoded = await decode(new Decoder(ours));
    expect(decoded.records.map(({ key, value, timestamp }) => [key, value, Number(timestamp)])).toEqual(
      from.map(({ key, value, timestampMs }) => [key, value, timestampMs]),
    );
  });
});
