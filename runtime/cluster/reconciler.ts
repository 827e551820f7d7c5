import { CLIENT_KEYS_REASON, CLIENT_KEYS_TOLD, connectorClientKeys } from '../connector/client-keys.ts';
import type { Connector } from '../connector/connector.ts';
import type { Log } from '../connector/context.ts';
import type { Env, Timer } from '../env/env.ts';
import { listedNames, type OptionSet, type RawConfig } from '../connector/options.ts';
import { planTasks } from '../connector/remote-connector.ts';
import type { Redactor } from '../observe/redactor.ts';
import { messageOf } from '../record/thrown.ts';
import { unresolve, type ConfigProviders } from '../settings/providers.ts';
import type { ConfigStore, StoredConnector } from '../store/configs.ts';
import type { StatusStore } from '../store/statuses.ts';
import type { TaskHost, TaskView } from '../task/host.ts';
import type { PluginCatalog } from './catalog.ts';
import { namedConnector, resolveConfig } from './config-checks.ts';
import { ConfigReload } from './config-reload.ts';
import type { ConnectorQueue } from './connector-queue.ts';
import { ConnectorRun, connectorStatus, type RunPlan } from './connector-run.ts';
import { backoffMs } from '../task/backoff.ts';
import { traceOf } from '../task/failure.ts';
import { StartCounts } from './start-counts.ts';
import { retryClass } from '../task/retry.ts';

const RETRY_WAIT = { firstMs: 500, maxMs: 30_000 };

/** What kept a connector from being brought in line, and the next try where there is one. */
interface Setback {
  readonly trace: string;
  readonly attempt: number;
  readonly again: Timer | null;
}

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
 * A failure on the way makes the connector FAILED. One that passes (a full disk, say) is tried again with
 * back-off; after any other, the operator's next change or restart tries again.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #queue: ConnectorQueue;
  readonly #runs = new Map<string, ConnectorRun>();
  /** Connectors loaded so far, by the name of what they run. */
  readonly #loaded = new Map<string, Connector>();
  /** Requests not begun yet: one more would find the same. */
  readonly #requested = new Set<string>();
  readonly #setbacks = new Map<string, Setback>();
  readonly #reload: ConfigReload;
  /** Keys without effect that were told, by connector. */
  readonly #told = new Map<string, string>();
  readonly starts = new StartCounts();
  #closing = false;

  constructor(options: ReconcilerOptions, queue: ConnectorQueue) {
    this.#options = options;
    this.#queue = queue;
    this.#reload = new ConfigReload(options);
  }

  run(name: string): ConnectorRun | undefined {
    return this.#runs.get(name);
  }

  /** Why the connector is not as it is wanted, though its status may not have been writable; null: it is, or is about to be. */
  setback(name: string): string | null {
    return this.#setbacks.get(name)?.trace ?? null;
  }

  optionsOf(name: string): OptionSet | undefined {
    return this.#loaded.get(name)?.options;
  }

  connectorOf(name: string): Connector | undefined {
    return this.#loaded.get(name);
  }

  kindOf(name: string): Connector['kind'] | undefined {
    return this.#loaded.get(name)?.kind;
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

  /** Says which connector a name runs, before it is first planned. */
  learn(name: string, connector: Connector): void {
    this.#loaded.set(name, connector);
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
    for (const name of await this.#reload.changed((one) => this.setback(one))) {
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
      if (run === undefined || (await this.#planChanged(name, stored))) await this.#startAgain(name, stored);
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
    for (const { again } of this.#setbacks.values()) again?.cancel();
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
        this.#setbacks.get(name)?.again?.cancel();
        this.#setbacks.delete(name);
      } catch (error) {
        await this.#failed(name, error);
      }
    };
    void this.#queue.run(name, guarded);
  }

  async #reconcile(name: string): Promise<void> {
    const { configs, statuses } = this.#options;
    const stored = configs.get(name);
    if (stored === null) {
      await this.#stop(name);
      this.#loaded.delete(name);
      this.#told.delete(name);
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
    const version = await this.#version(name, stored.config);
    await statuses.putConnector(name, connectorStatus('STOPPED', workerId, stored.epoch, version));
  }

  async #running(name: string, run: ConnectorRun, stored: StoredConnector): Promise<void> {
    const { statuses, workerId } = this.#options;
    const paused = stored.target === 'PAUSED';
    if (paused) run.pause();
    else run.resume();
    const version = await this.#version(name, stored.config);
    await statuses.putConnector(name, connectorStatus(paused ? 'PAUSED' : 'RUNNING', workerId, stored.epoch, version));
  }

  async #startAgain(name: string, stored: StoredConnector): Promise<void> {
    const { env, configs, statuses, host, workerId, worker, log, stopMs } = this.#options;
    const paused = stored.target === 'PAUSED';
    this.starts.connectors.attempts++;
    const planned = await this.#plan(name, stored).catch((error: unknown) => {
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
    this.#tellClientKeys(name, stored.config);
  }

  /** Once, and again where there are others: not at each start anew. */
  #tellClientKeys(name: string, config: RawConfig): void {
    const options = this.optionsOf(name);
    const keys = options === undefined ? [] : connectorClientKeys(config, options);
    const text = keys.join();
    if (text === (this.#told.get(name) ?? '')) return;
    this.#told.set(name, text);
    if (keys.length > 0)
      this.#options.log.warn(CLIENT_KEYS_TOLD, { connector: name, keys, reason: CLIENT_KEYS_REASON });
  }

  /** Task configurations: to store (variables kept, I9) and to run (variables resolved). */
  async #plan(name: string, stored: StoredConnector) {
    const { catalog, providers, redactor } = this.#options;
    const connector = await namedConnector(catalog, stored.config);
    this.#loaded.set(name, connector);
    const resolved = await resolveConfig(connector, stored.config, providers, redactor);
    const tasksMax = Number(resolved['tasks.max'] ?? '1');
    const plans = await planTasks(connector, resolved, tasksMax);
    return {
      className: connector.className,
      version: connector.version,
      whole: resolved,
      resolved: plans.map((plan) => ({ ...resolved, ...plan })),
      tasks: plans.map((plan) => unresolve({ ...stored.config, ...plan }, stored.config, resolved, redactor?.hide)),
    };
  }

  async #planChanged(name: string, stored: StoredConnector): Promise<boolean> {
    const run = this.#runs.get(name);
    if (run === undefined || !sameConfig(run.config, stored.config)) return true;
    return stored.target === 'STARTED' && !sameConfigs((await this.#plan(name, stored)).tasks, stored.tasks);
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

  async #version(name: string, config: RawConfig): Promise<string | null> {
    const connector = await this.#options.catalog.connector(config['connector.class'] ?? '').catch(() => null);
    if (connector === null) return null;
    this.#loaded.set(name, connector);
    return connector.version;
  }

  #setBack(name: string, error: unknown): void {
    const { env } = this.#options;
    const before = this.#setbacks.get(name);
    before?.again?.cancel();
    const attempt = (before?.attempt ?? 0) + 1;
    const retries = retryClass(error) === 'retry' && !this.#closing;
    const waitMs = backoffMs(attempt, RETRY_WAIT, env.random.next());
    const again = retries ? env.timers.after(waitMs, () => this.request(name)) : null;
    this.#setbacks.set(name, { trace: this.#traceOf(error), attempt, again });
  }

  /** For answers and the status topic: without secrets (I9). */
  #traceOf(error: unknown): string {
    const trace = traceOf(error);
    return this.#options.redactor?.hide(trace) ?? trace;
  }

  async #failed(name: string, error: unknown): Promise<void> {
    const { log, statuses, workerId, configs } = this.#options;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    log.error(`connector failed: ${messageOf(error)}`, { connector: name, code });
    this.#setBack(name, error);
    const generation = configs.get(name)?.epoch ?? 0;
    try {
      await statuses.putConnector(name, connectorStatus('FAILED', workerId, generation, null, this.#traceOf(error)));
    } catch (failure) {
      log.error('writing a status failed', { connector: name, error: traceOf(failure) });
    }
  }
}

function sameConfig(a: RawConfig, b: RawConfig): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

function sameConfigs(a: readonly RawConfig[], b: readonly RawConfig[]): boolean {
  return a.length === b.length && a.every((config, index) => sameConfig(config, b[index] ?? {}));
}
