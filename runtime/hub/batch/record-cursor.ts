import type { RawHeader } from '../../record/record.ts';
import { readBatchHeader, type BatchHeader } from './batch-header.ts';
import { decompress, DEFAULT_MAX_BYTES } from './compression.ts';
import { corrupt } from './corrupt.ts';
import { HEADER_BYTES } from './format.ts';
import { readHeaders } from './record-headers.ts';
import { VarintReader } from './varint.ts';

export interface ReadOptions {
  /** Most bytes the records may take when decompressed: `BATCH_TOO_LARGE` beyond it. */
  readonly maxBytes?: number;
}

/**
 * Walks over the records of a batch without making an object for each: the cursor *is* the view of
 * the record it stands on. Slices share memory with the batch (or its decompressed records).
 *
 *     const record = new RecordCursor(batch);
 *     while (record.next()) use(record.offset, record.key(), record.value());
 *
 * The checksum is not looked at (`verifyBatch`). Malformed records throw `BATCH_MALFORMED`.
 */
export class RecordCursor {
  readonly header: BatchHeader;
  /** What the positions below point into. */
  readonly bytes: Buffer;
  offsetDelta = -1;
  timestampMs = 0;
  keyAt = 0;
  /** -1: null. */
  keyLength = -1;
  valueAt = 0;
  /** -1: null. */
  valueLength = -1;
  headersAt = 0;
  /** Size of the headers in record form: count, then each. */
  headersLength = 0;
  /** Records stood on so far. */
  seen = 0;
  readonly #reader: VarintReader;

  constructor(batch: Buffer, at = 0, options: ReadOptions = {}) {
    const header = readBatchHeader(batch, at);
    this.header = header;
    if (header.compression === 'none') {
      this.bytes = batch;
      this.#reader = new VarintReader(batch, at + HEADER_BYTES, at + header.sizeBytes);
    } else {
      const records = batch.subarray(at + HEADER_BYTES, at + header.sizeBytes);
      // An empty batch left by compaction has no compressed block at all.
      const empty = header.count === 0 && records.length === 0;
      this.bytes = empty ? records : decompress(header.compression, records, options.maxBytes ?? DEFAULT_MAX_BYTES);
      this.#reader = new VarintReader(this.bytes);
    }
  }

  get offset(): bigint {
    return this.header.baseOffset + BigInt(this.offsetDelta);
  }

  key(): Buffer | null {
    return this.keyLength < 0 ? null : this.bytes.subarray(this.keyAt, this.keyAt + this.keyLength);
  }

  value(): Buffer | null {
    return this.valueLength < 0 ? null : this.bytes.subarray(this.valueAt, this.valueAt + this.valueLength);
  }

  headers(): RawHeader[] {
    return this.headersLength === 1 && this.bytes[this.headersAt] === 0
      ? []
      : readHeaders(this.bytes, this.headersAt, this.headersAt + this.headersLength);
  }

  /** Steps to the next record; false after the last. */
  next(): boolean {
    const { header } = this;
    const reader = this.#reader;
    if (this.seen === header.count) {
      if (reader.at !== reader.end) throw malformed(this, 'bytes after the last record');
      return false;
    }
    const size = reader.varint();
    const end = reader.at + size;
    const batchEnd = reader.end;
    if (size < 6 || end > batchEnd) throw malformed(this, `a record of ${size} bytes`);
    reader.end = end;
    reader.at++;
    const timestampDelta = reader.varlong();
    const offsetDelta = reader.varint();
    if (offsetDelta <= this.offsetDelta || offsetDelta > header.lastOffsetDelta) {
      throw malformed(this, `offset delta ${offsetDelta} after ${this.offsetDelta}`);
    }
    this.offsetDelta = offsetDelta;
    this.timestampMs =
      header.timestampType === 'LogAppendTime' ? header.maxTimestampMs : header.baseTimestampMs + timestampDelta;
    this.keyLength = reader.varint();
    this.keyAt = this.#skip(this.keyLength);
    this.valueLength = reader.varint();
    this.valueAt = this.#skip(this.valueLength);
    this.headersAt = reader.at;
    this.headersLength = end - reader.at;
    if (this.headersLength < 1) throw malformed(this, 'a record without a count of headers');
    reader.at = end;
    reader.end = batchEnd;
    this.seen++;
    return true;
  }

  #skip(length: number): number {
    const { at, end } = this.#reader;
    if (length < -1 || length > end - at) throw malformed(this, `a length of ${length}`);
    if (length > 0) this.#reader.at = at + length;
    return at;
  }
}

/** Calls `visit` with a cursor on each record in offset order; the cursor is valid during the call only. */
export function forEachRecord(batch: Buffer, visit: (record: RecordCursor) => void, options?: ReadOptions): void {
  const cursor = new RecordCursor(batch, 0, options);
  while (cursor.next()) visit(cursor);
}

/** Yields the same cursor on each record in offset order. */
export function* records(batch: Buffer, options?: ReadOptions): Generator<RecordCursor, void, undefined> {
  const cursor = new RecordCursor(batch, 0, options);
  while (cursor.next()) yield cursor;
}

function malformed(cursor: RecordCursor, found: string): Error {
  const { baseOffset, count } = cursor.header;
  return corrupt(
    'BATCH_MALFORMED',
    `record batch at offset ${baseOffset}, record ${cursor.seen} of ${count}: ${found}`,
  );
}
