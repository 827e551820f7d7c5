import { crc32c } from './crc32c.ts';
import {
  ATTRIBUTES_AT,
  BASE_OFFSET_AT,
  BASE_SEQUENCE_AT,
  CRC_AT,
  LEADER_EPOCH_AT,
  LOG_APPEND_TIME,
  MAX_TIMESTAMP_AT,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  TRANSACTIONAL,
} from './format.ts';

/** Who produced a batch, for idempotence and transactions. */
interface ProducerFields {
  readonly producerId: bigint;
  readonly epoch: number;
  /** Sequence number of the batch's first record in its partition. */
  readonly baseSequence: number;
  readonly transactional: boolean;
}

/** Sets the producer fields (left unset without them) and the checksum of one batch, in place. */
export function sealBatch(batch: Buffer, producer?: ProducerFields): void {
  if (producer !== undefined) {
    batch.writeBigInt64BE(producer.producerId, PRODUCER_ID_AT);
    batch.writeInt16BE(producer.epoch, PRODUCER_EPOCH_AT);
    batch.writeInt32BE(producer.baseSequence, BASE_SEQUENCE_AT);
    const attributes = batch.readInt16BE(ATTRIBUTES_AT) & ~TRANSACTIONAL;
    batch.writeInt16BE(producer.transactional ? attributes | TRANSACTIONAL : attributes, ATTRIBUTES_AT);
  }
  batch.writeUInt32BE(crc32c(batch, ATTRIBUTES_AT), CRC_AT);
}

/** Gives a batch its place in a log. Outside the checksum: a sealed batch stays sealed. */
export function placeBatch(batch: Buffer, baseOffset: bigint, leaderEpoch = -1): void {
  batch.writeBigInt64BE(baseOffset, BASE_OFFSET_AT);
  batch.writeInt32BE(leaderEpoch, LEADER_EPOCH_AT);
}

/** Stamps all records of a batch with the time of the append (`message.timestamp.type=LogAppendTime`) and seals it again. */
export function stampAppendTime(batch: Buffer, timestampMs: number): void {
  batch.writeInt16BE(batch.readInt16BE(ATTRIBUTES_AT) | LOG_APPEND_TIME, ATTRIBUTES_AT);
  batch.writeBigInt64BE(BigInt(timestampMs), MAX_TIMESTAMP_AT);
  batch.writeUInt32BE(crc32c(batch, ATTRIBUTES_AT), CRC_AT);
}

/** Sequence number of the record `count` after `sequence`: they wrap to 0 after 2^31 − 1. */
export function nextSequence(sequence: number, count: number): number {
  const next = sequence + count;
  return next > 0x7fff_ffff ? next - 0x8000_0000 : next;
}
