import { ByteWriter } from '../../record/byte-writer.ts';
import type { RawHeader } from '../../record/record.ts';
import { compress } from './compression.ts';
import {
  ATTRIBUTES_AT,
  BASE_TIMESTAMP_AT,
  BATCH_LENGTH_AT,
  COMPRESSIONS,
  COUNT_AT,
  HEADER_BYTES,
  LAST_OFFSET_DELTA_AT,
  LEADER_EPOCH_AT,
  LENGTH_OVERHEAD,
  MAGIC,
  MAGIC_AT,
  MAX_TIMESTAMP_AT,
  PRODUCER_ID_AT,
  type Compression,
} from './format.ts';
import { NO_HEADERS, writeHeaders } from './record-headers.ts';
import { varintSize, varlongSize, writeVarint, writeVarlong } from './varint.ts';

export interface BatchBuilderOptions {
  readonly compression?: Compression;
  /** A batch of fewer bytes is not compressed. Default 0. */
  readonly compressFromBytes?: number;
  /** {@link BatchBuilder.full} from this size on, before compression. Default 1 MiB less a margin, Kafka's `max.message.bytes`. */
  readonly targetBytes?: number;
}

const NOTHING = new Uint8Array(0);

/**
 * Collects records into one record batch. Procedure: `add` or `addBytes` until {@link full} (or the
 * flow ends), `finish`, and again: the builder keeps its memory, the finished batch is a copy of
 * its own. Makes no object per record (D14).
 */
export class BatchBuilder {
  readonly compression: Compression;
  readonly targetBytes: number;
  readonly #compressFromBytes: number;
  /** Records held. */
  count = 0;
  readonly #writer: ByteWriter;
  readonly #headers = new ByteWriter(256);
  #baseTimestampMs = 0;
  #maxTimestampMs = 0;

  constructor(options: BatchBuilderOptions = {}) {
    this.compression = options.compression ?? 'none';
    this.targetBytes = options.targetBytes ?? 1_000_000;
    this.#compressFromBytes = options.compressFromBytes ?? 0;
    this.#writer = new ByteWriter(4096);
    this.#writer.length = HEADER_BYTES;
  }

  /** Size of the batch so far, before compression. */
  get sizeBytes(): number {
    return this.#writer.length;
  }

  /** True once `targetBytes` are reached: time to {@link finish}. */
  get full(): boolean {
    return this.#writer.length >= this.targetBytes;
  }

  /** True where `bytes` more payload would pass `targetBytes`, and there is something to finish. */
  wouldPass(bytes: number): boolean {
    return this.count > 0 && this.#writer.length + bytes + 32 > this.targetBytes;
  }

  add(timestampMs: number, key: Uint8Array | null, value: Uint8Array | null, headers: readonly RawHeader[] = []): void {
    let headerBytes = NO_HEADERS;
    let headersLength = 1;
    if (headers.length > 0) {
      this.#headers.reset();
      writeHeaders(this.#headers, headers);
      headerBytes = this.#headers.bytes;
      headersLength = this.#headers.length;
    }
    const keyLength = key === null ? -1 : key.length;
    const valueLength = value === null ? -1 : value.length;
    this.addBytes(
      timestampMs,
      key ?? NOTHING,
      0,
      keyLength,
      value ?? NOTHING,
      0,
      valueLength,
      headerBytes,
      0,
      headersLength,
    );
  }

  /**
   * Adds a record from bytes that stand elsewhere. A length of -1 is null. The headers are already
   * in record form: a varint count, then each ({@link writeHeaders}).
   */
  addBytes(
    timestampMs: number,
    key: Uint8Array,
    keyAt: number,
    keyLength: number,
    value: Uint8Array,
    valueAt: number,
    valueLength: number,
    headers: Uint8Array,
    headersAt: number,
    headersLength: number,
  ): void {
    if (this.count === 0) this.#baseTimestampMs = this.#maxTimestampMs = timestampMs;
    else if (timestampMs > this.#maxTimestampMs) this.#maxTimestampMs = timestampMs;
    const timestampDelta = timestampMs - this.#baseTimestampMs;
    const offsetDelta = this.count++;
    const size =
      1 +
      varlongSize(timestampDelta) +
      varintSize(offsetDelta) +
      varintSize(keyLength) +
      (keyLength > 0 ? keyLength : 0) +
      varintSize(valueLength) +
      (valueLength > 0 ? valueLength : 0) +
      headersLength;
    const writer = this.#writer;
    writer.reserve(size + 5);
    const { bytes } = writer;
    let at = writeVarint(bytes, writer.length, size);
    bytes[at++] = 0;
    at = writeVarlong(bytes, at, timestampDelta);
    at = writeVarint(bytes, at, offsetDelta);
    writer.length = writeVarint(bytes, at, keyLength);
    if (keyLength > 0) writer.copy(key, keyAt, keyLength);
    writer.length = writeVarint(bytes, writer.length, valueLength);
    if (valueLength > 0) writer.copy(value, valueAt, valueLength);
    writer.copy(headers, headersAt, headersLength);
  }

  /**
   * The batch, in memory of its own that can be transferred to another thread. Base offset is 0,
   * leader epoch and producer fields are unset (-1), the checksum is not computed: `sealBatch`.
   */
  finish(): Buffer {
    const { bytes, length } = this.#writer;
    let batch: Buffer;
    const compression = length < this.#compressFromBytes ? 'none' : this.compression;
    if (compression === 'none') {
      batch = Buffer.allocUnsafeSlow(length);
      bytes.copy(batch, HEADER_BYTES, HEADER_BYTES, length);
    } else {
      const records = compress(compression, bytes.subarray(HEADER_BYTES, length));
      batch = Buffer.allocUnsafeSlow(HEADER_BYTES + records.length);
      batch.set(records, HEADER_BYTES);
    }
    this.#writeHeader(batch, compression);
    this.clear();
    return batch;
  }

  /** Forgets the records; keeps the memory, as far as it is not unusually much. */
  clear(): void {
    this.count = 0;
    this.#writer.reset();
    this.#writer.length = HEADER_BYTES;
  }

  #writeHeader(batch: Buffer, compression: Compression): void {
    batch.fill(0, 0, HEADER_BYTES);
    batch.writeInt32BE(batch.length - LENGTH_OVERHEAD, BATCH_LENGTH_AT);
    batch.writeInt32BE(-1, LEADER_EPOCH_AT);
    batch[MAGIC_AT] = MAGIC;
    batch.writeInt16BE(COMPRESSIONS.indexOf(compression), ATTRIBUTES_AT);
    batch.writeInt32BE(Math.max(0, this.count - 1), LAST_OFFSET_DELTA_AT);
    batch.writeBigInt64BE(BigInt(this.#baseTimestampMs), BASE_TIMESTAMP_AT);
    batch.writeBigInt64BE(BigInt(this.#maxTimestampMs), MAX_TIMESTAMP_AT);
    batch.fill(0xff, PRODUCER_ID_AT, COUNT_AT);
    batch.writeInt32BE(this.count, COUNT_AT);
  }
}
