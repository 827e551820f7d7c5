import type { SourceBatch } from '../../connector/source.ts';
import type { HubProducer } from '../../hub/port.ts';
import { RowBlock } from '../../record/row-block.ts';
import type { OffsetStore } from '../../store/offsets.ts';
import type { TransformChain } from '../../transform/chain.ts';
import type { TaskRunContext } from '../task-run-context.ts';
import type { SourceSettings } from '../task-settings.ts';
import { progressOf, standingOf } from './batch-progress.ts';
import { ByteBudget } from './byte-budget.ts';
import type { OffsetLedger } from './offset-ledger.ts';
import { RecordEncoder, type EncodableRecord } from './record-encoder.ts';
import { RowEncoder } from './row-encoder.ts';
import { SchemaHeaders } from './schema-headers.ts';
import { Shipments } from './shipments.ts';
import { SourceOutput } from './source-output.ts';
import { SourceRejects } from './source-rejects.ts';
import { SourceTransforms } from './source-transforms.ts';

/** Hub transactions under way at once in exactly-once; more source batches share the next one. */
const MAX_TRANSACTIONS = 4;
/** Groups of appends under way at once in at-least-once. */
const MAX_APPENDS = 16;
/** What is worth a shipment, and a wake-up of the hub, of its own while others are under way. */
const WORTH_SHIPPING_BYTES = 256 * 1024;

export interface PipelineParts {
  readonly context: TaskRunContext;
  readonly settings: SourceSettings;
  readonly producer: HubProducer;
  readonly store: OffsetStore;
  readonly chain: TransformChain | null;
  readonly ledger: OffsetLedger;
  /** The hub holds some more source batches: their offsets may be committed. */
  readonly arrived: () => void;
  readonly failed: (error: Error) => void;
}

/** What a source batch passes: transforms, encoders, batches per topic partition, shipments into the hub. */
export class SourcePipeline {
  readonly shipments: Shipments;
  /** Bytes on their way into the hub. */
  readonly budget: ByteBudget;
  readonly #parts: PipelineParts;
  readonly #output: SourceOutput;
  readonly #rows: RowEncoder;
  readonly #records: RecordEncoder;
  readonly #rejects: SourceRejects;
  /** null: the raw cells go straight to the encoder (D14). */
  readonly #transforms: SourceTransforms | null;
  /** Records read and not durable. */
  #active = 0;

  constructor(parts: PipelineParts) {
    const { context, settings, chain } = parts;
    const { converters } = context;
    this.#parts = parts;
    this.budget = new ByteBudget(settings.maxInflightBytes);
    this.#output = this.#openOutput();
    const schemas = new SchemaHeaders(settings.schemaHeader ? context.schemas : null, converters);
    this.#rows = new RowEncoder(converters, schemas, this.#output);
    this.#records = new RecordEncoder(converters, schemas, this.#output);
    this.#rejects = new SourceRejects(context, this.#records, converters);
    this.#transforms = chain === null ? null : new SourceTransforms(chain, this.#rejects);
    this.shipments = this.#openShipments();
  }

  get active(): number {
    return this.#active;
  }

  /** Encoded and not sent yet. */
  get unsentBytes(): number {
    return this.#output.unsentBytes;
  }

  /** Makes the batch's records and sends what is full; what was rejected goes where dead letters go. Answers the bytes of the keys and values made. */
  async take(batch: SourceBatch): Promise<{ readonly records: number; readonly bytes: number }> {
    const { env, report } = this.#parts.context;
    this.#rejects.begin(() => standingOf(batch));
    const records = this.#transformed(batch);
    report.at.enter('converting');
    const nowMs = env.clock.nowMs();
    const count = countOf(records);
    this.#active += count;
    const bytes = await this.#encode(records, batch, count, nowMs);
    report.records += count;
    report.bytes += bytes;
    if (batch.rejected !== undefined && batch.rejected.length > 0) await this.#rejects.take(batch.rejected, nowMs);
    await this.#rejects.settle(nowMs);
    batch.release?.();
    this.shipments.release();
    this.#tellQueued();
    return { records: count, bytes };
  }

  async #encode(
    records: RowBlock | readonly EncodableRecord[],
    batch: SourceBatch,
    count: number,
    nowMs: number,
  ): Promise<number> {
    if (records instanceof RowBlock) {
      const preparing = this.#rows.prepare(records);
      if (preparing !== undefined) await preparing;
      this.shipments.enter(progressOf(batch), count);
      return this.#rows.encode(records, nowMs, this.#rejects);
    }
    const preparing = this.#records.prepare(records);
    if (preparing !== undefined) await preparing;
    this.shipments.enter(progressOf(batch), count);
    return this.#records.encode(records, nowMs, this.#rejects);
  }

  #transformed({ records, progress }: SourceBatch): RowBlock | readonly EncodableRecord[] {
    const { report } = this.#parts.context;
    const { enteredMs } = report.at;
    const read = countOf(records);
    const nowMs = report.at.enter('transforming');
    report.figures.recordsIn(read);
    report.figures.batch(read, nowMs - enteredMs, nowMs);
    if (read > 0) report.busy();
    else if (progress === undefined) report.idle('read() found nothing');
    return this.#transforms?.apply(records) ?? records;
  }

  #arrived(records: number): void {
    const { context, settings, arrived } = this.#parts;
    this.#active -= records;
    this.#tellQueued();
    if (settings.delivery !== 'exactly-once') return;
    context.report.figures.transaction(records);
    arrived();
  }

  #tellQueued(): void {
    this.#parts.context.report.queuedBytes = this.budget.usedBytes + this.#output.unsentBytes;
  }

  #openOutput(): SourceOutput {
    const { context, settings, producer } = this.#parts;
    return new SourceOutput({
      producer,
      compression: settings.compression,
      batchBytes: settings.batchBytes,
      unsentBytes: Math.max(1, settings.maxInflightBytes >> 2),
      send: (topic, partition, batch, placedIn) => this.shipments.send(topic, partition, batch, placedIn),
      opened: (topics) => context.report.info('topics', [...topics].join(',')),
    });
  }

  #openShipments(): Shipments {
    const { context, settings, producer, store, ledger, failed } = this.#parts;
    const exactlyOnce = settings.delivery === 'exactly-once';
    return new Shipments({
      env: context.env,
      producer,
      ledger,
      budget: this.budget,
      transaction: exactlyOnce
        ? { topic: store.topic, batches: (changes) => store.batches(context.spec.connector, changes) }
        : null,
      maxUnderWay: exactlyOnce ? MAX_TRANSACTIONS : MAX_APPENDS,
      worthBytes: WORTH_SHIPPING_BYTES,
      lingerMs: settings.lingerMs,
      unsentBytes: () => this.#output.unsentBytes,
      flush: () => this.#output.flush(),
      arrived: (records) => this.#arrived(records),
      failed,
    });
  }
}

function countOf(records: RowBlock | readonly unknown[]): number {
  return records instanceof RowBlock ? records.count : records.length;
}
