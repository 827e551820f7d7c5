import type { Log, TaskContext } from '../connector/context.ts';
import type { Clock } from '../env/env.ts';
import type { PendingRestart, TaskFailure, TaskProfile, TaskState, TaskView } from './host.ts';
import type { LoopStanding } from './thread/loop-watch.ts';
import { StageClock, type Stage } from './stage-clock.ts';
import { TaskFigures } from './task-figures.ts';

interface Sample {
  readonly atMs: number;
  readonly records: number;
  readonly bytes: number;
  readonly recordsIn: number;
}

/** Per second. */
type Rates = Pick<Sample, 'records' | 'bytes' | 'recordsIn'>;

/** What the task waits for behind its back: appends and commits go on while it reads. */
export interface Behind {
  readonly stage: Stage;
  /** On the monotonic clock. */
  readonly sinceMs: number;
}

/** Over which the rate is taken. */
const RATE_WINDOW_MS = 5000;
/** What is under way behind a read for less is no place to stand at. */
const BEHIND_MS = 1000;

export interface TaskReportOptions {
  readonly connector: string;
  readonly task: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Called at every change of state. */
  readonly changed: () => void;
}

/**
 * What a task says of itself: the context its connector speaks to, and the counters its runner
 * keeps. {@link view} takes the picture that leaves the thread.
 */
export class TaskReport implements TaskContext {
  readonly connector: string;
  readonly task: number;
  readonly log: Log;
  records = 0;
  bytes = 0;
  queuedBytes = 0;
  /** Where it stands, and how long it stood where. */
  readonly at: StageClock;
  readonly figures: TaskFigures;
  /** How late the thread's loop is, and which part of the time it is busy. */
  loop: LoopStanding = { delayMs: 0, utilization: 0 };
  /** Bytes in each queue. Whoever has queues says so. */
  queues: () => Readonly<Record<string, number>> = () => ({});
  /** Most bytes all of them may hold together. */
  queueLimitBytes = 0;
  /** Whoever has had nothing to do for so long is idle. A sink says it of what it was given: its word counts at once. */
  idleFromMs = 1000;
  /** The oldest work under way; null: none, all that was taken is durable. */
  behind: () => Behind | null = () => null;
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly #gauges: Record<string, number> = {};
  readonly #info: Record<string, string> = {};
  readonly #warnings: Record<string, string> = {};
  readonly #samples: Sample[] = [];
  #state: TaskState = 'STARTING';
  #stage = 'starting';
  #stageSinceMs: number;
  #progressMs: number;
  #failure: TaskFailure | undefined;
  #restart: PendingRestart | undefined;
  #idle: string | null = null;
  /** Since when, on the monotonic clock. */
  #idleMs = 0;
  #runningMs = 0;
  #pausedMs = 0;
  #stateMs: number;

  constructor(options: TaskReportOptions) {
    this.connector = options.connector;
    this.task = options.task;
    this.log = options.log;
    this.#clock = options.clock;
    this.#changed = options.changed;
    this.#stageSinceMs = options.clock.nowMs();
    this.#progressMs = this.#stageSinceMs;
    this.#stateMs = options.clock.monotonicMs();
    this.at = new StageClock(options.clock);
    this.figures = new TaskFigures(options.clock);
  }

  stage(text: string): void {
    if (text === this.#stage) return;
    this.#stage = text;
    this.#stageSinceMs = this.#clock.nowMs();
  }

  gauge(name: string, value: number | null): void {
    if (value === null) delete this.#gauges[name];
    else this.#gauges[name] = value;
  }

  /** Adds to a gauge that only grows. */
  count(name: string, by = 1): void {
    this.#gauges[name] = (this.#gauges[name] ?? 0) + by;
    if (name === 'dead_letters_total') this.figures.failedRecord();
  }

  info(name: string, text: string | null): void {
    if (text === null) delete this.#info[name];
    else this.#info[name] = text;
  }

  warning(code: string, text: string | null): void {
    if (text === null) delete this.#warnings[code];
    else this.#warnings[code] = text;
  }

  get state(): TaskState {
    return this.#state;
  }

  set state(state: TaskState) {
    if (state === this.#state) return;
    this.#addStateTime();
    // Whoever rested by order stands still from now on only.
    if (this.#state === 'PAUSED') this.progressed();
    this.#state = state;
    if (state === 'STARTING') this.#idle = null;
    if (state === 'STARTING') this.at.enter('starting');
    else if (state !== 'RUNNING' && state !== 'PAUSED') this.at.enter('stopped');
    this.#changed();
  }

  fail(failure: TaskFailure): void {
    this.#failure = failure;
    this.state = 'FAILED';
  }

  /** It failed and starts again by itself; null: it is open again. */
  restarting(restart: PendingRestart | null): void {
    this.#restart = restart ?? undefined;
    if (restart === null) return;
    if (this.#state === 'STARTING') this.#changed();
    else this.state = 'STARTING';
  }

  /** Offsets moved, or idleness was proved (I8). */
  progressed(): void {
    this.#progressMs = this.#clock.nowMs();
  }

  /**
   * Proof of idleness counts only while nothing that was taken is still on its way, and from the second
   * on: a source that fails with each batch has nothing to do for a moment after each start (I8).
   */
  idle(proof: string): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#idle === null) this.#idleMs = nowMs;
    this.#idle = proof;
    if (this.at.stage === 'reading') this.at.enter('waiting');
    if (nowMs - this.#idleMs >= this.idleFromMs && this.behind() === null) this.progressed();
  }

  /** There is something to do again. */
  busy(): void {
    this.#idle = null;
  }

  view(): TaskView {
    const failure = this.#failure;
    const restart = this.#restart;
    const rate = this.#rate();
    return {
      state: this.#state,
      stage: this.#stage,
      stageSinceMs: this.#stageSinceMs,
      progressMs: this.#progressMs,
      records: this.records,
      bytes: this.bytes,
      recordsPerSecond: rate.records,
      queuedBytes: this.queuedBytes,
      profile: this.#profile(rate),
      gauges: { ...this.#gauges },
      info: { ...this.#info },
      warnings: { ...this.#warnings },
      ...(failure === undefined ? {} : { failure }),
      ...(restart === undefined ? {} : { restart }),
    };
  }

  #profile({ bytes: bytesPerSecond, recordsIn }: Rates): TaskProfile {
    const { at, atSinceMs } = this.#standing();
    this.#addStateTime();
    return {
      at,
      atSinceMs,
      idle: this.#idle,
      stageMs: this.at.spent(),
      shares: this.at.shares(),
      bytesPerSecond,
      queues: this.queues(),
      queueLimitBytes: this.queueLimitBytes,
      figures: this.figures.view({
        records_in_per_second: recordsIn,
        running_ms: this.#runningMs,
        paused_ms: this.#pausedMs,
        loop_delay_ms: this.loop.delayMs,
        loop_utilization_ratio: this.loop.utilization,
      }),
    };
  }

  /** A task that reads on while the hub does not answer stands at what it waits for behind the read. */
  #standing(): Pick<TaskProfile, 'at' | 'atSinceMs'> {
    const nowMs = this.#clock.monotonicMs();
    const wall = (monotonicMs: number): number => Math.round(this.#clock.nowMs() - (nowMs - monotonicMs));
    const { stage, enteredMs } = this.at;
    const behind = stage === 'reading' || stage === 'waiting' ? this.behind() : null;
    if (behind === null || nowMs - behind.sinceMs < BEHIND_MS) return { at: stage, atSinceMs: wall(enteredMs) };
    return { at: behind.stage, atSinceMs: wall(behind.sinceMs) };
  }

  #addStateTime(): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#state === 'RUNNING') this.#runningMs += nowMs - this.#stateMs;
    if (this.#state === 'PAUSED') this.#pausedMs += nowMs - this.#stateMs;
    this.#stateMs = nowMs;
  }

  #rate(): Rates {
    const recordsIn = this.figures.recordsInTotal;
    const now = { atMs: this.#clock.monotonicMs(), records: this.records, bytes: this.bytes, recordsIn };
    const samples = this.#samples;
    while (samples.length > 1 && now.atMs - (samples[1] as Sample).atMs >= RATE_WINDOW_MS) samples.shift();
    samples.push(now);
    const first = samples[0] as Sample;
    const elapsedMs = now.atMs - first.atMs;
    if (elapsedMs < 100) return { records: 0, bytes: 0, recordsIn: 0 };
    const perSecond = (more: number): number => Math.round((more / elapsedMs) * 1000);
    return {
      records: perSecond(now.records - first.records),
      bytes: perSecond(now.bytes - first.bytes),
      recordsIn: perSecond(now.recordsIn - first.recordsIn),
    };
  }
}
