import { corrupt } from './corrupt.ts';
import { crc32c } from './crc32c.ts';
import {
  ATTRIBUTES_AT,
  BASE_OFFSET_AT,
  BASE_SEQUENCE_AT,
  BASE_TIMESTAMP_AT,
  BATCH_LENGTH_AT,
  COMPRESSIONS,
  COMPRESSION_MASK,
  CONTROL,
  COUNT_AT,
  CRC_AT,
  HEADER_BYTES,
  LAST_OFFSET_DELTA_AT,
  LEADER_EPOCH_AT,
  LENGTH_OVERHEAD,
  LOG_APPEND_TIME,
  MAGIC,
  MAGIC_AT,
  MAX_TIMESTAMP_AT,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  TRANSACTIONAL,
  type Compression,
} from './format.ts';

/** What stands before the records of a batch. */
export interface BatchHeader {
  readonly baseOffset: bigint;
  /** Of the last record, also of one that compaction has removed. */
  readonly lastOffset: bigint;
  /** Whole batch, header included. */
  readonly sizeBytes: number;
  readonly leaderEpoch: number;
  readonly crc: number;
  readonly compression: Compression;
  readonly timestampType: 'CreateTime' | 'LogAppendTime';
  readonly transactional: boolean;
  readonly control: boolean;
  readonly lastOffsetDelta: number;
  readonly baseTimestampMs: number;
  /** Largest of its records; with LogAppendTime, the time of each. */
  readonly maxTimestampMs: number;
  /** -1: not idempotent. */
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  /** Records in it: 0 where compaction removed all. */
  readonly count: number;
}

/**
 * Reads the header of the batch at `bytes[at]`. Throws `BATCH_TRUNCATED`, `BATCH_MAGIC` (a format
 * before version 2) or `BATCH_MALFORMED`, all `corrupt`. The checksum is not looked at: {@link verifyBatch}.
 */
export function readBatchHeader(bytes: Buffer, at = 0): BatchHeader {
  const sizeBytes = batchSize(bytes, at);
  const attributes = bytes.readInt16BE(at + ATTRIBUTES_AT);
  const compression = COMPRESSIONS[attributes & COMPRESSION_MASK];
  if (compression === undefined) {
    throw corrupt('BATCH_MALFORMED', `record batch: unknown compression ${attributes & COMPRESSION_MASK}`);
  }
  const baseOffset = bytes.readBigInt64BE(at + BASE_OFFSET_AT);
  const lastOffsetDelta = bytes.readInt32BE(at + LAST_OFFSET_DELTA_AT);
  const count = bytes.readInt32BE(at + COUNT_AT);
  if (count < 0 || lastOffsetDelta < 0 || count > lastOffsetDelta + 1) {
    throw corrupt('BATCH_MALFORMED', `record batch: ${count} records, last offset delta ${lastOffsetDelta}`);
  }
  return {
    baseOffset,
    lastOffset: baseOffset + BigInt(lastOffsetDelta),
    sizeBytes,
    leaderEpoch: bytes.readInt32BE(at + LEADER_EPOCH_AT),
    crc: bytes.readUInt32BE(at + CRC_AT),
    compression,
    timestampType: attributes & LOG_APPEND_TIME ? 'LogAppendTime' : 'CreateTime',
    transactional: (attributes & TRANSACTIONAL) !== 0,
    control: (attributes & CONTROL) !== 0,
    lastOffsetDelta,
    baseTimestampMs: readInt64(bytes, at + BASE_TIMESTAMP_AT),
    maxTimestampMs: readInt64(bytes, at + MAX_TIMESTAMP_AT),
    producerId: bytes.readBigInt64BE(at + PRODUCER_ID_AT),
    producerEpoch: bytes.readInt16BE(at + PRODUCER_EPOCH_AT),
    baseSequence: bytes.readInt32BE(at + BASE_SEQUENCE_AT),
    count,
  };
}

/** Size in bytes of the whole batch at `bytes[at]`, which must hold all of it. */
function batchSize(bytes: Buffer, at = 0): number {
  const size = at + HEADER_BYTES > bytes.length ? 0 : bytes.readInt32BE(at + BATCH_LENGTH_AT) + LENGTH_OVERHEAD;
  if (size === 0 || at + size > bytes.length) {
    throw corrupt(
      'BATCH_TRUNCATED',
      `record batch: ${bytes.length - at} bytes of a batch of ${size || 'unknown size'}`,
    );
  }
  const magic = bytes[at + MAGIC_AT];
  if (magic !== MAGIC) throw corrupt('BATCH_MAGIC', `record batch: format version ${magic}, only ${MAGIC} is read`);
  if (size < HEADER_BYTES) throw corrupt('BATCH_MALFORMED', `record batch: length ${size} is less than a header`);
  return size;
}

/** Compares the checksum of the batch at `bytes[at]`; throws `BATCH_CHECKSUM`, and what {@link batchSize} throws. */
export function verifyBatch(bytes: Buffer, at = 0): void {
  const size = batchSize(bytes, at);
  const stored = bytes.readUInt32BE(at + CRC_AT);
  const actual = crc32c(bytes, at + ATTRIBUTES_AT, at + size);
  if (stored === actual) return;
  throw corrupt(
    'BATCH_CHECKSUM',
    `record batch at offset ${bytes.readBigInt64BE(at)}: checksum ${hex(actual)}, stored ${hex(stored)}`,
  );
}

/** Exact within ±2^53. */
function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}
