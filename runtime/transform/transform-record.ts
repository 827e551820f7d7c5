import type { Header } from '../record/record.ts';
import type { Schema } from '../record/schema.ts';
import type { Value } from '../record/value.ts';

/** What a record is made with. */
export interface RecordParts {
  readonly topic: string;
  readonly partition?: number | undefined;
  readonly keySchema: Schema | null;
  readonly key: Value;
  readonly valueSchema: Schema | null;
  readonly value: Value;
  /** A function is called when a transform looks at the headers. */
  readonly headers: readonly Header[] | (() => readonly Header[]);
  readonly timestampMs?: number | undefined;
  readonly offset?: bigint | undefined;
}

/**
 * A record on its way through a chain. It belongs to the transform that has it: a transform changes
 * its members instead of making a record anew. The values in them are shared and stay as they are.
 */
export class TransformRecord {
  topic: string;
  /** Topic partition; undefined: by the key's hash. */
  partition: number | undefined;
  keySchema: Schema | null;
  key: Value;
  valueSchema: Schema | null;
  value: Value;
  /** Epoch milliseconds; undefined: the time it is produced. */
  timestampMs: number | undefined;
  /** Of a record read from the hub; undefined in a source. */
  readonly offset: bigint | undefined;
  readonly #given: RecordParts;
  #headers: readonly Header[] | undefined;

  constructor(parts: RecordParts) {
    this.topic = parts.topic;
    this.partition = parts.partition;
    this.keySchema = parts.keySchema;
    this.key = parts.key;
    this.valueSchema = parts.valueSchema;
    this.value = parts.value;
    this.timestampMs = parts.timestampMs;
    this.offset = parts.offset;
    this.#given = parts;
    this.#headers = typeof parts.headers === 'function' ? undefined : parts.headers;
  }

  get headers(): readonly Header[] {
    if (this.#headers === undefined) {
      const { headers } = this.#given;
      this.#headers = typeof headers === 'function' ? headers() : headers;
    }
    return this.#headers;
  }

  set headers(headers: readonly Header[]) {
    this.#headers = headers;
    this.headersChanged = true;
  }

  /** Whether a transform set the headers. */
  headersChanged = false;

  get keyChanged(): boolean {
    return this.key !== this.#given.key || this.keySchema !== this.#given.keySchema;
  }

  get valueChanged(): boolean {
    return this.value !== this.#given.value || this.valueSchema !== this.#given.valueSchema;
  }

  /** A second record like this one, as it is now. */
  copy(): TransformRecord {
    const made = new TransformRecord(this.#given);
    made.topic = this.topic;
    made.partition = this.partition;
    made.keySchema = this.keySchema;
    made.key = this.key;
    made.valueSchema = this.valueSchema;
    made.value = this.value;
    made.timestampMs = this.timestampMs;
    made.#headers = this.#headers;
    made.headersChanged = this.headersChanged;
    return made;
  }
}
