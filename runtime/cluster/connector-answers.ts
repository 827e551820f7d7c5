import type { RawConfig } from '../connector/options.ts';
import type { ConfigStore, StoredConnector } from '../store/configs.ts';
import type { StatusStore, StoredStatus } from '../store/statuses.ts';
import type {
  ConnectorInfo,
  ConnectorProfile,
  ConnectorProgress,
  ConnectorStateInfo,
  ConnectorType,
  TaskInfo,
  TaskStateInfo,
} from './answers.ts';
import type { PluginCatalog } from './plugin-catalog.ts';
import { connectorMissing, connectorNotFound } from './connector-errors.ts';
import { connectorHealth, type ConnectorHealth } from './connector-health.ts';
import type { Reconciler } from './reconciler.ts';
import { shownConfig } from './shown-config.ts';
import type { StallGuard } from './stall-guard.ts';
import { stateInfo, taskProfile, taskProgress, taskStateInfo } from './state-info.ts';

interface AnswerSources {
  readonly configs: ConfigStore;
  readonly statuses: StatusStore;
  readonly catalog: PluginCatalog;
  readonly reconciler: Reconciler;
  readonly stalls: StallGuard;
}

/** What is said of connectors: what is stored of them, secrets hidden (I9), and what runs here. Changes nothing. */
export class ConnectorAnswers {
  readonly #of: AnswerSources;
  /** Types of connectors seen, so that answers need not load them. */
  readonly #types = new Map<string, ConnectorType>();

  constructor(of: AnswerSources) {
    this.#of = of;
  }

  info(name: string): ConnectorInfo {
    const stored = this.stored(name);
    const tasks = stored.tasks.map((_, task) => ({ connector: name, task }));
    return { name, config: this.shown(name, stored.config), tasks, type: this.typeOf(name) };
  }

  config(name: string): RawConfig {
    return this.shown(name, this.stored(name).config);
  }

  tasks(name: string): readonly TaskInfo[] {
    const { tasks } = this.stored(name);
    return tasks.map((config, task) => ({ id: { connector: name, task }, config: this.shown(name, config) }));
  }

  status(name: string): ConnectorStateInfo {
    const { configs, statuses, reconciler } = this.#of;
    const connector = statuses.connector(name);
    if (configs.get(name) === null || connector === null)
      throw connectorMissing(`No status found for connector ${name}`);
    const tasks = statuses
      .tasks(name)
      .map(({ task, status }) => taskStateInfo(task, this.#liveTask(name, task, status)));
    const trace = reconciler.setbacks.trace(name);
    const shown = trace === null ? this.#live(name, connector) : { ...connector, state: 'FAILED' as const, trace };
    return { name, connector: stateInfo(shown), tasks, type: this.typeOf(name) };
  }

  taskStatus(name: string, task: number): TaskStateInfo {
    const { configs, statuses } = this.#of;
    const status = configs.get(name) === null ? null : statuses.task(name, task);
    if (status === null) throw connectorMissing(`No status found for task ${name}-${task}`);
    return taskStateInfo(task, this.#liveTask(name, task, status));
  }

  /** Where the tasks that run here stand. */
  progress(name: string): ConnectorProgress {
    this.stored(name);
    const { reconciler, stalls } = this.#of;
    const views = reconciler.run(name)?.views() ?? [];
    return { name, tasks: views.map((view, id) => ({ id, ...taskProgress(view, stalls.stall(name, id)) })) };
  }

  /** Where the time of the tasks that run here goes. */
  profile(name: string): ConnectorProfile {
    this.stored(name);
    const { reconciler, stalls } = this.#of;
    const views = reconciler.run(name)?.views() ?? [];
    const tasks = views.flatMap((view, id) => {
      const profile = taskProfile(view, stalls.stall(name, id));
      return profile === null ? [] : [{ id, ...profile }];
    });
    return { name, type: this.typeOf(name), tasks };
  }

  /** Whether the connector does what is wanted of it, and what keeps it from it. */
  health(name: string): ConnectorHealth {
    const { target, tasks } = this.stored(name);
    const status = this.#of.statuses.connector(name) === null ? null : this.status(name);
    return connectorHealth({ name, target, planned: tasks.length, status, tasks: this.progress(name).tasks });
  }

  /** A configuration of the connector as answers show it. */
  shown(name: string, config: RawConfig): RawConfig {
    return shownConfig(config, this.#of.reconciler.planning.connector(name)?.options, this.#of.catalog);
  }

  typeOf(name: string): ConnectorType {
    return this.#types.get(name) ?? this.#of.reconciler.planning.connector(name)?.kind ?? 'unknown';
  }

  /** Says of which type a connector is; without `type`, the one of the class that is stored. */
  learnType(name: string, type?: ConnectorType): void {
    const className = this.#of.configs.get(name)?.config['connector.class'] ?? '';
    const kind = type ?? this.#of.catalog.kindOf(className);
    if (kind !== null) this.#types.set(name, kind);
  }

  /** As it is stored, secrets and all; throws where there is none. */
  stored(name: string): StoredConnector {
    const stored = this.#of.configs.get(name);
    if (stored === null) throw connectorNotFound(name);
    return stored;
  }

  /** A change of a task that runs here may not have been writable (a full disk): it is shown all the same (I8). */
  #liveTask(name: string, task: number, stored: StoredStatus): StoredStatus {
    return this.#of.reconciler.run(name)?.unwritten(task) ?? this.#live(name, stored);
  }

  /** What an earlier incarnation stored as RUNNING does not run until it was started here (I8). */
  #live(name: string, status: StoredStatus): StoredStatus {
    const stale = status.state === 'RUNNING' && this.#of.reconciler.run(name) === undefined;
    return stale ? { ...status, state: 'UNASSIGNED' } : status;
  }
}
