import type { Log } from '../connector/context.ts';
import type { RawConfig } from '../connector/options.ts';
import type { Env } from '../env/env.ts';
import type { StatusStore, StoredStatus } from '../store/statuses.ts';
import type { TaskHandle, TaskHost, TaskSpec, TaskView } from '../task/host.ts';
import { stallSettings, type StallSettings } from '../task/thread/stall-settings.ts';
import { runState } from './run-states.ts';
import type { StartCounts } from './start-counts.ts';
import { StatusWriter } from './status-writer.ts';

interface RunContext {
  readonly env: Env;
  readonly host: TaskHost;
  readonly statuses: StatusStore;
  readonly workerId: string;
  readonly log: Log;
  /** Milliseconds a stopping task has to drain. */
  readonly stopMs: number;
  readonly starts: StartCounts;
}

export interface RunPlan {
  /** The stored configuration this run was started from. */
  readonly config: RawConfig;
  readonly className: string;
  readonly version: string;
  /** Configurations of the tasks, variables resolved. */
  readonly tasks: readonly RawConfig[];
  readonly worker: RawConfig;
  readonly epoch: number;
  readonly paused: boolean;
}

/**
 * The tasks of one connector while they run here.
 */
export class ConnectorRun {
  readonly name: string;
  readonly config: RawConfig;
  /** When a task of it counts as stalled. */
  readonly stalls: StallSettings;
  readonly #context: RunContext;
  readonly #plan: RunPlan;
  #epoch: number;
  #paused: boolean;
  readonly #handles: TaskHandle[];
  /** Last status written per task: only differences are written again. */
  readonly #written = new Map<number, string>();
  /** Tasks of which it is not known yet how their start ends. */
  readonly #starting = new Set<number>();
  readonly #writer: StatusWriter;

  constructor(name: string, plan: RunPlan, context: RunContext) {
    this.name = name;
    this.config = plan.config;
    this.stalls = stallSettings({ config: plan.tasks[0] ?? {}, worker: plan.worker });
    this.#context = context;
    this.#plan = plan;
    this.#epoch = plan.epoch;
    this.#paused = plan.paused;
    this.#writer = new StatusWriter(name, context);
    this.#handles = plan.tasks.map((_, task) => this.#start(task));
  }

  get taskCount(): number {
    return this.#handles.length;
  }

  views(): readonly TaskView[] {
    return this.#handles.map((handle) => handle.view());
  }

  view(task: number): TaskView | undefined {
    return this.#handles[task]?.view();
  }

  pause(): void {
    this.#paused = true;
    for (const handle of this.#handles) handle.pause();
  }

  resume(): void {
    this.#paused = false;
    for (const handle of this.#handles) handle.resume();
  }

  /** Stops and starts the given tasks under a new epoch. */
  async restart(tasks: readonly number[], epoch: number): Promise<void> {
    this.#epoch = epoch;
    await Promise.all(
      tasks.map(async (task) => {
        await this.#stop(task);
        this.#handles[task] = this.#start(task);
      }),
    );
  }

  /** Stops all tasks; says how many had to be terminated. Statuses up to here are written. */
  async stop(): Promise<number> {
    const ends = await Promise.all(this.#handles.map((_, task) => this.#stop(task)));
    await this.#writer.close();
    return ends.filter((end) => end === 'terminated').length;
  }

  /** Waits for the statuses of the changes so far. */
  settled(): Promise<void> {
    return this.#writer.settled();
  }

  /** What a task is by its last change, where that could not be written yet; null: its stored status says it. */
  unwritten(task: number): StoredStatus | null {
    return this.#writer.unwritten(task);
  }

  #start(task: number): TaskHandle {
    const { className, tasks, worker } = this.#plan;
    const spec: TaskSpec = {
      connector: this.name,
      task,
      epoch: this.#epoch,
      className,
      config: tasks[task] ?? {},
      worker,
      paused: this.#paused,
      tasks: tasks.length,
    };
    this.#written.delete(task);
    this.#context.starts.tasks.attempts++;
    this.#starting.add(task);
    const { epoch } = spec;
    const handle = this.#context.host.start(spec, (view) => this.#changed(task, epoch, view));
    this.#changed(task, epoch, handle.view());
    return handle;
  }

  async #stop(task: number): Promise<'stopped' | 'terminated'> {
    const handle = this.#handles[task];
    if (handle === undefined) return 'stopped';
    const end = await handle.stop(this.#context.stopMs);
    if (end === 'terminated') {
      const { log, stopMs } = this.#context;
      log.warn('a task did not stop in time; its thread was terminated', { connector: this.name, task, stopMs });
    }
    return end;
  }

  /** Late news of an earlier start of the task (a zombie) must not overwrite its successor's (D16). */
  #changed(task: number, epoch: number, view: TaskView): void {
    if (epoch !== this.#epoch && this.#handles[task]?.spec.epoch !== epoch) return;
    this.#count(task, view);
    const state = runState(view.state);
    // A task that starts again by itself says why, and when.
    const trace = state === 'FAILED' ? (view.failure?.trace ?? null) : (view.restart?.trace ?? null);
    const id = `${epoch} ${state} ${trace ?? ''}`;
    if (this.#written.get(task) === id || !this.#worthWriting(task, view)) return;
    this.#written.set(task, id);
    this.#log(task, view);
    const status = { state, trace, worker_id: this.#context.workerId, generation: epoch, version: this.#plan.version };
    this.#writer.put(task, status);
  }

  /** The first outcome of a start counts. */
  #count(task: number, { state }: TaskView): void {
    const { tasks } = this.#context.starts;
    if (state === 'STARTING' || !this.#starting.delete(task)) return;
    if (state === 'FAILED') tasks.failures++;
    else tasks.successes++;
  }

  /** A start must not look like RUNNING (I8), and shows where it does not succeed; a stop that was asked for is told by who asked. */
  #worthWriting(task: number, { state, warnings }: TaskView): boolean {
    if (state === 'STOPPED') return false;
    const stored = this.#context.statuses.task(this.name, task)?.state;
    if (state !== 'STARTING' || Object.keys(warnings).length > 0) return true;
    return stored !== undefined && stored !== 'RESTARTING';
  }

  #log(task: number, view: TaskView): void {
    const { log } = this.#context;
    const fields = { connector: this.name, task, stage: view.stage };
    if (view.failure === undefined) {
      log.info(`task is ${view.state}`, fields);
      return;
    }
    const { code, message, remedy, retry } = view.failure;
    log.error(`task failed: ${message}`, { ...fields, code, retry, ...(remedy === undefined ? {} : { remedy }) });
  }
}

/** A connector's status as stored. */
export function connectorStatus(
  state: StoredStatus['state'],
  workerId: string,
  generation: number,
  version: string | null,
  trace: string | null = null,
): StoredStatus {
  return { state, trace, worker_id: workerId, generation, version };
}
