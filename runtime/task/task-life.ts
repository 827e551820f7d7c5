import type { Connector } from '../connector/connector.ts';
import type { Env, Timer } from '../env/env.ts';
import type { Hub } from '../hub/port.ts';
import { MillraceError } from '../record/error.ts';
import type { RedriveStore } from '../store/redrives.ts';
import type { SchemaCatalog } from '../store/schema-catalog.ts';
import { describeFailure } from './error/failure.ts';
import { Gate } from './gate.ts';
import { guardedSink, guardedSource } from './guarded-connector.ts';
import type { TaskFailure, TaskSpec } from './host.ts';
import { Restarts, type RestartDecision } from './error/restarts.ts';
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
  readonly redrives: () => Promise<RedriveStore>;
}

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
  readonly #restarts: Restarts;
  #everOpened = false;
  #isHung = false;
  #openedMs = 0;

  constructor(options: TaskLifeOptions) {
    this.#options = options;
    this.#pause = new Gate(options.spec.paused);
    this.#restarts = new Restarts(options.env.clock);
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
          if (!(await this.#waitToRestart(error, settings))) return;
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
    const { hub, connector, converters, schemas, redrives } = await resources();
    const context: TaskRunContext = {
      spec,
      env,
      hub,
      converters,
      schemas,
      redrives,
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
    report.restarting(null);
    report.state = this.#pause.isShut ? 'PAUSED' : 'RUNNING';
  }

  #hung(what: string): void {
    this.#isHung = true;
    this.#options.report.log.error(`the task hangs: ${what}`);
    this.#options.report.warning('TASK_HUNG', what);
  }

  /** False: the task was stopped meanwhile, or is not to be started again. */
  async #waitToRestart(error: unknown, settings: TaskSettings): Promise<boolean> {
    const { report, env } = this.#options;
    const failure = describeFailure(error);
    const openMs = this.#openedMs === 0 ? 0 : env.clock.monotonicMs() - this.#openedMs;
    this.#openedMs = 0;
    const full = error instanceof MillraceError && error.kind === 'full';
    const run = { failure, openMs, everOpened: this.#everOpened, full, hung: this.#isHung };
    const decision = this.#restarts.decide(run, settings, env.random.next());
    if (decision.kind === 'stop') {
      report.stage('failed');
      report.restarting(null);
      report.fail({ ...failure, trace: `${failure.trace}\nNot started again by itself: ${decision.why}` });
      return false;
    }
    this.#announce(failure, decision);
    try {
      await env.timers.sleep(decision.waitMs, this.#stop.signal);
      return true;
    } catch {
      this.#stopped(null);
      return false;
    }
  }

  /** Says why the task starts again, and when. */
  #announce(failure: TaskFailure, { waitMs, attempt }: Extract<RestartDecision, { kind: 'restart' }>): void {
    const { report, env } = this.#options;
    const { code, message } = failure;
    const atMs = env.clock.nowMs() + waitMs;
    const when = `attempt ${attempt}, at ${new Date(atMs).toISOString()}`;
    report.count('restarts_total');
    report.warning('TASK_RETRYING', `${code}: ${message}`);
    report.stage(`starting again in ${(waitMs / 1000).toFixed(1)} s after ${code}`);
    report.restarting({
      code,
      atMs,
      attempt,
      trace: `${code}: ${message}\nStarts again by itself: a restart may mend it (${when})\n${failure.trace}`,
    });
    report.log.warn(`task failed and starts again in ${waitMs} ms: ${message}`, { code, attempt });
  }

  #stopped(error: unknown): void {
    const { report } = this.#options;
    if (error !== null && error !== this.#stop.signal.reason) {
      const { code, message } = describeFailure(error);
      report.log.warn(`task stopped, with an error on the way: ${message}`, { code });
    }
    report.stage('stopped');
    report.restarting(null);
    report.state = 'STOPPED';
  }
}
