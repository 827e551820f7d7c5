import type { Env, Timer } from '../../env/env.ts';
import type { TaskFailure, TaskHandle, TaskSpec, TaskView } from '../host.ts';
import type { WorkerThread } from './worker-thread.ts';

export interface HostedTaskOptions {
  readonly id: number;
  readonly spec: TaskSpec;
  /** Needs a thread of its own. */
  readonly alone: boolean;
  readonly env: Env;
  readonly changed: (view: TaskView) => void;
  /** Ends the task's thread. */
  readonly terminate: () => Promise<void>;
}

/** A task in a worker thread, seen from the main thread: its last report, and its orders. */
export class HostedTask implements TaskHandle {
  readonly id: number;
  readonly spec: TaskSpec;
  readonly #options: HostedTaskOptions;
  readonly #end = Promise.withResolvers<'stopped' | 'terminated'>();
  #alone: boolean;
  #thread: WorkerThread | null = null;
  #paused: boolean;
  #stopping = false;
  #over = false;
  #deadline: Timer | null = null;
  #restarts = 0;
  #restartReason = '';
  #view: TaskView;

  constructor(options: HostedTaskOptions) {
    this.#options = options;
    this.id = options.id;
    this.spec = options.spec;
    this.#alone = options.alone;
    this.#paused = options.spec.paused;
    this.#view = startingView(options.env.clock.nowMs());
  }

  get name(): string {
    return `${this.spec.connector}-${this.spec.task}`;
  }

  get alone(): boolean {
    return this.#alone;
  }

  get isStopping(): boolean {
    return this.#stopping;
  }

  view(): TaskView {
    if (this.#restarts === 0) return this.#view;
    const gauges = { ...this.#view.gauges, thread_restarts_total: this.#restarts };
    const warnings = { ...this.#view.warnings, TASK_THREAD_LOST: this.#restartReason };
    return { ...this.#view, gauges, warnings };
  }

  pause(): void {
    this.#paused = true;
    this.#thread?.post({ kind: 'pause', id: this.id });
  }

  resume(): void {
    this.#paused = false;
    this.#thread?.post({ kind: 'resume', id: this.id });
  }

  stop(deadlineMs: number): Promise<'stopped' | 'terminated'> {
    if (this.#stopping || this.#over) return this.#end.promise;
    this.#stopping = true;
    this.#thread?.post({ kind: 'stop', id: this.id, deadlineMs });
    this.#deadline = this.#options.env.timers.after(deadlineMs, () => void this.#options.terminate());
    return this.#end.promise;
  }

  /** The task was given to a thread. */
  placed(thread: WorkerThread): void {
    this.#thread = thread;
    thread.post({ kind: 'start', id: this.id, spec: { ...this.spec, paused: this.#paused } });
  }

  reported(view: TaskView, changed: boolean): void {
    this.#view = view;
    if (changed) this.#options.changed(this.view());
  }

  /** Its thread was lost through no fault of its own, or it gets another chance. */
  restarting(alone: boolean, why: string): void {
    this.#alone ||= alone;
    this.#restarts++;
    this.#restartReason = why;
    this.#show({ state: 'STARTING', stage: 'starting again in another thread' });
  }

  /** Its thread died of it. */
  failed(failure: TaskFailure): void {
    this.#show({ state: 'FAILED', stage: 'failed', failure });
    this.gone('stopped');
  }

  /** Nothing of it runs any more. Idempotent. */
  gone(how: 'stopped' | 'terminated'): void {
    if (this.#over) return;
    this.#over = true;
    this.#thread = null;
    this.#deadline?.cancel();
    const ended = ['FAILED', 'STOPPED', 'ENDED'].includes(this.#view.state);
    if (how === 'terminated' && !ended) this.#show({ state: 'STOPPED', stage: 'terminated: it did not stop in time' });
    this.#end.resolve(how);
  }

  #show(part: Partial<TaskView>): void {
    this.#view = { ...this.#view, stageSinceMs: this.#options.env.clock.nowMs(), ...part };
    this.#options.changed(this.view());
  }
}

function startingView(nowMs: number): TaskView {
  return {
    state: 'STARTING',
    stage: 'starting',
    stageSinceMs: nowMs,
    progressMs: nowMs,
    records: 0,
    bytes: 0,
    recordsPerSecond: 0,
    queuedBytes: 0,
    gauges: {},
    info: {},
    warnings: {},
  };
}
