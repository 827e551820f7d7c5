import type {
  PendingRestart,
  TaskFailure,
  TaskHandle,
  TaskHost,
  TaskSpec,
  TaskState,
  TaskView,
} from '../../../runtime/task/host.ts';

/** A host whose tasks only have states; a test moves them. */
export class FakeHost implements TaskHost {
  readonly started: TaskSpec[] = [];
  readonly running = new Map<string, FakeTask>();
  closed = false;
  /** What a stop says, and how long it takes. */
  stopResult: 'stopped' | 'terminated' = 'stopped';
  /** Specs for which a start fails. */
  failing: (spec: TaskSpec) => TaskFailure | undefined = () => undefined;

  start(spec: TaskSpec, changed: (view: TaskView) => void): TaskHandle {
    this.started.push(spec);
    const id = `${spec.connector}-${spec.task}`;
    if (this.running.has(id)) throw new Error(`${id} runs twice`);
    const task = new FakeTask(spec, changed, () => this.running.delete(id), this.stopResult);
    this.running.set(id, task);
    queueMicrotask(() => task.begin(this.failing(spec)));
    return task;
  }

  task(connector: string, task = 0): FakeTask {
    const found = this.running.get(`${connector}-${task}`);
    if (found === undefined) throw new Error(`${connector}-${task} does not run`);
    return found;
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

export function failure(message: string): TaskFailure {
  return { code: 'TEST_FAILED', message, trace: `TEST_FAILED: ${message}\n    at test`, retry: 'operator' };
}

export class FakeTask implements TaskHandle {
  readonly spec: TaskSpec;
  readonly #changed: (view: TaskView) => void;
  readonly #gone: () => void;
  readonly #stopResult: 'stopped' | 'terminated';
  #state: TaskState = 'STARTING';
  #failure: TaskFailure | undefined;
  #restart: PendingRestart | undefined;

  constructor(
    spec: TaskSpec,
    changed: (view: TaskView) => void,
    gone: () => void,
    stopResult: 'stopped' | 'terminated',
  ) {
    this.spec = spec;
    this.#changed = changed;
    this.#gone = gone;
    this.#stopResult = stopResult;
  }

  begin(failed: TaskFailure | undefined): void {
    if (this.#state !== 'STARTING') return;
    if (failed === undefined) this.set(this.spec.paused ? 'PAUSED' : 'RUNNING');
    else this.fail(failed);
  }

  set(state: TaskState): void {
    this.#state = state;
    this.#changed(this.view());
  }

  /** It failed, and starts again by itself. */
  retry(trace: string): void {
    this.#restart = { code: 'TEST_FAILED', trace, atMs: 0, attempt: 1 };
    this.set('STARTING');
  }

  fail(failed: TaskFailure): void {
    this.#failure = failed;
    this.set('FAILED');
  }

  view(): TaskView {
    return {
      state: this.#state,
      stage: 'test',
      stageSinceMs: 1,
      progressMs: 2,
      records: 3,
      bytes: 4,
      recordsPerSecond: 5,
      queuedBytes: 6,
      gauges: { lag_bytes: 7 },
      info: {},
      warnings: {},
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
      ...(this.#restart === undefined || this.#state !== 'STARTING' ? {} : { restart: this.#restart }),
    };
  }

  pause(): void {
    if (this.#state !== 'FAILED') this.set('PAUSED');
  }

  resume(): void {
    if (this.#state !== 'FAILED') this.set('RUNNING');
  }

  async stop(): Promise<'stopped' | 'terminated'> {
    this.#gone();
    this.set('STOPPED');
    return this.#stopResult;
  }
}
