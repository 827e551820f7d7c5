import type { Connector } from '../connector/connector.ts';
import type { Env, Timer } from '../env/env.ts';
import type { Hub } from '../hub/port.ts';
import { MillraceError } from '../record/error.ts';
import type { SchemaCatalog } from '../store/schema-catalog.ts';
import { backoffMs } from './backoff.ts';
import { describeFailure } from './failure.ts';
import { Gate } from './gate.ts';
import { guardedSink, guardedSource } from './guarded-connector.ts';
import type { TaskSpec } from './host.ts';
import { runSink } from './sink/sink-runner.ts';
import { runSource } from './source/source-runner.ts';
import type { TaskConverters } from './task-converters.ts';
import type { TaskReport } from './task-report.ts';
import type { RunEnd, TaskRunContext } from './task-run-context.ts';
import { taskSettings, type TaskSettings } from './task-settings.ts';

export interface TaskLifeOptions {
  readonly spec: TaskSpec;
  readonly env: Env;
  readonly report: TaskReport;
  /** What the task needs of its surroundings; asked for at each run. */
  readonly resources: () => Promise<TaskResources>;
}

export interface TaskResources {
  readonly hub: Hub;
  readonly connector: Connector;
  readonly converters: TaskConverters;
  readonly schemas: SchemaCatalog;
}

const FIRST_BACKOFF_MS = 300;
/** How long a task that never opened is tried by itself, where `errors.retry.timeout` does not say. */
const OPENING_TIMEOUT_MS = 30_000;
/** Part of the stopping time after which writes under way are aborted. */
const KILL_AFTER = 0.8;

/**
 * One task from start to end in its thread: runs it, and where the retry table says so starts it
 * again from its durable offsets, with back-off. States and failures go into the report.
 */
export class TaskLife {
  readonly #options: TaskLifeOptions;
  readonly #pause: Gate;
  readonly #stop = new AbortController();
  readonly #kill = new AbortController();
  #killTimer: Timer | null = null;
  #attempt = 0;
  #everOpened = false;
  #isHung = false;
  #openedMs = 0;

  constructor(options: TaskLifeOptions) {
    this.#options = options;
    this.#pause = new Gate(options.spec.paused);
  }

  pause(): void {
    this.#pause.shut();
    if (this.#options.report.state === 'RUNNING') this.#options.report.state = 'PAUSED';
  }

  resume(): void {
    this.#pause.open();
    if (this.#options.report.state === 'PAUSED') this.#options.report.state = 'RUNNING';
  }

  /** Asks the task to finish and stop within `deadlineMs`. */
  stop(deadlineMs: number): void {
    const { env } = this.#options;
    const reason = new MillraceError('TASK_STOPPED', 'the task was asked to stop', { kind: 'closed' });
    this.#stop.abort(reason);
    this.#killTimer ??= env.timers.after(deadlineMs * KILL_AFTER, () => this.#kill.abort(reason));
  }

  /** Whether code of the connector may still run in this thread though the task is over. */
  get isHung(): boolean {
    return this.#isHung;
  }

  /** Resolves when the task is over; its report says how. Never rejects. */
  async run(): Promise<void> {
    try {
      await this.#run();
    } finally {
      this.#killTimer?.cancel();
    }
  }

  async #run(): Promise<void> {
    const { report, spec } = this.#options;
    let firstFailureMs: number | null = null;
    for (;;) {
      try {
        const settings = taskSettings(spec);
        try {
          const end = await this.#runOnce();
          report.stage(end === 'ended' ? 'the source has ended' : 'stopped');
          report.state = end === 'ended' ? 'ENDED' : 'STOPPED';
          return;
        } catch (error) {
          if (this.#stop.signal.aborted) return this.#stopped(error);
          firstFailureMs = this.#recovered(settings) ? null : firstFailureMs;
          firstFailureMs ??= this.#options.env.clock.monotonicMs();
          if (!(await this.#waitToRetry(error, settings, firstFailureMs))) return;
        }
      } catch (error) {
        report.stage('failed');
        report.fail(describeFailure(error));
        return;
      }
    }
  }

  async #runOnce(): Promise<RunEnd> {
    const { spec, env, report, resources } = this.#options;
    report.state = 'STARTING';
    report.stage('starting');
    const { hub, connector, converters, schemas } = await resources();
    const context: TaskRunContext = {
      spec,
      env,
      hub,
      converters,
      schemas,
      report,
      pause: this.#pause,
      stop: this.#stop.signal,
      kill: this.#kill.signal,
      opened: () => this.#opened(),
      hung: (what) => this.#hung(what),
    };
    return connector.kind === 'source'
      ? runSource(context, guardedSource(context, connector))
      : runSink(context, guardedSink(context, connector));
  }

  #opened(): void {
    const { report, env } = this.#options;
    this.#everOpened = true;
    this.#openedMs = env.clock.monotonicMs();
    report.warning('TASK_RETRYING', null);
    report.progressed();
    report.state = this.#pause.isShut ? 'PAUSED' : 'RUNNING';
  }

  #hung(what: string): void {
    this.#isHung = true;
    this.#options.report.log.error(`the task hangs: ${what}`);
    this.#options.report.warning('TASK_HUNG', what);
  }

  /** Whether the last run went well for long enough to forget the failures before it. */
  #recovered(settings: TaskSettings): boolean {
    const ranMs = this.#openedMs === 0 ? 0 : this.#options.env.clock.monotonicMs() - this.#openedMs;
    this.#openedMs = 0;
    if (ranMs < settings.retryMaxDelayMs) return false;
    this.#attempt = 0;
    return true;
  }

  /** False: the task was stopped meanwhile. Throws the error where it is not to be tried again. */
  async #waitToRetry(error: unknown, settings: TaskSettings, firstFailureMs: number): Promise<boolean> {
    const { report, env } = this.#options;
    const failure = describeFailure(error);
    const waits = this.#everOpened || (error instanceof MillraceError && error.kind === 'full');
    const limitMs = settings.retryTimeoutMs ?? (waits ? Infinity : OPENING_TIMEOUT_MS);
    const triedMs = env.clock.monotonicMs() - firstFailureMs;
    if (failure.retry !== 'retry' || triedMs >= limitMs || this.#isHung) throw error;
    this.#attempt++;
    const backoff = { firstMs: FIRST_BACKOFF_MS, maxMs: settings.retryMaxDelayMs };
    const waitMs = backoffMs(this.#attempt, backoff, env.random.next());
    report.count('restarts_total');
    report.warning('TASK_RETRYING', `${failure.code}: ${failure.message}`);
    report.stage(`starting again in ${(waitMs / 1000).toFixed(1)} s after ${failure.code}`);
    report.state = 'STARTING';
    report.log.warn(`task failed and starts again in ${waitMs} ms: ${failure.message}`, { code: failure.code });
    try {
      await env.timers.sleep(waitMs, this.#stop.signal);
      return true;
    } catch {
      this.#stopped(null);
      return false;
    }
  }

  #stopped(error: unknown): void {
    const { report } = this.#options;
    if (error !== null && error !== this.#stop.signal.reason) {
      const { code, message } = describeFailure(error);
      report.log.warn(`task stopped, with an error on the way: ${message}`, { code });
    }
    report.stage('stopped');
    report.state = 'STOPPED';
  }
}
