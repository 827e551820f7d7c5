import type { SinkRecord } from '../../connector/sink.ts';
import type { Datum, RawHeader } from '../../record/record.ts';
import { originalHeaders, redriveCount, withRedriveCount } from '../error/dead-letter-facts.ts';
import type { StoredDeadLetter } from '../redrive/dead-letter-log.ts';
import type { RecordDecoder } from './record-decoder.ts';
import type { OriginalRecord } from './transformed-record.ts';

/** A dead letter as the record it was: at its place in the hub, with one more redrive counted. */
export class RedrivenSinkRecord implements OriginalRecord {
  readonly letter: StoredDeadLetter;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly timestampMs: number;
  readonly headers: readonly RawHeader[];
  readonly #decoder: RecordDecoder;

  constructor(letter: StoredDeadLetter, decoder: RecordDecoder) {
    const { facts, timestampMs, headers } = letter;
    this.letter = letter;
    this.topic = facts.topic ?? '';
    this.partition = facts.partition ?? 0;
    this.offset = BigInt(facts.offset ?? 0);
    this.timestampMs = timestampMs;
    this.headers = withRedriveCount(originalHeaders(headers), redriveCount(headers) + 1);
    this.#decoder = decoder;
  }

  /** Names this attempt: the next dead letter of the same record has another place. */
  get id(): string {
    const { topic, partition, offset } = this.letter;
    return `${topic}-${partition}@${offset}`;
  }

  get rawKey(): Buffer | null {
    return this.letter.key;
  }

  get rawValue(): Buffer | null {
    return this.letter.value;
  }

  get tombstone(): boolean {
    return this.letter.value === null;
  }

  get encoding(): SinkRecord['encoding'] {
    return this.#decoder.encoding;
  }

  get keyEncoding(): SinkRecord['encoding'] {
    return this.#decoder.keyEncoding;
  }

  get sizeBytes(): number {
    return (this.rawKey?.length ?? 0) + (this.rawValue?.length ?? 0);
  }

  key(): Datum {
    return this.#decoder.key(this, this.rawKey);
  }

  value(): Datum {
    return this.#decoder.value(this, this.rawValue);
  }
}
