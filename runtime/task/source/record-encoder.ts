import { writeHeaders } from '../../hub/batch/record-headers.ts';
import { murmur2Partition } from '../../hub/partitioner.ts';
import { ByteWriter } from '../../record/byte-writer.ts';
import type { Datum, Header, RawHeader } from '../../record/record.ts';
import type { Schema } from '../../record/schema.ts';
import type { ErrorStage } from '../error/dead-letter-facts.ts';
import type { TaskConverters } from '../task-converters.ts';
import type { SchemaHeaders } from './schema-headers.ts';
import type { SourceRejects } from './source-rejects.ts';
import type { SourceOutput, TopicOutput } from './source-output.ts';
import { unencodable } from './unencodable.ts';

const NO_BYTES = new Uint8Array(0);

/** A record that is bytes already: a dead letter. */
export interface RawRecord {
  readonly topic: string;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RawHeader[];
}

/** What a record must have to be encoded: a `SourceRecord`, or what transforms made of one. */
export interface EncodableRecord {
  readonly topic: string;
  readonly partition?: number | undefined;
  readonly key: Datum | null;
  readonly value: Datum | null;
  readonly headers?: readonly Header[];
  readonly timestampMs?: number | undefined;
}

/** Takes records that cannot be encoded; throws where one stops the run. */
export type Failures = Pick<SourceRejects, 'failed'>;

/** The configuration key that names the class. */
export function converterAt(stage: ErrorStage): string {
  return stage === 'KEY_CONVERTER'
    ? 'key.converter'
    : stage === 'VALUE_CONVERTER'
      ? 'value.converter'
      : 'header.converter';
}

/** Records made one by one, through `Converter.encode`. */
export class RecordEncoder {
  readonly #converters: TaskConverters;
  readonly #schemas: SchemaHeaders;
  readonly #output: SourceOutput;
  /** Those of the record at hand. */
  readonly #headers = new ByteWriter(256);
  /** The header that is all of them; null: they are others. */
  #only: RawHeader | undefined | null = null;
  /** What is encoded at the moment. */
  #stage: ErrorStage = 'KEY_CONVERTER';

  constructor(converters: TaskConverters, schemas: SchemaHeaders, output: SourceOutput) {
    this.#converters = converters;
    this.#schemas = schemas;
    this.#output = output;
  }

  /** Waits only for topics and schemas not seen before. */
  prepare(records: readonly EncodableRecord[]): Promise<void> | undefined {
    const topics = new Set<string>();
    const missing = new Set<Schema>();
    for (const { topic, key, value } of records) {
      if (this.#output.known(topic) === undefined) topics.add(topic);
      this.#schemas.collect(key?.schema ?? null, value?.schema ?? null, missing);
    }
    return topics.size === 0 && missing.size === 0 ? undefined : this.#prepare(topics, missing);
  }

  /** Encodes all, in order; one that cannot be is given to `failures`. Returns bytes of keys and values. */
  encode(records: readonly EncodableRecord[], nowMs: number, failures: Failures): number {
    let total = 0;
    for (const record of records) {
      try {
        total += this.#encode(record, nowMs);
      } catch (error) {
        const stage = this.#stage;
        failures.failed({ record, stage, className: converterAt(stage), error: unencodable(record.topic, error) });
      }
    }
    return total;
  }

  /** Adds a record as it is; its topic must be open. */
  async addRaw(record: RawRecord, nowMs: number): Promise<void> {
    const output = await this.#output.open(record.topic);
    this.#only = null;
    this.#headers.reset();
    writeHeaders(this.#headers, record.headers);
    this.#add(output, undefined, nowMs, record.key, record.value);
  }

  async #prepare(topics: ReadonlySet<string>, missing: ReadonlySet<Schema>): Promise<void> {
    // A schema is durable before the first batch that names it.
    await this.#schemas.ensure(missing);
    for (const topic of topics) await this.#output.open(topic);
  }

  #encode(record: EncodableRecord, nowMs: number): number {
    const { topic, key, value } = record;
    const output = this.#output.known(topic);
    if (output === undefined) throw new RangeError(`topic ${topic} was not prepared`);
    this.#stage = 'KEY_CONVERTER';
    const keyBytes = key === null ? null : this.#converters.key.encode(topic, key);
    this.#stage = 'VALUE_CONVERTER';
    const valueBytes = value === null ? null : this.#converters.value.encode(topic, value);
    this.#stage = 'HEADER_CONVERTER';
    this.#writeHeaders(record, this.#schemas.header(key?.schema ?? null, value?.schema ?? null));
    return this.#add(output, record.partition, record.timestampMs ?? nowMs, keyBytes, valueBytes);
  }

  #writeHeaders({ topic, headers = [] }: EncodableRecord, named: RawHeader | undefined): void {
    if (headers.length === 0 && named === this.#only) return;
    this.#only = null;
    const encoded = headers.map((header): RawHeader => {
      return { key: header.key, value: this.#converters.header.encode(topic, header) };
    });
    if (named !== undefined) encoded.push(named);
    this.#headers.reset();
    writeHeaders(this.#headers, encoded);
    if (headers.length === 0) this.#only = named;
  }

  #add(
    output: TopicOutput,
    fixed: number | undefined,
    timeMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
  ): number {
    const { bytes, length } = this.#headers;
    const partition = fixed ?? (key === null ? output.keyless : murmur2Partition(key, output.partitions));
    const builder = this.#output.builder(output, partition);
    const keyLength = key === null ? -1 : key.length;
    const valueLength = value === null ? -1 : value.length;
    builder.addBytes(timeMs, key ?? NO_BYTES, 0, keyLength, value ?? NO_BYTES, 0, valueLength, bytes, 0, length);
    const size = Math.max(keyLength, 0) + Math.max(valueLength, 0);
    this.#output.added(output, partition, builder, size + length);
    return size;
  }
}
