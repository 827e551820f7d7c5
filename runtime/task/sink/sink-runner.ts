import type { SinkConnector } from '../../connector/connector.ts';
import type { SinkTask } from '../../connector/sink.ts';
import type { Assignment, GroupMember } from '../../hub/port.ts';
import { MillraceError } from '../../record/error.ts';
import { topicPartitionName } from '../../record/record.ts';
import { closeTask } from '../closing.ts';
import { Quota } from '../quota.ts';
import type { RunEnd, TaskRunContext } from '../task-run-context.ts';
import { loadChain } from '../load-chain.ts';
import { RecordDecoder } from './record-decoder.ts';
import { GrowthGate } from './growth-gate.ts';
import { AssignmentWatch, startingOffsets, type Beginning } from './sink-assignment.ts';
import { SinkDelivery, type SinkParts } from './sink-delivery.ts';
import { SinkFetch } from './sink-fetch.ts';
import { BEGUN } from './sink-group.ts';
import { measureLag } from './sink-lag.ts';
import { SinkRedrive } from './sink-redrive.ts';
import { SinkPositions } from './sink-positions.ts';
import type { HubSinkRecord } from './sink-record.ts';
import { SinkRejects } from './sink-rejects.ts';
import { sinkSettings, type SinkSettings } from './sink-settings.ts';
import { SinkTransforms } from './sink-transforms.ts';

/**
 * Runs one sink task as a member of its consumer group until it is asked to stop or fails.
 *
 * Procedure: join, then in a loop: take over a changed assignment, write what was fetched (the next
 * fetch is under way meanwhile), and at every `offset.flush.interval.ms` flush and commit what the
 * task calls durable (I1). A failure ends the run without a commit; the records after the committed
 * offset come again.
 */
export async function runSink(context: TaskRunContext, connector: SinkConnector): Promise<RunEnd> {
  const { hub, spec } = context;
  const settings = sinkSettings(spec);
  const chain = await loadChain(spec.config, context.report.log);
  const transforms = chain === null ? null : new SinkTransforms(chain, context.converters, connector);
  const task = connector.createTask(spec.config);
  const rejects = new SinkRejects(context);
  try {
    await task.open({ env: context.env, context: context.report, signal: context.stop });
    const reader = await hub.reader({ isolation: 'read_committed', maxBytes: settings.fetchBytes });
    try {
      const member = await hub.groups.join(settings.group, settings.topics);
      try {
        const positions = new SinkPositions();
        const decoder = new RecordDecoder(context.converters, context.schemas);
        const gate = connector.replacesByKey === true ? new GrowthGate(hub, settings) : null;
        const fetch = new SinkFetch(reader, positions, decoder, context.schemas, settings.fetchBytes, gate);
        const parts = { context, task, className: connector.className, transforms, decoder, positions, rejects, fetch };
        const run = new SinkRun(settings, member, gate, parts);
        const redrive = await SinkRedrive.open(parts, () => run.wake());
        try {
          return await run.run(redrive);
        } finally {
          await redrive?.close();
        }
      } finally {
        await member.leave();
      }
    } finally {
      await reader.close();
    }
  } finally {
    await rejects.close();
    await closeTask(context, task);
  }
}

/** How often a task without partitions says that it has none. */
const IDLE_LOOK_MS = 500;

class SinkRun {
  readonly #context: TaskRunContext;
  readonly #settings: SinkSettings;
  readonly #task: SinkTask;
  readonly #member: GroupMember;
  readonly #positions: SinkPositions;
  readonly #fetch: SinkFetch;
  readonly #rejects: SinkRejects;
  readonly #gate: GrowthGate | null;
  readonly #delivery: SinkDelivery;
  readonly #watch: AssignmentWatch;
  readonly #quota: Quota;
  /** There was nothing to read at the last look. */
  #atEnd = false;
  #redrive: SinkRedrive | null = null;
  #generation = -1;
  #assigned = false;
  #flushDueMs: number;
  /** Aborts the present wait: the assignment changed, or the task is to stop. */
  #wake = new AbortController();

  constructor(settings: SinkSettings, member: GroupMember, gate: GrowthGate | null, parts: SinkParts) {
    this.#gate = gate;
    const { context, task, positions, fetch, rejects } = parts;
    this.#context = context;
    this.#settings = settings;
    this.#task = task;
    this.#member = member;
    this.#positions = positions;
    this.#fetch = fetch;
    this.#rejects = rejects;
    this.#watch = new AssignmentWatch(member, () => this.#wake.abort());
    this.#flushDueMs = context.env.clock.monotonicMs() + settings.flushIntervalMs;
    const { report, spec, env } = context;
    this.#quota = Quota.of(spec, env.clock);
    this.#delivery = new SinkDelivery(parts, this.#quota);
    report.queueLimitBytes = settings.maxInflightBytes;
    report.idleFromMs = 0;
    report.queues = () => ({ fetched: fetch.queuedBytes, writing: report.queuedBytes });
    report.figures.activeNow = () => positions.uncommittedRecords;
  }

  /** Ends the present wait: there is something else to do. */
  wake(): void {
    this.#wake.abort();
  }

  /** `redrive`: null where there are no dead letters. */
  async run(redrive: SinkRedrive | null): Promise<RunEnd> {
    this.#redrive = redrive;
    this.#delivery.redrive = redrive;
    const { stop } = this.#context;
    const wake = (): void => this.#wake.abort();
    stop.addEventListener('abort', wake);
    try {
      this.#context.opened();
      this.#context.report.stage('joining the group');
      while (!stop.aborted) await this.#step();
      await this.#finish();
      return 'stopped';
    } finally {
      stop.removeEventListener('abort', wake);
      await this.#watch.close();
      await this.#fetch.close();
    }
  }

  async #step(): Promise<void> {
    this.#wake = new AbortController();
    const assignment = this.#watch.take();
    if (assignment !== null) await this.#reassign(assignment);
    if (this.#isFlushDue) await this.#flush();
    if (this.#context.stop.aborted) return;
    const { report } = this.#context;
    if (this.#context.pause.isShut || !this.#assigned) {
      report.at.enter(this.#context.pause.isShut ? 'paused' : 'waiting');
      // The group has said so: its topics have no partition for this task, or do not exist yet (I8).
      if (!this.#assigned && this.#generation >= 0) report.idle('no partitions yet');
      await this.#rest(Math.min(this.#untilFlushMs(), IDLE_LOOK_MS));
      return;
    }
    if (await this.#redriven()) return;
    if (await this.#throttled()) return;
    await this.#write(await this.#read());
  }

  async #read(): Promise<readonly HubSinkRecord[]> {
    const { report } = this.#context;
    const { holds } = this.#fetch;
    report.at.enter(!holds && (this.#atEnd || this.#fetch.cameToEnd) ? 'waiting' : 'reading');
    const records = await this.#fetch.next(this.#untilFlushMs(), this.#wake.signal);
    // A fetch that is not half full had come to the end: whoever waited for it waited for new records.
    if (!holds && this.#fetch.cameToEnd) report.at.relabel('waiting');
    if (records.length > 0) {
      this.#atEnd = false;
      report.busy();
    }
    report.figures.recordsIn(records.length);
    return records;
  }

  /** Waits for a part of what the quota is overdrawn by, no longer than to the next flush; true: look again. */
  async #throttled(): Promise<boolean> {
    const debtMs = this.#quota.debtMs();
    if (debtMs === 0) return false;
    this.#context.report.at.enter('throttled');
    await this.#rest(Math.min(debtMs, this.#untilFlushMs()));
    return true;
  }

  /** Between batches, all that was given to the task flushed: dead letters come back in order with the rest (I4). */
  async #redriven(): Promise<boolean> {
    if (this.#redrive?.pending !== true) return false;
    await this.#flush();
    const { report } = this.#context;
    report.stage('redriving dead letters');
    report.at.enter('writing');
    await this.#redrive.step();
    report.stage('writing');
    report.progressed();
    return true;
  }

  async #write(records: readonly HubSinkRecord[]): Promise<void> {
    const { maxRecords } = this.#settings;
    let at = 0;
    while (at < records.length && !this.#wake.signal.aborted) {
      const portion = Math.min(maxRecords, this.#quota.portion(records, at));
      const most = Math.min(this.#redrive?.together(records, at) ?? records.length, portion);
      const part = at === 0 && records.length <= most ? records : records.slice(at, at + most);
      if (await this.#delivery.take(part, this.#wake.signal)) return;
      at += part.length;
      if (this.#isFlushDue && (await this.#flush())) return;
      while (at < records.length && !this.#wake.signal.aborted && (await this.#throttled())) {
        if (this.#isFlushDue && (await this.#flush())) return;
      }
    }
    // Woken between parts: what was not offered is read again.
    if (at < records.length) await this.#fetch.restart();
    else for (const { offset, ...partition } of this.#fetch.ends()) this.#positions.passed(partition, offset);
  }

  /** True where reading goes on elsewhere. */
  async #flush(): Promise<boolean> {
    const { env, kill, report } = this.#context;
    this.#flushDueMs = env.clock.monotonicMs() + this.#settings.flushIntervalMs;
    if (!this.#assigned) return false;
    report.at.enter('flushing');
    const sought = this.#task.flush !== undefined && (await this.#delivery.settle(await this.#task.flush(kill)));
    await this.#commit();
    const moved = await this.#openGates();
    await this.#measureLag();
    // What was taken is durable: nothing to do is no standstill, and neither is more to come (I8).
    if (this.#positions.settled) report.progressed();
    return sought || moved;
  }

  /** Reads on where a growth is passed by all; true where something was opened. */
  async #openGates(): Promise<boolean> {
    if ((await this.#gate?.look()) !== true) return false;
    await this.#fetch.restart();
    return true;
  }

  async #commit(): Promise<void> {
    const { env, report } = this.#context;
    const offsets = this.#positions.uncommitted;
    if (offsets.length === 0) {
      report.figures.commitSkipped();
      return;
    }
    const startedMs = env.clock.monotonicMs();
    env.crash?.('sink.before_commit');
    try {
      await this.#member.commit(this.#generation, offsets);
    } catch (error) {
      report.figures.commitFailed();
      // Another assignment is on its way: what is durable here is committed under it, or read again by the new owner.
      if (error instanceof MillraceError && error.code === 'HUB_GROUP_FENCED') return;
      throw error;
    }
    env.crash?.('sink.after_commit');
    this.#positions.committed(offsets);
    report.figures.committed(startedMs);
    report.count('offset_commits_total');
    report.progressed();
  }

  async #measureLag(): Promise<void> {
    const { hub, report, env } = this.#context;
    const lag = await measureLag(hub, this.#positions.next);
    const { lastWrittenMs } = this.#delivery;
    report.gauge('lag_records', lag.records);
    report.gauge('lag_records_max', lag.most);
    report.gauge('lag_bytes', lag.bytes);
    if (lag.records === 0) report.gauge('lag_ms', 0);
    else if (lastWrittenMs > 0) report.gauge('lag_ms', Math.max(0, env.clock.nowMs() - lastWrittenMs));
    this.#atEnd = lag.records === 0;
    if (this.#atEnd && this.#positions.settled) report.idle('everything up to the high watermark is delivered');
  }

  /** Gives up what is taken away, commits what is durable of it, and only then acknowledges (I4). */
  async #reassign({ generation, partitions }: Assignment): Promise<void> {
    const { hub, report } = this.#context;
    const kept = new Set(partitions.map(topicPartitionName));
    const removed = this.#positions.partitions.filter((of) => !kept.has(topicPartitionName(of)));
    const added = partitions.filter((of) => !this.#positions.has(of));
    if (removed.length > 0) {
      this.#positions.durable(await this.#task.revoke(removed, { lost: false }));
      await this.#commit();
      this.#positions.remove(removed);
    }
    await this.#member.acknowledge(generation);
    this.#generation = generation;
    const beginnings = await startingOffsets(hub, this.#settings, report, added);
    const starts = beginnings.map(({ assigned }) => assigned);
    if (added.length > 0) {
      await this.#begin(beginnings);
      this.#rejects.assigned(starts);
      for (const { partition, offset } of starts) this.#positions.add(partition, offset);
      await this.#task.assign(starts);
      await this.#gate?.seen(added.map(({ topic }) => topic));
    }
    await this.#gate?.look();
    this.#assigned = partitions.length > 0;
    if (this.#assigned) report.busy();
    report.stage(this.#assigned ? 'writing' : 'waiting for partitions');
    report.gauge('assigned_partitions', partitions.length);
    await this.#redrive?.reassigned(starts);
    await this.#fetch.restart();
  }

  /** Commits the places that were chosen now, before anything is read: a later start might choose otherwise (I1). */
  async #begin(beginnings: readonly Beginning[]): Promise<void> {
    const chosen = beginnings.filter(({ stored }) => !stored);
    if (chosen.length === 0) return;
    const offsets = chosen.map(({ assigned: { partition, offset, committed } }) => ({
      ...partition,
      offset,
      ...(committed === true ? {} : { metadata: BEGUN }),
    }));
    try {
      await this.#member.commit(this.#generation, offsets);
    } catch (error) {
      // Another assignment is on its way, and begins as this one did.
      if (!(error instanceof MillraceError) || error.code !== 'HUB_GROUP_FENCED') throw error;
    }
  }

  /** Waits; a change of assignment or a stop ends it early. */
  async #rest(ms: number): Promise<void> {
    await this.#context.env.timers.sleep(ms, this.#wake.signal).catch(() => undefined);
  }

  get #isFlushDue(): boolean {
    return this.#context.env.clock.monotonicMs() >= this.#flushDueMs;
  }

  #untilFlushMs(): number {
    return Math.max(0, this.#flushDueMs - this.#context.env.clock.monotonicMs());
  }

  /** A stop: what the task holds and chooses to finish is made durable and committed. */
  async #finish(): Promise<void> {
    this.#context.report.stage('draining');
    await this.#flush();
    this.#context.report.at.enter('draining');
    const { partitions } = this.#positions;
    if (partitions.length === 0) return;
    this.#positions.durable(await this.#task.revoke(partitions, { lost: false }));
    await this.#commit();
  }
}
