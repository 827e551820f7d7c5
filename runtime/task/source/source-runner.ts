import type { SourceConnector } from '../../connector/connector.ts';
import type { Journal, SourceBatch, SourceTask } from '../../connector/source.ts';
import type { HubProducer } from '../../hub/port.ts';
import { OffsetStore } from '../../store/offsets.ts';
import type { TransformChain } from '../../transform/chain.ts';
import type { RunEnd, TaskRunContext } from '../task-run-context.ts';
import { CLOSING_MS, closeTask, settlesWithin } from '../closing.ts';
import { Quota } from '../quota.ts';
import type { Behind } from '../task-report.ts';
import { Turns } from '../turns.ts';
import { loadChain } from '../load-chain.ts';
import { sourceSettings, type SourceSettings } from '../task-settings.ts';
import { OffsetCommits } from './offset-commits.ts';
import { OffsetLedger } from './offset-ledger.ts';
import { SourcePipeline } from './source-pipeline.ts';
import { producerOptions, refuseExactlyOnce } from './source-producer.ts';
import { SourceRedrive, type SourceRedriveParts } from './source-redrive.ts';
import { TaskJournals } from './task-journals.ts';

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
  readonly #redriveParts: SourceRedriveParts;
  readonly #pipeline: SourcePipeline;
  readonly #commits: OffsetCommits;
  /** Aborts with the run's first failure. */
  readonly #halt = new AbortController();
  /** Aborts when nothing more is to be read: a stop or a failure. */
  readonly #reading: AbortSignal;
  readonly #quota: Quota;
  readonly #turns: Turns;
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
    const { env, spec } = context;
    const failed = (error: Error): void => {
      this.#halt.abort(error);
      void this.#onHalt(error);
    };
    this.#context = context;
    this.#settings = settings;
    this.#producer = producer;
    this.#store = store;
    this.#quota = Quota.of(spec, env.clock);
    this.#turns = new Turns(env, context.report.at);
    this.#reading = AbortSignal.any([context.stop, this.#halt.signal]);
    this.#task = connector.createTask(spec.config);
    this.#journals = new TaskJournals(context);
    const { schemaHeader, compression } = settings;
    this.#redriveParts = { context, task: this.#task, chain, producer, schemaHeader, compression };
    this.#pipeline = new SourcePipeline({
      context,
      settings,
      producer,
      store,
      chain,
      ledger: this.#ledger,
      arrived: () => this.#commits.kick(),
      failed,
    });
    this.#commits = this.#openCommits(failed);
    this.#tellFigures();
  }

  #openCommits(failed: (error: Error) => void): OffsetCommits {
    const { env, spec, report } = this.#context;
    return new OffsetCommits({
      env,
      connector: spec.connector,
      task: this.#task,
      ledger: this.#ledger,
      report,
      // In exactly-once they are in the transactions of their records.
      store: this.#settings.delivery === 'exactly-once' ? null : this.#store,
      failed,
    });
  }

  #tellFigures(): void {
    const { report } = this.#context;
    const pipeline = this.#pipeline;
    report.queueLimitBytes = this.#settings.maxInflightBytes;
    report.queues = () => ({ unsent: pipeline.unsentBytes, appending: pipeline.budget.usedBytes });
    report.figures.activeNow = () => pipeline.active;
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
        const { records, bytes } = await this.#pipeline.take(batch);
        this.#quota.take(records, bytes);
        at.enter('producing');
        await this.#pipeline.shipments.company(bytes);
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
    if (!this.#pipeline.budget.hasRoom) {
      report.at.enter('producing');
      await this.#pipeline.budget.room(this.#reading);
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
      await this.#pipeline.shipments.drain();
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

  /** What keeps offsets from moving though nothing is wrong with reading. */
  #behind(): Behind | null {
    const { oldestMs } = this.#pipeline.shipments;
    if (oldestMs !== null) return { stage: 'producing', sinceMs: oldestMs };
    const { startedMs } = this.#commits;
    return startedMs === null ? null : { stage: 'committing', sinceMs: startedMs };
  }

  #tick(): void {
    if (this.#halt.signal.aborted) return;
    this.#pipeline.shipments.tick();
    this.#commits.kick();
  }

  /** Finishes what is under way, and commits its offsets. */
  async #drain(): Promise<void> {
    this.#context.report.stage('draining');
    this.#context.report.at.enter('draining');
    await this.#pipeline.shipments.drain();
    if (this.#halt.signal.aborted) throw this.#halt.signal.reason;
    await this.#commits.finish();
    if (this.#halt.signal.aborted) throw this.#halt.signal.reason;
  }

  /** After a failure: leaves no transaction open for readers to wait on. */
  async #abandon(): Promise<void> {
    this.#pipeline.shipments.abandon();
    if (this.#settings.delivery !== 'exactly-once') return;
    try {
      await this.#producer.abort();
    } catch {
      // The failure that brought us here is the one to report; the hub ends the transaction by its time-out.
    }
  }
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || (error instanceof Error && error.name === 'AbortError');
}
