import { CLIENT_KEYS_REASON, CLIENT_KEYS_TOLD, connectorClientKeys } from '../connector/client-keys.ts';
import type { Connector } from '../connector/connector.ts';
import type { Log } from '../connector/context.ts';
import type { RawConfig } from '../connector/options.ts';
import { planTasks } from '../connector/remote-connector.ts';
import type { Redactor } from '../observe/redactor.ts';
import { unresolve, type ConfigProviders } from '../settings/providers.ts';
import type { StoredConnector } from '../store/configs.ts';
import type { PluginCatalog } from './plugin-catalog.ts';
import { namedConnector, resolveConfig } from './config-checks.ts';

interface PlanningOptions {
  readonly log: Log;
  readonly catalog: PluginCatalog;
  readonly providers: ConfigProviders;
  readonly redactor?: Redactor;
}

/** What a connector of a stored configuration is to run. */
interface ConnectorPlan {
  readonly className: string;
  readonly version: string;
  /** The connector's configuration, variables resolved. */
  readonly whole: RawConfig;
  /** Task configurations to run: variables resolved. */
  readonly resolved: readonly RawConfig[];
  /** The same tasks' configurations to store: variables kept (I9). */
  readonly tasks: readonly RawConfig[];
}

/** Knows the connector that each name runs, and has it plan its tasks. */
export class ConnectorPlanning {
  readonly #options: PlanningOptions;
  /** Connectors loaded so far, by the name of what they run. */
  readonly #loaded = new Map<string, Connector>();
  /** Keys without effect that were told, by connector. */
  readonly #told = new Map<string, string>();

  constructor(options: PlanningOptions) {
    this.#options = options;
  }

  /** Which connector a name runs; undefined: not planned or learnt yet. */
  connector(name: string): Connector | undefined {
    return this.#loaded.get(name);
  }

  /** Says which connector a name runs, before it is first planned. */
  learn(name: string, connector: Connector): void {
    this.#loaded.set(name, connector);
  }

  forget(name: string): void {
    this.#loaded.delete(name);
    this.#told.delete(name);
  }

  /** The version of what the configuration runs; null: there is no such plugin. */
  async version(name: string, config: RawConfig): Promise<string | null> {
    const connector = await this.#options.catalog.connector(config['connector.class'] ?? '').catch(() => null);
    if (connector === null) return null;
    this.#loaded.set(name, connector);
    return connector.version;
  }

  /** Asks the connector for its tasks; stores nothing. */
  async plan(name: string, stored: StoredConnector): Promise<ConnectorPlan> {
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

  /** Whether what is stored asks for other tasks than those that run with the configuration `running`. */
  async changed(name: string, running: RawConfig, stored: StoredConnector): Promise<boolean> {
    if (!sameConfig(running, stored.config)) return true;
    return stored.target === 'STARTED' && !sameConfigs((await this.plan(name, stored)).tasks, stored.tasks);
  }

  /** Warns of client keys without effect: once, and again where there are others, not at each start anew. */
  tellClientKeys(name: string, config: RawConfig): void {
    const options = this.#loaded.get(name)?.options;
    const keys = options === undefined ? [] : connectorClientKeys(config, options);
    const text = keys.join();
    if (text === (this.#told.get(name) ?? '')) return;
    this.#told.set(name, text);
    if (keys.length > 0)
      this.#options.log.warn(CLIENT_KEYS_TOLD, { connector: name, keys, reason: CLIENT_KEYS_REASON });
  }
}

export function sameConfig(a: RawConfig, b: RawConfig): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

export function sameConfigs(a: readonly RawConfig[], b: readonly RawConfig[]): boolean {
  return a.length === b.length && a.every((config, index) => sameConfig(config, b[index] ?? {}));
}
