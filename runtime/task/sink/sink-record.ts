import type { SinkRecord } from '../../connector/sink.ts';
import { readHeaders } from '../../hub/batch/record-headers.ts';
import type { RecordCursor } from '../../hub/batch/record-cursor.ts';
import type { Datum, RawHeader } from '../../record/record.ts';
import type { RecordDecoder } from './record-decoder.ts';

/**
 * A record as it stands in a fetched batch: places in the batch's bytes. Slices are made and values
 * decoded when asked for. It keeps the whole batch in memory as long as it lives.
 */
export class HubSinkRecord implements SinkRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly timestampMs: number;
  readonly tombstone: boolean;
  readonly #decoder: RecordDecoder;
  readonly #bytes: Buffer;
  readonly #keyAt: number;
  readonly #keyLength: number;
  readonly #valueAt: number;
  readonly #valueLength: number;
  readonly #headersAt: number;
  readonly #headersLength: number;

  constructor(topic: string, partition: number, at: RecordCursor, decoder: RecordDecoder) {
    this.topic = topic;
    this.partition = partition;
    this.offset = at.offset;
    this.timestampMs = at.timestampMs;
    this.tombstone = at.valueLength < 0;
    this.#decoder = decoder;
    this.#bytes = at.bytes;
    this.#keyAt = at.keyAt;
    this.#keyLength = at.keyLength;
    this.#valueAt = at.valueAt;
    this.#valueLength = at.valueLength;
    this.#headersAt = at.headersAt;
    this.#headersLength = at.headersLength;
  }

  get headers(): readonly RawHeader[] {
    return readHeaders(this.#bytes, this.#headersAt, this.#headersAt + this.#headersLength);
  }

  get rawKey(): Buffer | null {
    return this.#keyLength < 0 ? null : this.#bytes.subarray(this.#keyAt, this.#keyAt + this.#keyLength);
  }

  get rawValue(): Buffer | null {
    return this.#valueLength < 0 ? null : this.#bytes.subarray(this.#valueAt, this.#valueAt + this.#valueLength);
  }

  get encoding(): SinkRecord['encoding'] {
    return this.#decoder.encoding;
  }

  get keyEncoding(): SinkRecord['encoding'] {
    return this.#decoder.keyEncoding;
  }

  /** Size of key and value. */
  get sizeBytes(): number {
    return Math.max(0, this.#keyLength) + Math.max(0, this.#valueLength);
  }

  key(): Datum {
    return this.#decoder.key(this, this.rawKey);
  }

  value(): Datum {
    return this.#decoder.value(this, this.rawValue);
  }
}
