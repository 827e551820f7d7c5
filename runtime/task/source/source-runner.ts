import type { SourceConnector } from '../../connector/connector.ts';
import type { Journal, SourceBatch, SourceTask } from '../../connector/source.ts';
import type { HubProducer } from '../../hub/port.ts';
import { RowBlock } from '../../record/row-block.ts';
import { OffsetStore } from '../../store/offsets.ts';
import type { TransformChain } from '../../transform/chain.ts';
import type { RunEnd, TaskRunContext } from '../task-run-context.ts';
import { CLOSING_MS, closeTask, settlesWithin } from '../closing.ts';
import { Quota } from '../quota.ts';
import type { Behind } from '../task-report.ts';
import { Turns } from '../turns.ts';
import { loadChain } from '../load-chain.ts';
import { sourceSettings, type SourceSettings } from '../task-settings.ts';
import { ByteBudget } from './byte-budget.ts';
import { OffsetCommits } from './offset-commits.ts';
import { OffsetLedger } from './offset-ledger.ts';
import { progressOf, standingOf } from './batch-progress.ts';
import { RecordEncoder, type EncodableRecord } from './record-encoder.ts';
import { RowEncoder } from './row-encoder.ts';
import { SchemaHeaders } from './schema-headers.ts';
import { Shipments } from './shipments.ts';
import { SourceOutput } from './source-output.ts';
import { producerOptions, refuseExactlyOnce } from './source-producer.ts';
import { SourceRedrive, type SourceRedriveParts } from './source-redrive.ts';
import { SourceRejects } from './source-rejects.ts';
import { SourceTransforms } from './source-transforms.ts';
import { TaskJournals } from './task-journals.ts';

/** Hub transactions under way at once in exactly-once; more source batches share the next one. */
const MAX_TRANSACTIONS = 4;
/** Groups of appends under way at once in at-least-once. */
const MAX_APPENDS = 16;
/** What is worth a shipment, and a wake-up of the hub, of its own while others are under way. */
const WORTH_SHIPPING_BYTES = 256 * 1024;

/**
 * Runs one source task from its durable offsets until it is asked to stop, ends or fails.
 *
 * Procedure: the producer first (in exactly-once it fences a former incarnation and ends its
 * transaction, I3), then the stored offsets, then the task. Read → encode → append; reading goes on
 * while appends are under way, as far as the byte budget allows (I7). Offsets follow what the hub
 * holds (I1, I2). The first failure anywhere stops the run: nothing is skipped (I5).
 */
export async function runSource(context: TaskRunContext, connector: SourceConnector): Promise<RunEnd> {
  const { spec, hub, env } = context;
  const settings = sourceSettings(spec);
  if (settings.delivery === 'exactly-once' && !connector.exactlyOnce) refuseExactlyOnce(spec, connector);
  const chain = await loadChain(spec.config, context.report.log);
  const producer = await hub.producer(producerOptions(context, settings));
  try {
    const store = await OffsetStore.open({
      hub,
      env,
      topic: settings.offsetTopic,
      partitions: settings.offsetTopicPartitions,
    });
    try {
      return await new SourceRun(context, settings, connector, producer, store, chain).run();
    } finally {
      await store.close();
    }
  } finally {
    await producer.close();
  }
}

class SourceRun {
  readonly #context: TaskRunContext;
  readonly #settings: SourceSettings;
  readonly #producer: HubProducer;
  readonly #store: OffsetStore;
  readonly #task: SourceTask;
  readonly #journals: TaskJournals;
  readonly #ledger = new OffsetLedger();
  readonly #budget: ByteBudget;
  readonly #output: SourceOutput;
  readonly #rows: RowEncoder;
  readonly #records: RecordEncoder;
  readonly #rejects: SourceRejects;
  /** null: the raw cells go straight to the encoder (D14). */
  readonly #transforms: SourceTransforms | null;
  readonly #redriveParts: SourceRedriveParts;
  readonly #shipments: Shipments;
  readonly #commits: OffsetCommits;
  /** Aborts with the run's first failure. */
  readonly #halt = new AbortController();
  /** Aborts when nothing more is to be read: a stop or a failure. */
  readonly #reading: AbortSignal;
  readonly #quota: Quota;
  readonly #turns: Turns;
  /** Records read and not durable. */
  #active = 0;
  /** null: there are no dead letters. */
  #redrive: SourceRedrive | null = null;
  /** Ends the wait for a batch: there are dead letters to be redriven. */
  #wake: () => void = () => undefined;
  /** Ends the wait for the present read. */
  #onHalt: (reason: Error) => Promise<void> = () => Promise.resolve();

  constructor(
    context: TaskRunContext,
    settings: SourceSettings,
    connector: SourceConnector,
    producer: HubProducer,
    store: OffsetStore,
    chain: TransformChain | null,
  ) {
    const { env, spec, converters, report } = context;
    const exactlyOnce = settings.delivery === 'exactly-once';
    const failed = (error: Error): void => {
      this.#halt.abort(error);
      void this.#onHalt(error);
    };
    this.#context = context;
    this.#settings = settings;
    this.#producer = producer;
    this.#store = store;
    this.#quota = Quota.of(spec, env.clock);
    this.#turns = new Turns(env, report.at);
    this.#reading = AbortSignal.any([context.stop, this.#halt.signal]);
    this.#budget = new ByteBudget(settings.maxInflightBytes);
    this.#task = connector.createTask(spec.config);
    this.#journals = new TaskJournals(context);
    this.#output = new SourceOutput({
      producer,
      compression: settings.compression,
      batchBytes: settings.batchBytes,
      unsentBytes: Math.max(1, settings.maxInflightBytes >> 2),
      send: (topic, partition, batch, placedIn) => this.#shipments.send(topic, partition, batch, placedIn),
      opened: (topics) => report.info('topics', [...topics].join(',')),
    });
    const schemas = new SchemaHeaders(settings.schemaHeader ? context.schemas : null, converters);
    this.#rows = new RowEncoder(converters, schemas, this.#output);
    this.#records = new RecordEncoder(converters, schemas, this.#output);
    this.#rejects = new SourceRejects(context, this.#records, converters);
    const { schemaHeader, compression } = settings;
    this.#redriveParts = { context, task: this.#task, chain, producer, schemaHeader, compression };
    this.#transforms = chain === null ? null : new SourceTransforms(chain, this.#rejects);
    this.#shipments = new Shipments({
      env,
      producer,
      ledger: this.#ledger,
      budget: this.#budget,
      transaction: exactlyOnce
        ? { topic: store.topic, batches: (changes) => store.batches(spec.connector, changes) }
        : null,
      maxUnderWay: exactlyOnce ? MAX_TRANSACTIONS : MAX_APPENDS,
      worthBytes: WORTH_SHIPPING_BYTES,
      lingerMs: settings.lingerMs,
      unsentBytes: () => this.#output.unsentBytes,
      flush: () => this.#output.flush(),
      arrived: (records) => this.#arrived(records),
      failed,
    });
    this.#commits = new OffsetCommits({
      env,
      connector: spec.connector,
      task: this.#task,
      ledger: this.#ledger,
      report,
      store: exactlyOnce ? null : store,
      failed,
    });
    report.queueLimitBytes = settings.maxInflightBytes;
    report.queues = () => ({ unsent: this.#output.unsentBytes, appending: this.#budget.usedBytes });
    report.figures.activeNow = () => this.#active;
    report.behind = () => this.#behind();
  }

  async run(): Promise<RunEnd> {
    const { env } = this.#context;
    const tick = env.timers.every(this.#settings.flushIntervalMs, () => this.#tick());
    try {
      await this.#open();
      const end = await this.#readAll();
      await this.#drain();
      return end;
    } catch (error) {
      await this.#abandon();
      throw this.#halt.signal.aborted ? this.#halt.signal.reason : error;
    } finally {
      tick.cancel();
      await this.#redrive?.close();
      await closeTask(this.#context, this.#task);
      await this.#journals.close();
    }
  }

  async #open(): Promise<void> {
    const { context, signal } = { context: this.#context, signal: this.#reading };
    const { spec, env, report } = context;
    await this.#producer.partitions(this.#store.topic);
    const offsets = await this.#store.read(spec.connector, signal);
    const journal = (topic: string): Promise<Journal> => this.#journals.open(topic);
    await this.#task.open({ offsets, env, context: report, signal, journal });
    this.#redrive = await SourceRedrive.open(this.#redriveParts, () => this.#wake());
    context.opened();
  }

  async #readAll(): Promise<RunEnd> {
    const { at } = this.#context.report;
    try {
      for (;;) {
        await this.#ready();
        const batch = await this.#next();
        if (this.#halt.signal.aborted) throw this.#halt.signal.reason;
        if (batch === null) return 'ended';
        const bytes = await this.#ship(batch);
        at.enter('producing');
        await this.#shipments.company(bytes);
        const turn = this.#turns.over(bytes);
        if (turn !== undefined) await turn;
        if (this.#context.stop.aborted) return 'stopped';
      }
    } catch (error) {
      if (this.#context.stop.aborted && !this.#halt.signal.aborted && isAbort(error, this.#reading)) return 'stopped';
      throw error;
    }
  }

  /** Waits until it may read. */
  async #ready(): Promise<void> {
    const { pause, report, env } = this.#context;
    if (pause.isShut) report.at.enter('paused');
    await pause.pass(this.#reading);
    if (!this.#budget.hasRoom) {
      report.at.enter('producing');
      await this.#budget.room(this.#reading);
    }
    const debtMs = this.#quota.debtMs();
    if (debtMs === 0) return;
    report.at.enter('throttled');
    await env.timers.sleep(debtMs, this.#reading);
  }

  /** The next batch; dead letters come back while it is waited for, everything before them durable (I4). */
  async #next(): Promise<SourceBatch | null> {
    const reading = this.#read();
    const redrive = this.#redrive;
    if (redrive === null) return reading;
    // It is waited for below, which may be after it has failed.
    reading.catch(() => undefined);
    for (;;) {
      const woken = Promise.withResolvers<null>();
      this.#wake = () => woken.resolve(null);
      if (!redrive.pending) {
        const read = await Promise.race([reading.then((batch) => ({ batch })), woken.promise]);
        if (read !== null) return read.batch;
      }
      if (this.#reading.aborted) return reading;
      await this.#shipments.drain();
      if (this.#halt.signal.aborted) throw this.#halt.signal.reason;
      await redrive.step();
    }
  }

  /** Reads; once the run has failed, a read that ignores its signal is not waited for without end. */
  #read(): Promise<SourceBatch | null> {
    const { promise, resolve, reject } = Promise.withResolvers<SourceBatch | null>();
    this.#context.report.at.enter('reading');
    const reading = this.#task.read(this.#reading);
    reading.then(resolve, reject);
    this.#onHalt = async (reason) => {
      if (!(await settlesWithin(this.#context, CLOSING_MS, reading))) this.#context.hung('read() ignores its signal');
      reject(reason);
    };
    return promise;
  }

  /** Bytes of the keys and values made. */
  async #ship(batch: SourceBatch): Promise<number> {
    let bytes: number;
    const { env, report } = this.#context;
    this.#rejects.begin(() => standingOf(batch));
    const records = this.#transformed(batch);
    report.at.enter('converting');
    const nowMs = env.clock.nowMs();
    const count = countOf(records);
    this.#active += count;
    if (records instanceof RowBlock) {
      const preparing = this.#rows.prepare(records);
      if (preparing !== undefined) await preparing;
      this.#shipments.enter(progressOf(batch), count);
      bytes = this.#rows.encode(records, nowMs, this.#rejects);
    } else {
      const preparing = this.#records.prepare(records);
      if (preparing !== undefined) await preparing;
      this.#shipments.enter(progressOf(batch), count);
      bytes = this.#records.encode(records, nowMs, this.#rejects);
    }
    report.records += count;
    report.bytes += bytes;
    this.#quota.take(count, bytes);
    if (batch.rejected !== undefined && batch.rejected.length > 0) await this.#rejects.take(batch.rejected, nowMs);
    await this.#rejects.settle(nowMs);
    batch.release?.();
    this.#shipments.release();
    report.queuedBytes = this.#budget.usedBytes + this.#output.unsentBytes;
    return bytes;
  }

  #transformed({ records, progress }: SourceBatch): RowBlock | readonly EncodableRecord[] {
    const { report } = this.#context;
    const { enteredMs } = report.at;
    const read = countOf(records);
    const nowMs = report.at.enter('transforming');
    report.figures.recordsIn(read);
    report.figures.batch(read, nowMs - enteredMs, nowMs);
    if (read > 0) report.busy();
    else if (progress === undefined) report.idle('read() found nothing');
    return this.#transforms?.apply(records) ?? records;
  }

  /** What keeps offsets from moving though nothing is wrong with reading. */
  #behind(): Behind | null {
    const { oldestMs } = this.#shipments;
    if (oldestMs !== null) return { stage: 'producing', sinceMs: oldestMs };
    const { startedMs } = this.#commits;
    return startedMs === null ? null : { stage: 'committing', sinceMs: startedMs };
  }

  #arrived(records: number): void {
    this.#active -= records;
    if (this.#settings.delivery === 'exactly-once') this.#context.report.figures.transaction(records);
    this.#context.report.queuedBytes = this.#budget.usedBytes + this.#output.unsentBytes;
    if (this.#settings.delivery === 'exactly-once') this.#commits.kick();
  }

  #tick(): void {
    if (this.#halt.signal.aborted) return;
    this.#shipments.tick();
    this.#commits.kick();
  }

  /** Finishes what is under way, and commits its offsets. */
  async #drain(): Promise<void> {
    this.#context.report.stage('draining');
    this.#context.report.at.enter('draining');
    await this.#shipments.drain();
    if (this.#halt.signal.aborted) throw this.#halt.signal.reason;
    await this.#commits.finish();
    if (this.#halt.signal.aborted) throw this.#halt.signal.reason;
  }

  /** After a failure: leaves no transaction open for readers to wait on. */
  async #abandon(): Promise<void> {
    this.#shipments.abandon();
    if (this.#settings.delivery !== 'exactly-once') return;
    try {
      await this.#producer.abort();
    } catch {
      // The failure that brought us here is the one to report; the hub ends the transaction by its time-out.
    }
  }
}

function countOf(records: RowBlock | readonly unknown[]): number {
  return records instanceof RowBlock ? records.count : records.length;
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || (error instanceof Error && error.name === 'AbortError');
}
