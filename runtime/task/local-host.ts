import type { Connector } from '../connector/connector.ts';
import type { Log } from '../connector/context.ts';
import type { Env } from '../env/env.ts';
import type { Hub } from '../hub/port.ts';
import { RedriveStore } from '../store/redrives.ts';
import { SchemaStore } from '../store/schemas.ts';
import type { TaskHandle, TaskHost, TaskSpec, TaskView } from './host.ts';
import type { LoopStanding } from './thread/loop-watch.ts';
import { taskConverters } from './task-converters.ts';
import { TaskLife, type TaskResources } from './task-life.ts';
import { TaskReport } from './task-report.ts';
import { taskSettings } from './task-settings.ts';

export interface LocalHostOptions {
  readonly env: Env;
  readonly hub: Hub;
  /** The connector of a `connector.class`; rejects with a `config` error where there is none. */
  readonly connector: (className: string) => Promise<Connector>;
  /** The log of one task. */
  readonly log: (spec: TaskSpec) => Log;
}

/**
 * Runs tasks in this very thread: inside each task thread, and for tests and tools. A task that
 * blocks the thread or ignores a stop cannot be ended here; `thread-host.ts` can.
 */
export class LocalTaskHost implements TaskHost {
  readonly #options: LocalHostOptions;
  readonly #tasks = new Set<LocalTask>();
  readonly #schemas = new Map<string, Promise<SchemaStore>>();
  #redrives: Promise<RedriveStore> | null = null;
  readonly #stop = new AbortController();

  constructor(options: LocalHostOptions) {
    this.#options = options;
  }

  start(spec: TaskSpec, changed: (view: TaskView) => void): LocalTask {
    const { env, log } = this.#options;
    const report: TaskReport = new TaskReport({
      connector: spec.connector,
      task: spec.task,
      clock: env.clock,
      log: log(spec),
      changed: () => changed(report.view()),
    });
    const life = new TaskLife({ spec, env, report, resources: () => this.#resources(spec) });
    const task = new LocalTask(spec, env, life, report);
    this.#tasks.add(task);
    void task.over.finally(() => this.#tasks.delete(task));
    return task;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#tasks].map((task) => task.stop(5000)));
    this.#stop.abort(new Error('the task host is closing'));
    const stores = await Promise.allSettled(this.#schemas.values());
    for (const store of stores) if (store.status === 'fulfilled') await store.value.close();
    await (await this.#redrives?.catch(() => null))?.close();
  }

  async #resources(spec: TaskSpec): Promise<TaskResources> {
    const { hub, connector } = this.#options;
    return {
      hub,
      connector: await connector(spec.className),
      converters: taskConverters(spec),
      schemas: await this.#schemaStore(taskSettings(spec).schemaTopic),
      redrives: () => this.#redriveStore(),
    };
  }

  /** One view for all tasks; opened when the first asks, and anew after it failed. */
  #redriveStore(): Promise<RedriveStore> {
    if (this.#redrives !== null) return this.#redrives;
    const { hub, env } = this.#options;
    const forget = (): void => {
      this.#redrives = null;
    };
    const opening = RedriveStore.open({ hub, env, failed: forget }, this.#stop.signal);
    this.#redrives = opening;
    opening.catch(forget);
    return opening;
  }

  /** One view of a schema topic for all tasks; opened anew after it failed. */
  #schemaStore(topic: string): Promise<SchemaStore> {
    const known = this.#schemas.get(topic);
    if (known !== undefined) return known;
    const { hub, env } = this.#options;
    const forget = (): void => {
      this.#schemas.delete(topic);
    };
    const opening = SchemaStore.open({ hub, env, topic, failed: forget }, this.#stop.signal);
    this.#schemas.set(topic, opening);
    opening.catch(forget);
    return opening;
  }
}

export class LocalTask implements TaskHandle {
  readonly spec: TaskSpec;
  /** Resolves when the task is over. Never rejects. */
  readonly over: Promise<void>;
  readonly #env: Env;
  readonly #life: TaskLife;
  readonly #report: TaskReport;

  constructor(spec: TaskSpec, env: Env, life: TaskLife, report: TaskReport) {
    this.spec = spec;
    this.#env = env;
    this.#life = life;
    this.#report = report;
    this.over = life.run();
  }

  /** Whether code of the connector may still run though the task is over. */
  get isHung(): boolean {
    return this.#life.isHung;
  }

  /** How the loop of its thread does. */
  loop(standing: LoopStanding): void {
    this.#report.loop = standing;
  }

  view(): TaskView {
    return this.#report.view();
  }

  pause(): void {
    this.#life.pause();
  }

  resume(): void {
    this.#life.resume();
  }

  /** `terminated`: it did not end in time and was left behind. */
  stop(deadlineMs: number): Promise<'stopped' | 'terminated'> {
    this.#life.stop(deadlineMs);
    const { promise, resolve } = Promise.withResolvers<'stopped' | 'terminated'>();
    const timer = this.#env.timers.after(deadlineMs, () => resolve('terminated'));
    void this.over.finally(() => {
      timer.cancel();
      resolve('stopped');
    });
    return promise;
  }
}
