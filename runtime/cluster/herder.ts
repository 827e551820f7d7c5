import type { Log } from '../connector/context.ts';
import type { RawConfig } from '../connector/options.ts';
import { unredact } from '../connector/secrets.ts';
import type { Env } from '../env/env.ts';
import type { GroupOffset } from '../hub/port.ts';
import type { Redactor } from '../observe/redactor.ts';
import type { ConfigProviders } from '../settings/providers.ts';
import type { ConfigStore, TargetState } from '../store/configs.ts';
import type { StatusStore } from '../store/statuses.ts';
import type { TaskHost, TaskView } from '../task/host.ts';
import type {
  ConnectorCheck,
  ConnectorInfo,
  ConnectorOffset,
  ConnectorOffsets,
  ConnectorStateInfo,
} from './answers.ts';
import type { PluginCatalog } from './plugin-catalog.ts';
import { namedConnector, withName } from './config-checks.ts';
import { ConfigGate } from './config-gate.ts';
import { ConnectorAnswers } from './connector-answers.ts';
import { connectorExists, connectorMissing, connectorNotStopped } from './connector-errors.ts';
import { ConnectorQueue } from './connector-queue.ts';
import { HerderFigures } from './herder-figures.ts';
import { ConnectorOffsetEditor, type OffsetAccess } from './offset-editor.ts';
import { Reconciler } from './reconciler.ts';
import { shownOffsets, storedPartitions } from './shown-offsets.ts';
import { StallGuard } from './stall-guard.ts';
import { TopicTracker } from './topic-tracker.ts';

export interface HerderOptions {
  readonly env: Env;
  readonly log: Log;
  readonly configs: ConfigStore;
  readonly statuses: StatusStore;
  readonly offsets: OffsetAccess;
  readonly host: TaskHost;
  readonly catalog: PluginCatalog;
  readonly providers: ConfigProviders;
  /** Told of every secret that is seen; hides them in what is stored and told. */
  readonly redactor?: Redactor;
  /** `host:port` of this worker's REST. */
  readonly workerId: string;
  /** Worker options as texts, defaults filled in: what tasks are given. */
  readonly worker: RawConfig;
  /** Milliseconds a stopping task has to drain. */
  readonly stopMs: number;
}

/** What a connector is to be; null: gone. */
export interface ConnectorChange {
  readonly name: string;
  readonly config: RawConfig | 'as it is' | null;
}

interface RestartRequest {
  readonly includeTasks: boolean;
  readonly onlyFailed: boolean;
}

/**
 * Runs the connectors of a single worker: what is stored is what is wanted, and the reconciler makes
 * it so. Changes of one connector happen one at a time, in order; a change is answered when it is
 * durable, not when its tasks have followed.
 */
export class Herder {
  readonly #options: HerderOptions;
  readonly #queue = new ConnectorQueue();
  /** How connectors go on that are stopped for work. */
  readonly #goesOn = new Map<string, TargetState>();
  readonly #reconciler: Reconciler;
  readonly #offsets: ConnectorOffsetEditor;
  readonly #tracker: TopicTracker;
  /** Who makes no progress. */
  readonly stalls: StallGuard;
  /** What is said of connectors. */
  readonly answers: ConnectorAnswers;
  readonly figures: HerderFigures;
  /** Holds configurations against what this worker can run. */
  readonly gate: ConfigGate;

  constructor(options: HerderOptions) {
    this.#options = options;
    this.gate = new ConfigGate(options);
    this.#reconciler = new Reconciler(options, this.#queue);
    this.#offsets = new ConnectorOffsetEditor(options);
    const { env, log, statuses } = options;
    this.stalls = new StallGuard({
      env,
      log,
      tasks: () => this.#reconciler.watched(),
      restart: (name, task) => this.#reconciler.restartTasks(name, [task]),
    });
    const reconciler = this.#reconciler;
    const sources = { configs: options.configs, statuses, reconciler, stalls: this.stalls };
    this.answers = new ConnectorAnswers({ ...sources, catalog: options.catalog });
    this.figures = new HerderFigures({ ...sources, answers: this.answers });
    this.#tracker = new TopicTracker({
      env,
      log,
      statuses,
      views: () => this.views(),
      committed: (name) => this.#committed(name),
    });
  }

  /** Starts what is stored; does not wait for it. */
  async start(): Promise<void> {
    if (this.#options.worker['topic.tracking.enable'] !== 'false') this.#tracker.start();
    this.stalls.start();
    for (const name of this.names()) {
      this.answers.learnType(name);
      this.#reconciler.request(name);
    }
  }

  /** Restarts the connectors whose variables stand for something else than when they were started. */
  reloadChanged(): Promise<void> {
    return this.#reconciler.reloadChanged();
  }

  /** Drains and stops all tasks; what is stored stays as it is. */
  async close(): Promise<void> {
    this.stalls.close();
    await this.#tracker.close();
    await this.#reconciler.close();
    await this.#queue.idle();
  }

  /** Resolves when all that was asked for so far has been done. */
  async settled(): Promise<void> {
    await this.#queue.idle();
  }

  names(): readonly string[] {
    return this.#options.configs.names();
  }

  /** Tasks running here, by connector: for metrics and health. */
  views(): ReadonlyMap<string, readonly TaskView[]> {
    return this.#reconciler.views();
  }

  /** `offsets`: where it begins, stored before it is: what cannot be stored creates nothing. */
  async create(
    name: string,
    config: RawConfig,
    target: TargetState,
    offsets: readonly ConnectorOffset[] = [],
    signal: AbortSignal = AbortSignal.timeout(60_000),
  ): Promise<ConnectorInfo> {
    const named = withName(name, config);
    const connector = await this.gate.accept(name, named, named);
    this.#reconciler.planning.learn(name, connector);
    return this.#queue.run(name, async () => {
      const { configs } = this.#options;
      if (configs.get(name) !== null) throw connectorExists(name);
      if (offsets.length > 0)
        await this.#offsets.alter(name, connector, await this.#options.providers.resolve(named), offsets, signal);
      await configs.putConfig(name, named, target);
      this.answers.learnType(name, connector.kind);
      this.#reconciler.request(name);
      return { name, config: this.answers.shown(name, named), tasks: [], type: connector.kind };
    });
  }

  /** Creates or replaces a configuration. */
  async putConfig(name: string, config: RawConfig): Promise<{ created: boolean; info: ConnectorInfo }> {
    return this.#queue.run(name, async () => {
      const created = this.#options.configs.get(name) === null;
      return { created, info: await this.#replace(name, withName(name, config)) };
    });
  }

  /**
   * Changes of several connectors, in their order, while nobody else changes one of them. `expected` sees what is
   * stored of each before the first change, and throws where it is not what was decided on; `done` is told of each.
   */
  async changeAll(
    changes: readonly ConnectorChange[],
    expected: (name: string, stored: RawConfig | null) => void,
    done: (change: ConnectorChange) => void,
  ): Promise<void> {
    const { configs } = this.#options;
    const names = changes.map(({ name }) => name);
    await this.#queue.runAll(names, async () => {
      for (const name of names) expected(name, configs.get(name)?.config ?? null);
      for (const change of changes) {
        if (change.config === null) await this.#delete(change.name);
        else if (change.config !== 'as it is') await this.#replace(change.name, withName(change.name, change.config));
        done(change);
      }
    });
  }

  /** Merges into a configuration; null removes a key. */
  async patchConfig(name: string, patch: Readonly<Record<string, string | null>>): Promise<ConnectorInfo> {
    return this.#queue.run(name, async () => {
      const { config } = this.answers.stored(name);
      const merged = Object.entries({ ...config, ...patch });
      const kept = merged.filter((entry): entry is [string, string] => entry[1] !== null);
      return this.#replace(name, withName(name, Object.fromEntries(kept)));
    });
  }

  /** `destroy`: first removes what its tasks left outside (slots, publications). */
  async delete(name: string, destroy: boolean): Promise<void> {
    this.answers.stored(name);
    if (destroy) await this.#destroy(name);
    await this.#queue.run(name, () => this.#delete(name));
  }

  async setTarget(name: string, target: TargetState): Promise<void> {
    if (this.#options.configs.get(name) === null) throw connectorMissing(`Unknown connector ${name}`);
    if (this.#goesOn.has(name)) this.#goesOn.set(name, target);
    await this.#putTarget(name, target);
  }

  #putTarget(name: string, target: TargetState): Promise<void> {
    return this.#queue.run(name, async () => {
      await this.#options.configs.putTarget(name, target);
      this.#reconciler.request(name);
    });
  }

  /** Returns the status to show, or null where only the connector itself is restarted. */
  async restart(name: string, request: RestartRequest): Promise<ConnectorStateInfo | null> {
    if (this.#options.configs.get(name) === null) throw connectorMissing(`Unknown connector: ${name}`);
    if (!request.includeTasks && !request.onlyFailed) {
      this.#reconciler.restartConnector(name);
      return null;
    }
    const status = this.answers.status(name);
    const affected = (state: string): boolean => !request.onlyFailed || state === 'FAILED';
    const again = affected(status.connector.state);
    const tasks = request.includeTasks ? status.tasks.filter(({ state }) => affected(state)).map(({ id }) => id) : [];
    if (again) this.#reconciler.restartConnector(name);
    if (tasks.length > 0) this.#reconciler.restartTasks(name, tasks);
    return {
      ...status,
      connector: again ? { ...status.connector, state: 'RESTARTING' } : status.connector,
      tasks: status.tasks.map((task) => (tasks.includes(task.id) ? { ...task, state: 'RESTARTING' } : task)),
    };
  }

  async restartTask(name: string, task: number): Promise<void> {
    const stored = this.#options.configs.get(name);
    if (stored === null) throw connectorMissing(`Unknown connector: ${name}`);
    if (stored.tasks[task] === undefined) throw connectorMissing(`Unknown task: ${name}-${task}`);
    this.#reconciler.restartTasks(name, [task]);
  }

  async offsets(name: string, signal: AbortSignal): Promise<ConnectorOffsets> {
    const { config } = this.answers.stored(name);
    const connector = await namedConnector(this.#options.catalog, config);
    return shownOffsets(await this.#offsets.read(name, connector, signal, config), this.#options.redactor);
  }

  /** `offsets: null` resets all. Answers Connect's message. */
  async alterOffsets(name: string, offsets: readonly ConnectorOffset[] | null, signal: AbortSignal): Promise<string> {
    return this.#queue.run(name, async () => {
      const stored = this.answers.stored(name);
      const connector = await namedConnector(this.#options.catalog, stored.config);
      if (stored.target !== 'STOPPED' || this.#reconciler.run(name) !== undefined) throw connectorNotStopped(name);
      const config = await this.#options.providers.resolve(stored.config);
      if (offsets === null) return this.#offsets.alter(name, connector, config, null, signal);
      const known = await this.#offsets.read(name, connector, signal, stored.config);
      const changes = storedPartitions(offsets, known.offsets, this.#options.redactor);
      return this.#offsets.alter(name, connector, config, changes, signal);
    });
  }

  /**
   * Does work on a connector that stands still: stops it, works in its queue, and lets it go on as it did
   * before, or as was asked for meanwhile, also after a failure.
   */
  async whileStopped<T>(name: string, work: (config: RawConfig) => Promise<T>): Promise<T> {
    const { target } = this.answers.stored(name);
    if (target !== 'STOPPED') {
      this.#goesOn.set(name, target);
      await this.#putTarget(name, 'STOPPED');
    }
    try {
      return await this.#queue.run(name, async () => {
        const stored = this.answers.stored(name);
        if (stored.target !== 'STOPPED' || this.#reconciler.run(name) !== undefined) throw connectorNotStopped(name);
        return work(stored.config);
      });
    } finally {
      const next = this.#goesOn.get(name) ?? target;
      this.#goesOn.delete(name);
      const isThere = this.#options.configs.get(name) !== null;
      if (isThere && target !== 'STOPPED' && next !== 'STOPPED') await this.#putTarget(name, next);
    }
  }

  topics(name: string): readonly string[] {
    return this.#options.statuses.topics(name);
  }

  async resetTopics(name: string): Promise<void> {
    await this.#options.statuses.resetTopics(name);
  }

  /** Looks upstream for what would keep a stored connector from working. */
  async check(name: string, signal: AbortSignal): Promise<ConnectorCheck> {
    return this.gate.check(name, this.answers.stored(name).config, signal);
  }

  /** Checks a configuration and stores it as the connector's own. Runs in the connector's queue. */
  async #replace(name: string, config: RawConfig): Promise<ConnectorInfo> {
    const { configs } = this.#options;
    const stored = configs.get(name);
    const complete = stored === null ? config : unredact(config, stored.config);
    const connector = await this.gate.accept(name, config, complete);
    this.#reconciler.planning.learn(name, connector);
    await configs.putConfig(name, complete);
    this.answers.learnType(name, connector.kind);
    this.#reconciler.request(name);
    const tasks = (stored?.tasks ?? []).map((_, task) => ({ connector: name, task }));
    return { name, config: this.answers.shown(name, complete), tasks, type: connector.kind };
  }

  /** Runs in the connector's queue. */
  async #delete(name: string): Promise<void> {
    this.answers.stored(name);
    await this.#options.configs.delete(name);
    this.#reconciler.request(name);
  }

  async #destroy(name: string): Promise<void> {
    await this.setTarget(name, 'STOPPED');
    await this.#queue.run(name, async () => {
      const { configs, catalog, providers, env, log } = this.#options;
      const stored = configs.get(name);
      if (stored === null) return;
      const connector = await namedConnector(catalog, stored.config);
      const config = await providers.resolve(stored.config);
      const signal = AbortSignal.timeout(60_000);
      const removed = (await connector.destroy?.({ name, config, env, log, signal })) ?? [];
      log.info('removed what the connector left outside', { connector: name, removed });
    });
  }

  /** A sink's committed offsets. */
  async #committed(name: string): Promise<readonly GroupOffset[]> {
    const stored = this.#options.configs.get(name);
    if (stored === null || this.answers.typeOf(name) !== 'sink') return [];
    return this.#offsets.committed(name, stored.config);
  }
}
