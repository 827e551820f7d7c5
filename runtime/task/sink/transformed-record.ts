import type { SinkRecord } from '../../connector/sink.ts';
import type { Datum, RawHeader } from '../../record/record.ts';
import type { TransformRecord } from '../../transform/transform-record.ts';
import { SCHEMA_HEADER } from '../schema-header.ts';
import type { TaskConverters } from '../task-converters.ts';

/** A record as it stands in the hub. */
export interface OriginalRecord extends SinkRecord {
  /** Size of key and value. */
  readonly sizeBytes: number;
}

/**
 * What a chain made of a record. Topic, partition and offset are still those in the hub; the topic
 * the chain gave it is `destination`. Bytes are made when asked for, by the converters they were read
 * with; where key or value did not change, they are the hub's.
 */
export class TransformedSinkRecord implements SinkRecord {
  readonly original: OriginalRecord;
  readonly destination: string;
  readonly timestampMs: number;
  readonly #record: TransformRecord;
  readonly #converters: TaskConverters;
  #rawKey: Uint8Array | null | undefined;
  #rawValue: Uint8Array | null | undefined;

  constructor(original: OriginalRecord, record: TransformRecord, converters: TaskConverters) {
    this.original = original;
    this.#record = record;
    this.#converters = converters;
    this.destination = record.topic;
    this.timestampMs = record.timestampMs ?? original.timestampMs;
  }

  get topic(): string {
    return this.original.topic;
  }

  get partition(): number {
    return this.original.partition;
  }

  get offset(): bigint {
    return this.original.offset;
  }

  get tombstone(): boolean {
    return this.#record.value === null;
  }

  get headers(): readonly RawHeader[] {
    const { original } = this;
    if (!this.#record.headersChanged) return original.headers.filter(({ key }) => key !== SCHEMA_HEADER);
    const { header } = this.#converters;
    return this.#record.headers.map((one) => ({ key: one.key, value: header.encode(original.topic, one) }));
  }

  get rawKey(): Uint8Array | null {
    if (this.#rawKey === undefined) this.#rawKey = this.#encodedKey();
    return this.#rawKey;
  }

  get rawValue(): Uint8Array | null {
    if (this.#rawValue === undefined) this.#rawValue = this.#encodedValue();
    return this.#rawValue;
  }

  get encoding(): SinkRecord['encoding'] {
    return this.#converters.value.encoding;
  }

  get keyEncoding(): SinkRecord['encoding'] {
    return this.#converters.key.encoding;
  }

  key(): Datum {
    return { schema: this.#record.keySchema, value: this.#record.key };
  }

  value(): Datum {
    return { schema: this.#record.valueSchema, value: this.#record.value };
  }

  #encodedKey(): Uint8Array | null {
    if (this.#record.key === null) return null;
    return this.#record.keyChanged ? this.#converters.key.encode(this.destination, this.key()) : this.original.rawKey;
  }

  #encodedValue(): Uint8Array | null {
    if (this.tombstone) return null;
    return this.#record.valueChanged
      ? this.#converters.value.encode(this.destination, this.value())
      : this.original.rawValue;
  }
}
