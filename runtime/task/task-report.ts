import type { Log, TaskContext } from '../connector/context.ts';
import type { Clock } from '../env/env.ts';
import type { PendingRestart, TaskFailure, TaskState, TaskView } from './host.ts';

interface Sample {
  readonly atMs: number;
  readonly records: number;
}

/** Over which the rate is taken. */
const RATE_WINDOW_MS = 5000;

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

  constructor(options: TaskReportOptions) {
    this.connector = options.connector;
    this.task = options.task;
    this.log = options.log;
    this.#clock = options.clock;
    this.#changed = options.changed;
    this.#stageSinceMs = options.clock.nowMs();
    this.#progressMs = this.#stageSinceMs;
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
    this.#state = state;
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

  view(): TaskView {
    const failure = this.#failure;
    const restart = this.#restart;
    return {
      state: this.#state,
      stage: this.#stage,
      stageSinceMs: this.#stageSinceMs,
      progressMs: this.#progressMs,
      records: this.records,
      bytes: this.bytes,
      recordsPerSecond: this.#rate(),
      queuedBytes: this.queuedBytes,
      gauges: { ...this.#gauges },
      info: { ...this.#info },
      warnings: { ...this.#warnings },
      ...(failure === undefined ? {} : { failure }),
      ...(restart === undefined ? {} : { restart }),
    };
  }

  #rate(): number {
    const now = { atMs: this.#clock.monotonicMs(), records: this.records };
    const samples = this.#samples;
    while (samples.length > 1 && now.atMs - (samples[1] as Sample).atMs >= RATE_WINDOW_MS) samples.shift();
    samples.push(now);
    const first = samples[0] as Sample;
    const elapsedMs = now.atMs - first.atMs;
    return elapsedMs < 100 ? 0 : Math.round(((now.records - first.records) / elapsedMs) * 1000);
  }
}
