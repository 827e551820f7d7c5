import type { Log } from '../connector/context.ts';
import type { Env } from '../env/env.ts';
import { listedNames, type RawConfig } from '../connector/options.ts';
import type { Redactor } from '../observe/redactor.ts';
import type { ConfigProviders } from '../settings/providers.ts';
import type { ConfigStore, StoredConnector } from '../store/configs.ts';
import type { StatusStore } from '../store/statuses.ts';
import { traceOf } from '../task/error/failure.ts';
import type { TaskHost, TaskView } from '../task/host.ts';
import type { PluginCatalog } from './plugin-catalog.ts';
import { ConfigReload } from './config-reload.ts';
import { ConnectorPlanning, sameConfig, sameConfigs } from './connector-planning.ts';
import type { ConnectorQueue } from './connector-queue.ts';
import { ConnectorRun, connectorStatus, type RunPlan } from './connector-run.ts';
import { ConnectorSetbacks } from './connector-setbacks.ts';
import { StartCounts } from './start-counts.ts';

export interface ReconcilerOptions {
  readonly env: Env;
  readonly log: Log;
  readonly configs: ConfigStore;
  readonly statuses: StatusStore;
  readonly host: TaskHost;
  readonly catalog: PluginCatalog;
  readonly providers: ConfigProviders;
  readonly redactor?: Redactor;
  /** Read at each use. */
  readonly workerId: string;
  readonly worker: RawConfig;
  readonly stopMs: number;
}

/**
 * Makes what runs equal to what is stored, one connector at a time:
 *
 * | stored | then |
 * | --- | --- |
 * | no configuration | its tasks stop, its statuses are forgotten |
 * | STOPPED | its tasks stop and their configurations are emptied |
 * | PAUSED | running tasks pause; tasks that do not run start paused from their stored configurations |
 * | STARTED, as it runs | tasks resume |
 * | STARTED, not running or another configuration | tasks stop, are planned anew, stored, and start under a new epoch |
 *
 * A failure on the way makes the connector FAILED; `setbacks` says whether it is tried again by itself.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #queue: ConnectorQueue;
  readonly #runs = new Map<string, ConnectorRun>();
  /** Requests not begun yet: one more would find the same. */
  readonly #requested = new Set<string>();
  readonly #reload: ConfigReload;
  /** What connectors are, and the tasks they plan. */
  readonly planning: ConnectorPlanning;
  /** What keeps connectors from being as they are wanted. */
  readonly setbacks: ConnectorSetbacks;
  readonly starts = new StartCounts();
  #closing = false;

  constructor(options: ReconcilerOptions, queue: ConnectorQueue) {
    this.#options = options;
    this.#queue = queue;
    this.#reload = new ConfigReload(options);
    this.planning = new ConnectorPlanning(options);
    this.setbacks = new ConnectorSetbacks(options, (name) => this.request(name));
  }

  run(name: string): ConnectorRun | undefined {
    return this.#runs.get(name);
  }

  views(): ReadonlyMap<string, readonly TaskView[]> {
    return new Map([...this.#runs].map(([name, run]) => [name, run.views()]));
  }

  /** Every task that runs here, with when it counts as stalled. */
  *watched() {
    for (const [connector, run] of this.#runs) {
      const settings = run.stalls;
      for (const [task, view] of run.views().entries()) yield { connector, task, view, settings };
    }
  }

  /** Asks for the connector to be brought in line, after what is under way. */
  request(name: string): void {
    if (this.#requested.has(name)) return;
    this.#requested.add(name);
    this.#enqueue(name, async () => {
      this.#requested.delete(name);
      await this.#reconcile(name);
    });
  }

  /** Starts anew the connectors whose variables stand for something else than at their start. */
  async reloadChanged(): Promise<void> {
    for (const name of await this.#reload.changed((one) => this.setbacks.trace(one))) {
      this.#enqueue(name, async () => {
        const stored = this.#options.configs.get(name);
        if (stored === null || stored.target === 'STOPPED') return;
        this.#options.log.info('restarting: what its configuration refers to has changed', { connector: name });
        await this.#startAgain(name, stored);
      });
    }
  }

  /** Plans the tasks anew; those that run go on where their configurations have not changed. */
  restartConnector(name: string): void {
    this.#enqueue(name, async () => {
      const stored = this.#options.configs.get(name);
      const run = this.#runs.get(name);
      if (stored === null || stored.target === 'STOPPED') return;
      if (run === undefined || (await this.planning.changed(name, run.config, stored)))
        await this.#startAgain(name, stored);
      else await this.#running(name, run, stored);
    });
  }

  restartTasks(name: string, tasks: readonly number[]): void {
    this.#enqueue(name, async () => {
      const run = this.#runs.get(name);
      const stored = this.#options.configs.get(name);
      if (stored === null || stored.target === 'STOPPED') return;
      if (run === undefined) {
        await this.#startAgain(name, stored);
        return;
      }
      const { statuses, workerId, configs } = this.#options;
      const known = tasks.filter((task) => task < run.taskCount);
      const epoch = await configs.nextEpoch(name);
      await Promise.all(
        known.map((task) => statuses.putTask(name, task, connectorStatus('RESTARTING', workerId, epoch, null))),
      );
      await run.restart(known, epoch);
    });
  }

  /** Stops all tasks, all at once; nothing stored changes but the statuses. */
  async close(): Promise<void> {
    this.#closing = true;
    this.setbacks.close();
    // A start that is under way adds its run only when it is done: its name has to be waited for too.
    const names = new Set([...this.#options.configs.names(), ...this.#runs.keys()]);
    const stops = [...names].map((name) => this.#queue.run(name, () => this.#leave(name)));
    // One that cannot be left in order must not keep the others, or the worker, from ending.
    for (const result of await Promise.allSettled(stops)) {
      if (result.status === 'rejected')
        this.#options.log.error('leaving a connector failed', { error: traceOf(result.reason) });
    }
  }

  #enqueue(name: string, work: () => Promise<void>): void {
    const guarded = async (): Promise<void> => {
      if (this.#closing) return;
      try {
        await work();
        this.setbacks.clear(name);
      } catch (error) {
        await this.setbacks.failed(name, error);
      }
    };
    void this.#queue.run(name, guarded);
  }

  async #reconcile(name: string): Promise<void> {
    const { configs, statuses } = this.#options;
    const stored = configs.get(name);
    if (stored === null) {
      await this.#stop(name);
      this.planning.forget(name);
      await statuses.forget(name);
      return;
    }
    if (stored.target === 'STOPPED') {
      await this.#stopped(name, stored);
      return;
    }
    const run = this.#runs.get(name);
    const unplanned = run?.taskCount === 0 && stored.target === 'STARTED';
    if (run === undefined || unplanned || !sameConfig(run.config, stored.config)) await this.#startAgain(name, stored);
    else await this.#running(name, run, stored);
  }

  async #stopped(name: string, stored: StoredConnector): Promise<void> {
    const { configs, statuses, workerId } = this.#options;
    await this.#stop(name);
    if (stored.tasks.length > 0) await configs.putTasks(name, []);
    await Promise.all(statuses.tasks(name).map(({ task }) => statuses.putTask(name, task, null)));
    const version = await this.planning.version(name, stored.config);
    await statuses.putConnector(name, connectorStatus('STOPPED', workerId, stored.epoch, version));
  }

  async #running(name: string, run: ConnectorRun, stored: StoredConnector): Promise<void> {
    const { statuses, workerId } = this.#options;
    const paused = stored.target === 'PAUSED';
    if (paused) run.pause();
    else run.resume();
    const version = await this.planning.version(name, stored.config);
    await statuses.putConnector(name, connectorStatus(paused ? 'PAUSED' : 'RUNNING', workerId, stored.epoch, version));
  }

  async #startAgain(name: string, stored: StoredConnector): Promise<void> {
    const { env, configs, statuses, host, workerId, worker, log, stopMs } = this.#options;
    const paused = stored.target === 'PAUSED';
    this.starts.connectors.attempts++;
    const planned = await this.planning.plan(name, stored).catch((error: unknown) => {
      this.starts.connectors.failures++;
      throw error;
    });
    await this.#stop(name);
    // Created paused: tasks are planned when it is first resumed.
    const tasks = paused && stored.tasks.length === 0 ? [] : planned.tasks;
    if (tasks.length > 0 && !sameConfigs(tasks, stored.tasks)) await configs.putTasks(name, tasks);
    const epoch = await configs.nextEpoch(name);
    const gone = statuses.tasks(name).filter(({ task }) => task >= tasks.length);
    await Promise.all(gone.map(({ task }) => statuses.putTask(name, task, null)));
    const state = paused ? 'PAUSED' : 'RUNNING';
    await statuses.putConnector(name, connectorStatus(state, workerId, epoch, planned.version));
    await this.#trackTopics(name, stored.config);
    const plan: RunPlan = {
      config: stored.config,
      className: planned.className,
      version: planned.version,
      tasks: tasks.length === 0 ? [] : planned.resolved,
      worker,
      epoch,
      paused,
    };
    this.#reload.started(name, planned.whole);
    this.#runs.set(
      name,
      new ConnectorRun(name, plan, { env, host, statuses, workerId, log, stopMs, starts: this.starts }),
    );
    this.starts.connectors.successes++;
    log.info('connector started', { connector: name, tasks: tasks.length, epoch, paused });
    this.planning.tellClientKeys(name, stored.config);
  }

  /** The topics a sink names; a source's are told by its tasks. */
  async #trackTopics(name: string, config: RawConfig): Promise<void> {
    const { statuses, worker } = this.#options;
    if (worker['topic.tracking.enable'] === 'false') return;
    for (const topic of listedNames(config['topics'])) await statuses.addTopic(name, topic, 0);
  }

  async #stop(name: string): Promise<void> {
    const run = this.#runs.get(name);
    if (run === undefined) return;
    await run.stop();
    this.#runs.delete(name);
  }

  /** Stops because this worker ends: the statuses say that nobody runs it. */
  async #leave(name: string): Promise<void> {
    const { statuses, workerId, configs, log } = this.#options;
    const run = this.#runs.get(name);
    if (run === undefined) return;
    await this.#stop(name);
    const generation = configs.get(name)?.epoch ?? 0;
    const unassigned = connectorStatus('UNASSIGNED', workerId, generation, null);
    const failed = statuses.tasks(name).filter(({ status }) => status.state === 'FAILED');
    const kept = new Set(failed.map(({ task }) => task));
    const left = statuses.tasks(name).filter(({ task }) => !kept.has(task));
    const puts = await Promise.allSettled([
      statuses.putConnector(name, unassigned),
      ...left.map(({ task }) => statuses.putTask(name, task, unassigned)),
    ]);
    // A full disk keeps no worker from ending: what runs where is seen anew at the next start.
    const failure = puts.find((put) => put.status === 'rejected');
    if (failure !== undefined)
      log.error('writing a status failed', { connector: name, error: traceOf(failure.reason) });
  }
}
