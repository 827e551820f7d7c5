import type { RawConfig } from '../../connector/options.ts';
import type { Env } from '../../env/env.ts';
import { BatchBuilder } from '../../hub/batch/batch-builder.ts';
import { murmur2Partition } from '../../hub/partitioner.ts';
import type { Hub, HubProducer, TopicDescription } from '../../hub/port.ts';
import { MillraceError } from '../../record/error.ts';
import { JsonReader } from '../../record/json-reader.ts';
import type { Schema } from '../../record/schema.ts';
import type { Value } from '../../record/value.ts';
import type { ProducedRecord, ProducedRecords } from '../../rest/hub-records.ts';
import { SchemaStore } from '../../store/schemas.ts';
import { SchemaHeaders } from '../../task/source/schema-headers.ts';
import { taskConverters, type TaskConverters } from '../../task/task-converters.ts';
import { notFound } from '../not-found.ts';
import { givenRecord, problemOf, WrongRecord, type GivenRecord } from './given-record.ts';
import { producedBytes, type ProducedBytes } from './produced-bytes.ts';

export interface TopicProducerOptions {
  readonly hub: Hub;
  readonly env: Env;
  /** The worker's options: its converters are used where a request names none. */
  readonly worker: RawConfig;
  /** Topics that this worker keeps its own state in. */
  readonly internal: ReadonlySet<string>;
  readonly schemaTopic: string;
}

interface Request {
  readonly config: RawConfig;
  readonly entries: readonly Value[];
}

interface Placed extends ProducedBytes {
  readonly partition: number;
  readonly timestampMs: number;
}

/** Errors, or warnings, that one answer names. */
const MOST_ERRORS = 20;
const CONVERTER_KEY = /^(?:key|value|header)\.converter(?:\.|$)/;

/**
 * Appends records that somebody hands over, by REST or the command line. A request is produced whole, in
 * one hub transaction, or not at all; requests follow each other in the order they came in.
 */
export class TopicProducer {
  readonly #options: TopicProducerOptions;
  #producer: Promise<HubProducer> | null = null;
  #schemas: Promise<SchemaStore> | null = null;
  readonly #stop = new AbortController();
  /** The request before. */
  #last: Promise<unknown> = Promise.resolve();
  /** Partition of the next record without a key. */
  #keyless = 0;

  constructor(options: TopicProducerOptions) {
    this.#options = options;
  }

  /** `body`: `{"records": [{key, value, headers, partition, timestamp}], "config": {"value.converter": …}}` as JSON. */
  async produce(topic: string, body: Buffer): Promise<ProducedRecords> {
    const { hub, internal, worker } = this.#options;
    const { config, entries } = readRequest(body);
    if (internal.has(topic)) throw refused(`${topic} is a topic that the worker keeps its own state in`);
    const found = await hub.admin.describe(topic);
    if (found === null)
      throw notFound('HUB_UNKNOWN_TOPIC', 'topic', topic, await this.#names(), 'millrace topics list', {
        make: `millrace topics create ${topic}`,
      });
    const converters = taskConverters({ config, worker });
    const placed = each(entries, (entry) => this.#place(givenRecord(entry), topic, found.partitions, converters));
    const work = this.#last.then(() => this.#append(found, placed, converters));
    this.#last = work.catch(() => undefined);
    const records = await work;
    const warnings = placed.flatMap(({ doubts }, i) => doubts.map((doubt) => `record ${i + 1}: ${doubt}`));
    return warnings.length === 0 ? { records } : { records, warnings: shortened(warnings) };
  }

  async close(): Promise<void> {
    this.#stop.abort(new MillraceError('PRODUCE_CLOSED', 'the worker is ending', { kind: 'closed' }));
    await this.#last;
    await (await this.#schemas?.catch(() => null))?.close();
    await (await this.#producer?.catch(() => null))?.close();
  }

  async #names(): Promise<readonly string[]> {
    return (await this.#options.hub.admin.topics()).map(({ name }) => name);
  }

  #place(record: GivenRecord, topic: string, partitions: number, converters: TaskConverters): Placed {
    const bytes = producedBytes(record, topic, converters);
    const { partition: fixed } = record;
    if (fixed !== undefined && fixed >= partitions)
      throw new WrongRecord(`partition ${fixed} is not there: ${topic} has ${partitions} in all`);
    const partition =
      fixed ?? (bytes.key === null ? this.#keyless++ % partitions : murmur2Partition(bytes.key, partitions));
    return { ...bytes, partition, timestampMs: record.timestampMs ?? this.#options.env.clock.nowMs() };
  }

  async #append(
    of: TopicDescription,
    placed: readonly Placed[],
    converters: TaskConverters,
  ): Promise<ProducedRecord[]> {
    const headers = await this.#schemaHeaders(placed, converters);
    const builders = new Map<number, BatchBuilder>();
    const indexes = placed.map((record) => {
      const builder = builders.get(record.partition) ?? new BatchBuilder({ compression: 'zstd' });
      builders.set(record.partition, builder);
      const named = headers?.header(record.schemas.key, record.schemas.value);
      const all = named === undefined ? record.headers : [...record.headers, named];
      builder.add(record.timestampMs, record.key, record.value, all);
      return builder.count - 1;
    });
    const bases = await this.#commit(of, builders);
    const { name: topic } = of;
    return placed.map(({ partition, timestampMs }, i) => {
      const { offset, stampedMs } = bases.get(partition) ?? { offset: 0n, stampedMs: -1 };
      const timestamp = new Date(stampedMs < 0 ? timestampMs : stampedMs).toISOString();
      return { topic, partition, offset: String(offset + BigInt(indexes[i] ?? 0)), timestamp };
    });
  }

  async #commit({ name: topic, partitions }: TopicDescription, builders: ReadonlyMap<number, BatchBuilder>) {
    const producer = await this.#opened();
    producer.begin();
    try {
      const appends = [...builders].map(async ([partition, builder]) => {
        const { baseOffset, logAppendTimeMs } = await producer.append(topic, partition, builder.finish(), partitions);
        return [partition, { offset: baseOffset, stampedMs: logAppendTimeMs }] as const;
      });
      const appended = await Promise.all(appends);
      await producer.commit();
      return new Map(appended);
    } catch (error) {
      // What is left of the transaction ends with the producer.
      this.#producer = null;
      await producer.close().catch(() => undefined);
      throw error;
    }
  }

  /** A schema that somebody gave goes with the record where its bytes do not carry it (D14). */
  async #schemaHeaders(placed: readonly Placed[], converters: TaskConverters): Promise<SchemaHeaders | null> {
    const typed = placed.some(({ schemas }) => schemas.key !== null || schemas.value !== null);
    if (!typed || this.#options.worker['millrace.schema.header'] === 'false') return null;
    const headers = new SchemaHeaders(await this.#schemaStore(), converters);
    const missing = new Set<Schema>();
    for (const { schemas } of placed) headers.collect(schemas.key, schemas.value, missing);
    // Durable before the first batch that names it.
    await headers.ensure(missing);
    return headers;
  }

  #schemaStore(): Promise<SchemaStore> {
    const { hub, env, schemaTopic: topic } = this.#options;
    const failed = (): void => {
      this.#schemas = null;
    };
    this.#schemas ??= SchemaStore.open({ hub, env, topic, failed }, this.#stop.signal);
    this.#schemas.catch(failed);
    return this.#schemas;
  }

  #opened(): Promise<HubProducer> {
    this.#producer ??= this.#options.hub.producer({ acks: 'all', transactionalId: 'millrace-topics-produce' });
    this.#producer.catch(() => {
      this.#producer = null;
    });
    return this.#producer;
  }
}

/** All of them, or an error that names each that is wrong. */
function each<T>(entries: readonly Value[], make: (entry: Value) => T): T[] {
  const errors: string[] = [];
  const made = entries.flatMap((entry, i) => {
    try {
      return [make(entry)];
    } catch (error) {
      errors.push(`record ${i + 1}: ${problemOf(error)}`);
      return [];
    }
  });
  if (errors.length === 0) return made;
  throw refused(`nothing was produced: ${shortened(errors).join('; ')}`);
}

function shortened(told: readonly string[]): readonly string[] {
  const more = told.length - MOST_ERRORS;
  return [...told.slice(0, MOST_ERRORS), ...(more > 0 ? [`and ${more} more`] : [])];
}

function readRequest(body: Buffer): Request {
  let document: Value;
  try {
    document = new JsonReader(body).document(null);
  } catch (error) {
    throw refused(`the body is not JSON: ${problemOf(error)}`);
  }
  const fields: ReadonlyMap<Value, Value> = document instanceof Map ? document : new Map();
  const unknown = [...fields.keys()].find((name) => name !== 'records' && name !== 'config');
  if (unknown !== undefined) throw refused(`unrecognized field ${JSON.stringify(unknown)}: known are records, config`);
  const records = fields.get('records');
  if (!Array.isArray(records)) throw refused('the body must be a JSON object with records, an array');
  return { config: converterConfig(fields.get('config') ?? null), entries: records as readonly Value[] };
}

function converterConfig(value: Value): RawConfig {
  if (value === null) return {};
  if (!(value instanceof Map)) throw refused('config must be an object of converter options');
  const config = value as ReadonlyMap<string, Value>;
  return Object.fromEntries(
    [...config].map(([key, one]) => {
      if (!CONVERTER_KEY.test(key)) throw refused(`config: ${key} is no option of a converter`);
      if (typeof one === 'object') throw refused(`config: the value of ${key} must be a text, number or boolean`);
      return [key, String(one)];
    }),
  );
}

function refused(message: string): MillraceError {
  return new MillraceError('PRODUCE_INVALID', message, {
    kind: 'config',
    remedy: 'Mend what is named and send all of it again: of a refused request nothing is in the topic.',
  });
}
