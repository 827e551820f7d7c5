import type { SourceRecord, SourceTask } from '../../connector/source.ts';
import type { HubProducer } from '../../hub/port.ts';
import type { TransformChain } from '../../transform/chain.ts';
import { TransformFailure } from '../../transform/transform-failure.ts';
import type { TransformRecord } from '../../transform/transform-record.ts';
import { deadLetterPolicy } from '../error/dead-letters.ts';
import type { StoredDeadLetter } from '../redrive/dead-letter-log.ts';
import { Redriver, type Delivered, type Redriven } from '../redrive/redriver.ts';
import type { TaskRunContext } from '../task-run-context.ts';
import type { BatchCompression } from '../task-settings.ts';
import { RecordEncoder, type EncodableRecord } from './record-encoder.ts';
import { newerRecord } from './newer-record.ts';
import { SchemaHeaders } from './schema-headers.ts';
import { SourceLetters } from './source-letter.ts';
import { SourceOutput } from './source-output.ts';
import { sourcePlace } from './source-place.ts';
import { SourceRejects, type FailedRecord } from './source-rejects.ts';
import { encodable, fromRecord } from './chain-record.ts';

export interface SourceRedriveParts {
  readonly context: TaskRunContext;
  /** Reads what it could not read before. */
  readonly task: SourceTask;
  readonly chain: TransformChain | null;
  readonly producer: HubProducer;
  readonly schemaHeader: boolean;
  readonly compression: BatchCompression;
}

type Batches = Delivered['batches'][number][];

/**
 * A source's dead letters on their way into its topics: produced again through the chain and the
 * converters as they are now, in one transaction with their marks. What failed in a converter has
 * passed the chain before, and does not pass it again; what was never decoded begins anew.
 */
export class SourceRedrive {
  readonly #parts: SourceRedriveParts;
  readonly #redriver: Redriver;
  readonly #letters: SourceLetters;
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
    this.#letters = new SourceLetters(converters, parts.task);
    this.#output = new SourceOutput({
      producer,
      compression,
      batchBytes: 512 * 1024,
      unsentBytes: Infinity,
      send: (topic, partition, batch, placedIn) => this.#batches.push({ topic, partition, batch, placedIn }),
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
    let note: string | null = null;
    const failed = (one: FailedRecord): void => {
      note = one.error.message.slice(0, 500);
      this.#rejects.failed(one);
    };
    const read = await this.#letters.read(letter);
    if ('unsupported' in read) return { letter, outcome: 'unsupported', note: read.unsupported };
    if ('failed' in read) failed(read.failed);
    const records = 'records' in read ? read.records : [];
    const made =
      'records' in read && read.passesChain ? records.flatMap((record) => this.#transformed(record, failed)) : records;
    if (note !== null) return { letter, outcome: 'failed', note };
    await this.#records.prepare(made);
    if (!force) {
      const newer = await this.#newer(letter, records, made);
      if (newer !== null) return { letter, outcome: 'superseded', note: newer };
    }
    this.#records.encode(made, nowMs, { failed });
    return note === null ? { letter, outcome: 'redriven' } : { letter, outcome: 'failed', note };
  }

  #transformed(record: SourceRecord, failed: (one: FailedRecord) => void): readonly EncodableRecord[] {
    const { chain } = this.#parts;
    if (chain === null) return [record];
    const out: TransformRecord[] = [];
    try {
      chain.apply(fromRecord(record), out);
    } catch (error) {
      if (!(error instanceof TransformFailure)) throw error;
      failed({ record, stage: 'TRANSFORMATION', className: error.className, error: error.error });
    }
    return out.map(encodable);
  }

  /** A later event of the same key in the same topic; null: there is none. */
  async #newer(
    { timestampMs }: StoredDeadLetter,
    [first]: readonly SourceRecord[],
    made: readonly EncodableRecord[],
  ): Promise<string | null> {
    // The event's own place, whatever transforms left of it.
    const version = { timestampMs, place: sourcePlace(first?.value?.value ?? null) };
    for (const record of made) {
      const newer = await newerRecord(this.#parts.context, version, record);
      if (newer !== null) return `by ${newer.topic}/${newer.partition}/${newer.offset}`;
    }
    return null;
  }
}
