import { JsonConverter } from '../../convert/json-converter.ts';
import { murmur2Partition } from '../../hub/partitioner.ts';
import type { SourceRecord } from '../../connector/source.ts';
import type { HubProducer } from '../../hub/port.ts';
import type { Header } from '../../record/record.ts';
import { primitive } from '../../record/schema-builder.ts';
import type { TransformChain } from '../../transform/chain.ts';
import { TransformFailure } from '../../transform/transform-failure.ts';
import type { TransformRecord } from '../../transform/transform-record.ts';
import { originalHeaders, REDRIVE_COUNT_HEADER, redriveCount } from '../dead-letter-facts.ts';
import { deadLetterPolicy } from '../dead-letters.ts';
import { records, type StoredDeadLetter } from '../redrive/dead-letter-log.ts';
import { Redriver, type Delivered, type Redriven } from '../redrive/redriver.ts';
import type { TaskRunContext } from '../task-run-context.ts';
import type { BatchCompression } from '../task-settings.ts';
import { RecordEncoder, type EncodableRecord } from './record-encoder.ts';
import { SchemaHeaders } from './schema-headers.ts';
import { SourceOutput } from './source-output.ts';
import { SourceRejects, type FailedRecord } from './source-rejects.ts';
import { encodable, fromRecord } from './source-transforms.ts';

/** On a redriven record: where the source read it, as JSON. */
const SOURCE_HEADER = 'millrace.source';

const RAW = 'these are bytes that the source could not read: nobody can make a record of them';

export interface SourceRedriveParts {
  readonly context: TaskRunContext;
  readonly chain: TransformChain | null;
  readonly producer: HubProducer;
  readonly schemaHeader: boolean;
  readonly compression: BatchCompression;
}

type Batches = { readonly topic: string; readonly partition: number; readonly batch: Buffer }[];

/**
 * A source's dead letters on their way into its topics: produced again through the chain and the
 * converters as they are now, in one transaction with their marks. What failed in a converter has
 * passed the chain before, and does not pass it again.
 */
export class SourceRedrive {
  readonly #parts: SourceRedriveParts;
  readonly #redriver: Redriver;
  readonly #json = new JsonConverter({ 'schemas.enable': 'true' });
  readonly #batches: Batches = [];
  readonly #output: SourceOutput;
  readonly #records: RecordEncoder;
  readonly #rejects: SourceRejects;
  readonly #unwatch: () => void;

  private constructor(
    parts: SourceRedriveParts,
    store: Awaited<ReturnType<TaskRunContext['redrives']>>,
    wake: () => void,
  ) {
    const { context, producer, schemaHeader, compression } = parts;
    const { spec, converters } = context;
    const most = Number(spec.config['tasks.max'] ?? 1);
    this.#parts = parts;
    this.#output = new SourceOutput({
      producer,
      compression,
      batchBytes: 512 * 1024,
      unsentBytes: Infinity,
      send: (topic, partition, batch) => this.#batches.push({ topic, partition, batch }),
    });
    const schemas = new SchemaHeaders(schemaHeader ? context.schemas : null, converters);
    this.#records = new RecordEncoder(converters, schemas, this.#output);
    this.#rejects = new SourceRejects(context, this.#records, converters);
    this.#redriver = new Redriver({
      context,
      store,
      // Of a task that is no more the first one takes care.
      owns: ({ facts: { task } }) => task === spec.task || (spec.task === 0 && task >= most),
      deliver: (letters, force) => this.#deliver(letters, force),
      discarded: () => undefined,
      refusal: null,
    });
    this.#unwatch = store.watch((connector) => {
      if (connector === spec.connector && this.#redriver.pending) wake();
    });
  }

  /** null: the connector keeps no dead letters. */
  static async open(parts: SourceRedriveParts, wake: () => void): Promise<SourceRedrive | null> {
    if (deadLetterPolicy(parts.context.spec, 'source').kind === 'stop') return null;
    return new SourceRedrive(parts, await parts.context.redrives(), wake);
  }

  get pending(): boolean {
    return this.#redriver.pending;
  }

  /** To be called between source batches, all of them durable. */
  step(): Promise<void> {
    return this.#redriver.step();
  }

  async close(): Promise<void> {
    this.#unwatch();
    await this.#redriver.close();
  }

  async #deliver(letters: readonly StoredDeadLetter[], force: boolean): Promise<Delivered> {
    const outcomes: Redriven[] = [];
    const nowMs = this.#parts.context.env.clock.nowMs();
    this.#batches.length = 0;
    for (const letter of letters) outcomes.push(await this.#one(letter, force, nowMs));
    await this.#rejects.settle(nowMs);
    this.#output.flush();
    return { outcomes, batches: [...this.#batches] };
  }

  async #one(letter: StoredDeadLetter, force: boolean, nowMs: number): Promise<Redriven> {
    if (letter.facts.form === 'raw') return { letter, outcome: 'unsupported', note: RAW };
    const record = this.#recordOf(letter);
    let note: string | null = null;
    const failed = (one: FailedRecord): void => {
      note = one.error.message.slice(0, 500);
      this.#rejects.failed(one);
    };
    const made = this.#transformed(letter, record, failed);
    if (note !== null) return { letter, outcome: 'failed', note };
    await this.#records.prepare(made);
    if (!force) {
      const newer = await this.#newer(letter, made);
      if (newer !== null) return { letter, outcome: 'superseded', note: newer };
    }
    this.#records.encode(made, nowMs, { failed });
    return note === null ? { letter, outcome: 'redriven' } : { letter, outcome: 'failed', note };
  }

  #recordOf({ facts, key, value, headers, timestampMs }: StoredDeadLetter): SourceRecord {
    const { header } = this.#parts.context.converters;
    const topic = facts.topic ?? '';
    const own = originalHeaders(headers).filter((one) => ![REDRIVE_COUNT_HEADER, SOURCE_HEADER].includes(one.key));
    const marks: Header[] = [textHeader(REDRIVE_COUNT_HEADER, String(redriveCount(headers) + 1))];
    if (facts.source !== undefined) marks.push(textHeader(SOURCE_HEADER, JSON.stringify(facts.source)));
    return {
      topic,
      key: key === null ? null : this.#json.decode(topic, key, []),
      value: value === null ? null : this.#json.decode(topic, value, []),
      headers: [...own.map((one) => ({ key: one.key, ...header.decode(topic, one) })), ...marks],
      timestampMs,
      ...(facts.source === undefined ? {} : { source: facts.source }),
    };
  }

  #transformed(
    letter: StoredDeadLetter,
    record: SourceRecord,
    failed: (one: FailedRecord) => void,
  ): readonly EncodableRecord[] {
    const { chain } = this.#parts;
    if (chain === null || letter.facts.stage !== 'TRANSFORMATION') return [record];
    const out: TransformRecord[] = [];
    try {
      chain.apply(fromRecord(record), out);
    } catch (error) {
      if (!(error instanceof TransformFailure)) throw error;
      failed({ record, stage: 'TRANSFORMATION', className: error.className, error: error.error });
    }
    return out.map(encodable);
  }

  /** A later event of the same key in the same topic, by the records' times; null: there is none. */
  async #newer(letter: StoredDeadLetter, made: readonly EncodableRecord[]): Promise<string | null> {
    const { hub, converters, stop } = this.#parts.context;
    for (const { topic, partition: fixed, key } of made) {
      const bytes = key === null ? null : converters.key.encode(topic, key);
      const partitions = this.#output.known(topic)?.partitions;
      if (bytes === null || partitions === undefined) continue;
      const partition = fixed ?? murmur2Partition(bytes, partitions);
      const of = { topic, partition };
      const from = await hub.admin.offsetFor(of, { timestampMs: letter.timestampMs }, 'read_committed');
      const { latest } = await hub.admin.offsets(of, 'read_committed');
      for await (const at of records(hub, topic, partition, from, latest, stop)) {
        if (at.timestampMs < letter.timestampMs || at.key()?.equals(bytes) !== true) continue;
        // What was redriven before this one, with the same time, is older.
        if (at.timestampMs === letter.timestampMs && redriveCount(at.headers()) > 0) continue;
        return `by ${topic}/${partition}/${at.offset}`;
      }
    }
    return null;
  }
}

function textHeader(key: string, value: string): Header {
  return { key, schema: primitive('string'), value };
}
