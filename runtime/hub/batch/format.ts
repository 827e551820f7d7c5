/**
 * Kafka's record batch, format version 2 ("RecordBatch", Kafka protocol guide §Record Batch, KIP-98, KIP-32).
 * All integers big-endian; `varint` and `varlong` are zig-zag, base 128, least significant group first.
 *
 *     batch   = baseOffset:int64 batchLength:int32      // length counts from leaderEpoch on
 *               leaderEpoch:int32 magic:int8(2) crc:uint32
 *               // the checksum, CRC-32C, covers everything from here to the end
 *               attributes:int16 lastOffsetDelta:int32 baseTimestamp:int64 maxTimestamp:int64
 *               producerId:int64 producerEpoch:int16 baseSequence:int32 count:int32
 *               records                               // compressed as one block, by attributes
 *     record  = length:varint attributes:int8 timestampDelta:varlong offsetDelta:varint
 *               keyLength:varint(-1: null) key valueLength:varint(-1: null) value
 *               headerCount:varint header*
 *     header  = keyLength:varint key:utf8 valueLength:varint(-1: null) value
 *     control record: key = version:int16 type:int16(0: abort, 1: commit), value = version:int16 coordinatorEpoch:int32
 *
 * Attributes: bits 0–2 compression, bit 3 timestamp type (1: LogAppendTime), bit 4 transactional,
 * bit 5 control, bit 6 delete horizon (baseTimestamp is that instant).
 */

export const BASE_OFFSET_AT = 0;
export const BATCH_LENGTH_AT = 8;
export const LEADER_EPOCH_AT = 12;
export const MAGIC_AT = 16;
export const CRC_AT = 17;
export const ATTRIBUTES_AT = 21;
export const LAST_OFFSET_DELTA_AT = 23;
export const BASE_TIMESTAMP_AT = 27;
export const MAX_TIMESTAMP_AT = 35;
export const PRODUCER_ID_AT = 43;
export const PRODUCER_EPOCH_AT = 51;
export const BASE_SEQUENCE_AT = 53;
export const COUNT_AT = 57;
/** Size of a batch without records. */
export const HEADER_BYTES = 61;
/** Bytes before those that `batchLength` counts. */
export const LENGTH_OVERHEAD = 12;

export const MAGIC = 2;

export const COMPRESSION_MASK = 0x07;
export const LOG_APPEND_TIME = 0x08;
export const TRANSACTIONAL = 0x10;
export const CONTROL = 0x20;

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** Index = value of the compression bits. */
export const COMPRESSIONS: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
