import type {
  Assigned,
  Offsets,
  RedrivenRecord,
  SinkRecord,
  SinkRejection,
  SinkResult,
  SinkTask,
  SinkTaskStart,
} from '../../runtime/connector/sink.ts';
import type { RawConfig } from '../../runtime/connector/options.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import { topicPartitionName, type TopicPartition } from '../../runtime/record/record.ts';
import { BulkBody } from './bulk/bulk-body.ts';
import { PartitionWriter } from './bulk/partition-writer.ts';
import type { Operation } from './document/operation.ts';
import { openTarget, type OpenedTarget, type Shadows } from './open-target.ts';
import type { ElasticsearchOptions } from './options.ts';
import { dataError } from './record-errors.ts';
import { parseConfig } from './settings.ts';

/** Encoded between two looks at the network. */
const TURN_BYTES = 512 * 1024;
/** How often it is looked whether the indexes are still those that were claimed. */
const LOOK_MS = 10_000;

/**
 * Keeps indexes true to topics. Records become operations, which are sent in bulks, those of a
 * partition one after the other and those of several side by side (see PartitionWriter). `write`
 * returns when its records are encoded; what is durable is told by it and by `flush` as answers come.
 */
export class ElasticsearchSinkTask implements SinkTask {
  readonly #options: ElasticsearchOptions;
  readonly #config: RawConfig;
  readonly #writers = new Map<string, PartitionWriter>();
  readonly #assigned = new Map<string, Assigned>();
  /** Durable offset of each partition as last told. */
  readonly #told = new Map<string, bigint>();
  #start: SinkTaskStart | null = null;
  #target: OpenedTarget | null = null;
  #lookedMs = 0;
  /** Indexes that a topic alone names: their absence says something. */
  readonly #watched = new Set<string>();
  #moved = Promise.withResolvers<void>();

  readonly #shadows: Shadows | null;

  /** `shadows`: where it writes to instead of what the configuration names. */
  constructor(config: RawConfig, shadows: Shadows | null = null) {
    this.#shadows = shadows;
    this.#options = parseConfig(config);
    this.#config = config;
  }

  async open(start: SinkTaskStart): Promise<void> {
    this.#start = start;
    this.#target = await openTarget(this.#options, start, (topic) => this.#topicId(topic), this.#shadows);
    start.context.stage(`writing to ${this.#target.client.shown}`);
    this.#lookedMs = start.env.clock.monotonicMs();
  }

  async assign(added: readonly Assigned[]): Promise<void> {
    const { start } = this.#opened();
    for (const one of added) {
      const name = topicPartitionName(one.partition);
      await this.#writers.get(name)?.abandon();
      this.#assigned.set(name, one);
      this.#told.set(name, one.offset);
      this.#writers.set(name, this.#writer(one.offset));
    }
    for (const one of added) await this.#claim(one, start.signal);
  }

  async revoke(removed: readonly TopicPartition[], how: { readonly lost: boolean }): Promise<Offsets> {
    const { start } = this.#opened();
    const names = removed.map(topicPartitionName);
    const writers = names.flatMap((name) => this.#writers.get(name) ?? []);
    if (!how.lost)
      await withinMs(start, this.#options['flush.timeout.ms'], Promise.allSettled(writers.map((one) => one.drain())));
    const durable = new Map<string, bigint>();
    for (const name of names) {
      const writer = this.#writers.get(name);
      if (writer === undefined) continue;
      await writer.abandon();
      // What was refused and is not told yet comes again: the offset stays before it (I5).
      if (writer.takeRejected().length === 0) durable.set(name, writer.durable);
      this.#writers.delete(name);
      this.#assigned.delete(name);
      this.#told.delete(name);
    }
    return durable;
  }

  async write(batch: readonly SinkRecord[], signal: AbortSignal): Promise<SinkResult> {
    const { start } = this.#opened();
    let turnBytes = 0;
    let last: SinkRecord | null = null;
    let writer: PartitionWriter | undefined;
    for (const record of batch) {
      if (last === null || record.partition !== last.partition || record.topic !== last.topic) {
        writer = this.#writers.get(topicPartitionName(record));
        last = record;
      }
      if (writer === undefined) throw notAssigned(topicPartitionName(record));
      const before = writer.bytes;
      await this.#encode(record, writer, signal);
      turnBytes += Math.max(0, writer.bytes - before);
      if (turnBytes < TURN_BYTES) continue;
      turnBytes = 0;
      writer.kick();
      await start.env.timers.yield();
      await this.#keepBudget(signal);
    }
    for (const one of this.#writers.values()) one.kick();
    await this.#keepBudget(signal);
    return this.#result();
  }

  async flush(signal: AbortSignal): Promise<SinkResult> {
    const { start, target } = this.#opened();
    for (const one of this.#writers.values()) one.kick();
    const nowMs = start.env.clock.monotonicMs();
    if (nowMs - this.#lookedMs >= LOOK_MS) {
      this.#lookedMs = nowMs;
      for (const index of this.#watched) await target.indexes.stillClaimed(index, signal);
    }
    return this.#result();
  }

  /** Versions keep what is newer; a document that was deleted long ago could come back (see the guide). */
  async redrive(
    batch: readonly RedrivenRecord[],
    signal: AbortSignal,
  ): Promise<{ readonly rejected: readonly SinkRejection[] }> {
    const { target } = this.#opened();
    await Promise.all([...this.#writers.values()].map((one) => one.drain()));
    const rejected: SinkRejection[] = [];
    for (const { record } of batch) {
      try {
        const body = new BulkBody();
        for (const operation of target.planner.plan(record)) {
          await this.#prepare(operation, signal);
          body.add(operation);
        }
        rejected.push(...(await target.sender.send(body, signal)).rejected);
      } catch (error) {
        rejected.push({ record, error: dataError(error) });
      }
    }
    return { rejected };
  }

  async close(): Promise<void> {
    const writers = [...this.#writers.values()];
    this.#writers.clear();
    await Promise.all(writers.map((one) => one.abandon()));
    await this.#target?.client.close();
    this.#target = null;
  }

  #writer(offset: bigint): PartitionWriter {
    const { target } = this.#opened();
    return new PartitionWriter({
      offset,
      maxOperations: this.#options['batch.size'],
      bulkBytes: () => target.pace.bytes,
      send: (body, signal) => target.sender.send(body, signal),
      moved: () => {
        this.#moved.resolve();
        this.#moved = Promise.withResolvers();
      },
    });
  }

  /** The index that a topic alone names is there from the start, so that later its absence says something. */
  async #claim(assigned: Assigned, signal: AbortSignal): Promise<void> {
    const { target } = this.#opened();
    const { topic } = assigned.partition;
    const renamed = (this.#config['transforms'] ?? '').trim() !== '';
    const of = target.settings.target(topic);
    if (
      renamed ||
      of.kind !== 'index' ||
      of.fixed === null ||
      target.indexes.isReady(of.fixed, topic, factsOf(assigned).partitions)
    )
      return;
    this.#watched.add(of.fixed);
    await target.indexes.prepare(
      of.fixed,
      { topic, facts: factsOf(assigned), committed: this.#committed(topic) },
      signal,
    );
    this.#opened().start.env.crash?.('elasticsearch.after_claim');
  }

  async #encode(record: SinkRecord, writer: PartitionWriter, signal: AbortSignal): Promise<void> {
    const { target } = this.#opened();
    try {
      for (const operation of target.planner.plan(record)) {
        const preparing = this.#prepare(operation, signal);
        if (preparing !== null) await preparing;
        writer.add(operation);
      }
    } catch (error) {
      writer.reject({ record, error: dataError(error) });
    }
    writer.passed(record.offset);
  }

  /** What the index needs before the operation; null: nothing. */
  #prepare(operation: Operation, signal: AbortSignal): Promise<void> | null {
    const { target } = this.#opened();
    const { index, record, kind } = operation;
    const { indexes, planner, settings } = target;
    const schema = kind === 'delete' || settings.schemaIgnored(record.topic) ? null : planner.schemaOf(operation);
    if (kind === 'create') return indexes.isStreamReady(index) ? null : indexes.prepareStream(index, schema, signal);
    const ready = indexes.isReady(index, record.topic);
    const mapped = schema === null || schema.type !== 'struct' || indexes.isMapped(index, schema);
    if (ready && mapped) return null;
    return (async () => {
      if (!ready) await this.#claimFor(operation, signal);
      if (!mapped && schema !== null) await indexes.map(index, schema, signal);
    })();
  }

  async #claimFor({ index, record }: Operation, signal: AbortSignal): Promise<void> {
    const { target } = this.#opened();
    const assigned = this.#assigned.get(topicPartitionName(record));
    if (assigned === undefined) throw notAssigned(topicPartitionName(record));
    const of = target.settings.target(record.destination ?? record.topic);
    const isFixed = of.kind === 'index' && of.fixed !== null;
    if (isFixed) this.#watched.add(index);
    const committed = isFixed && this.#committed(record.topic);
    await target.indexes.prepare(index, { topic: record.topic, facts: factsOf(assigned), committed }, signal);
  }

  #committed(topic: string): boolean {
    return [...this.#assigned.values()].some((one) => one.partition.topic === topic && one.committed === true);
  }

  #topicId(topic: string): string {
    const assigned = [...this.#assigned.values()].find((one) => one.partition.topic === topic);
    return assigned?.topic?.id ?? '';
  }

  /** Waits while more is held than the budget allows (I7). */
  async #keepBudget(signal: AbortSignal): Promise<void> {
    const budget = this.#options['millrace.buffer.bytes'];
    for (;;) {
      this.#throwFailure();
      let held = 0;
      for (const one of this.#writers.values()) held += one.bytes;
      if (held <= budget) return;
      await orAborted(this.#moved.promise, signal);
    }
  }

  #result(): SinkResult {
    const { start, target } = this.#opened();
    // A task that is to stop leaves what its server does not take now to the next one.
    if (!start.signal.aborted) this.#throwFailure();
    const durable = new Map<string, bigint>();
    const rejected: SinkRejection[] = [];
    let held = 0;
    for (const [name, writer] of this.#writers) {
      rejected.push(...writer.takeRejected());
      held += writer.bytes;
      if (writer.durable <= (this.#told.get(name) ?? 0n)) continue;
      durable.set(name, writer.durable);
      this.#told.set(name, writer.durable);
    }
    target.report(held);
    const kept = target.refused.kept(rejected, start.context);
    return { durable, ...(kept.length > 0 ? { rejected: kept } : {}) };
  }

  #throwFailure(): void {
    for (const { failure } of this.#writers.values()) if (failure !== null) throw failure;
  }

  #opened(): { readonly start: SinkTaskStart; readonly target: OpenedTarget } {
    if (this.#start === null || this.#target === null) {
      throw new MillraceError('ELASTICSEARCH_TASK_CLOSED', 'the task is not open', { kind: 'closed' });
    }
    return { start: this.#start, target: this.#target };
  }
}

function factsOf({ topic, partition }: Assigned) {
  if (topic !== undefined) return topic;
  throw new MillraceError('ELASTICSEARCH_TOPIC_UNKNOWN', `the worker does not say which topic ${partition.topic} is`, {
    kind: 'bug',
    remedy: 'This is a defect of the worker: report it with its version.',
  });
}

function orAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<void>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  return Promise.race([promise, aborted.promise]).finally(() => signal.removeEventListener('abort', abort));
}

/** Waits for work, but no longer; what is not done then comes again. */
async function withinMs({ env }: SinkTaskStart, ms: number, work: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = env.timers.after(ms, late.resolve);
  try {
    await Promise.race([work, late.promise]);
  } finally {
    timer.cancel();
  }
}

function notAssigned(name: string): MillraceError {
  return new MillraceError('ELASTICSEARCH_PARTITION_NOT_ASSIGNED', `${name} is not assigned to this task`, {
    kind: 'bug',
    remedy: 'This is a defect of the worker: report it with its version.',
  });
}
