import type { Env } from '../env/env.ts';
import type { Hub } from '../hub/port.ts';
import { asError } from '../record/thrown.ts';
import { CompactedTopic, type CompactedEntry, type CompactedRecord } from './compacted-topic.ts';

/** A flat configuration, all values text. */
type StoredConfig = Readonly<Record<string, string>>;

export type TargetState = 'STARTED' | 'PAUSED' | 'STOPPED';

/** What the config topic says of one connector. */
export interface StoredConnector {
  readonly config: StoredConfig;
  /** Absent until the connector's tasks have been planned, or where compaction left them incomplete. */
  readonly tasks: readonly StoredConfig[];
  readonly target: TargetState;
  /** Starts of its tasks so far: the epoch of the next one is larger (I3, D16). */
  readonly epoch: number;
}

/** Encrypts secrets in configurations on their way to the topic. */
export interface ConfigVault {
  /** `before`: as the topic has it; what is sealed there is sealed again, whatever is known of its connector now. */
  seal(connector: string, config: StoredConfig, before: StoredConfig): Promise<StoredConfig>;
  /** What it has no key for stays sealed. */
  open(connector: string, config: StoredConfig): StoredConfig;
  /** Whether it would store this configuration, read from the topic, as it is. */
  isCurrent(config: StoredConfig): Promise<boolean>;
}

export interface ConfigStoreOptions {
  readonly hub: Hub;
  readonly env: Env;
  readonly topic: string;
  readonly replication?: number;
  /** Absent: secrets are stored as they were given, as in Kafka Connect. */
  readonly vault?: ConfigVault;
  /** Called for each change after `open`, also those of other workers. */
  readonly changed?: (connector: string) => void;
  /** Called for each log level that is set for the whole cluster after `open`. */
  readonly levelChanged?: (logger: string, level: string) => void;
  readonly failed?: (error: Error) => void;
  /** A record that cannot be read; it is left out. */
  readonly unreadable?: (key: string, error: Error) => void;
}

interface Draft {
  config: StoredConfig | null;
  tasks: StoredConfig[];
  /** Task configs since the last commit record. */
  pending: Map<number, StoredConfig>;
  target: TargetState;
  epoch: number;
  /** Configurations as the topic has them, by what they are of; kept where there is a vault. */
  readonly raw: Map<string, StoredConfig>;
}

/**
 * Connector configurations in Kafka Connect's config topic: one partition, compacted, JSON values
 * (org.apache.kafka.connect.storage.KafkaConfigBackingStore):
 *
 *     connector-<c>     {"properties":{…}}            null: deleted
 *     task-<c>-<n>      {"properties":{…}}            counts once committed
 *     commit-<c>        {"tasks":N}
 *     target-state-<c>  {"state":…,"state.v2":…}      null: STARTED
 *     tasks-fencing-<c> {"task-count":N}
 *     logger-cluster-<l> {"level":…}                  counts while workers run: after a restart it is forgotten
 *     millrace-epoch-<c> {"epoch":N}                  ours; Connect skips keys it does not know
 */
export class ConfigStore {
  readonly #connectors = new Map<string, Draft>();
  readonly #options: ConfigStoreOptions;
  #topic: CompactedTopic | null = null;
  #opened = false;

  private constructor(options: ConfigStoreOptions) {
    this.#options = options;
  }

  static async open(options: ConfigStoreOptions, signal: AbortSignal): Promise<ConfigStore> {
    const store = new ConfigStore(options);
    const { hub, env, topic, failed } = options;
    store.#topic = await CompactedTopic.open(
      {
        hub,
        env,
        topic,
        partitions: 1,
        apply: (record) => store.#apply(record),
        ...(failed === undefined ? {} : { failed }),
      },
      signal,
    );
    store.#opened = true;
    return store;
  }

  /** Names of connectors that have a configuration, in the order they were first stored. */
  names(): readonly string[] {
    return [...this.#connectors].filter(([, draft]) => draft.config !== null).map(([name]) => name);
  }

  get(name: string): StoredConnector | null {
    const draft = this.#connectors.get(name);
    if (draft === undefined || draft.config === null) return null;
    const { config, tasks, target, epoch } = draft;
    return { config, tasks, target, epoch };
  }

  /** Stores a configuration and, for a new connector, its target state; durable when it resolves. */
  async putConfig(name: string, config: StoredConfig, target?: TargetState): Promise<void> {
    const state = target === undefined ? [] : [targetEntry(name, target)];
    // Connect writes the target first, so that no worker starts what was created stopped.
    await this.#write([...state, { key: `connector-${name}`, value: await this.#properties(name, config) }]);
  }

  /** Replaces a connector's task configurations: the commit record makes them one change. */
  async putTasks(name: string, tasks: readonly StoredConfig[]): Promise<void> {
    const values = await Promise.all(tasks.map((config) => this.#properties(name, config)));
    const entries = values.map((value, task) => ({ key: `task-${name}-${task}`, value }));
    const known = this.#connectors.get(name)?.tasks.length ?? 0;
    const gone = Array.from({ length: Math.max(known - tasks.length, 0) }, (_, index) => ({
      key: `task-${name}-${tasks.length + index}`,
      value: null,
    }));
    const commit = { key: `commit-${name}`, value: JSON.stringify({ tasks: tasks.length }) };
    await this.#write([...entries, commit, ...gone]);
  }

  /** Stores anew the configurations whose secrets the vault's first key has not sealed. */
  async reseal(): Promise<void> {
    const { vault } = this.#options;
    if (vault === undefined) return;
    for (const [name, { config, tasks, raw }] of this.#connectors) {
      const current = await Promise.all([...raw.values()].map((one) => vault.isCurrent(one)));
      if (config === null || current.every(Boolean)) continue;
      await this.putConfig(name, config);
      if (tasks.length > 0) await this.putTasks(name, tasks);
    }
  }

  async putTarget(name: string, target: TargetState): Promise<void> {
    await this.#write([targetEntry(name, target)]);
  }

  /** Sets a log level on every worker that runs. */
  async putLevel(logger: string, level: string): Promise<void> {
    await this.#write([{ key: `logger-cluster-${logger}`, value: JSON.stringify({ level }) }]);
  }

  /** Takes the next epoch of a connector; durable before any task carries it (I2, I3). */
  async nextEpoch(name: string): Promise<number> {
    const epoch = (this.#connectors.get(name)?.epoch ?? 0) + 1;
    await this.#write([{ key: `millrace-epoch-${name}`, value: JSON.stringify({ epoch }) }]);
    return epoch;
  }

  /** Deletes configuration, task configurations and target state; the epoch stays, so that it only grows. */
  async delete(name: string): Promise<void> {
    const count = this.#connectors.get(name)?.tasks.length ?? 0;
    const tasks = Array.from({ length: count }, (_, task) => ({ key: `task-${name}-${task}`, value: null }));
    await this.#write([
      { key: `connector-${name}`, value: null },
      { key: `target-state-${name}`, value: null },
      ...tasks,
      ...(count === 0 ? [] : [{ key: `commit-${name}`, value: null }]),
    ]);
  }

  async close(): Promise<void> {
    await this.#topic?.close();
  }

  async #properties(name: string, config: StoredConfig): Promise<string> {
    const before = this.#connectors.get(name)?.raw.get('') ?? {};
    return propertiesValue((await this.#options.vault?.seal(name, config, before)) ?? config);
  }

  #openedConfig(name: string, key: string, value: unknown): StoredConfig {
    const stored = readProperties(value);
    if (this.#options.vault === undefined) return stored;
    this.#draft(name).raw.set(key, stored);
    return this.#options.vault.open(name, stored);
  }

  async #write(entries: readonly CompactedEntry[]): Promise<void> {
    await this.#topic?.putAll(entries);
  }

  #draft(name: string): Draft {
    let draft = this.#connectors.get(name);
    if (draft === undefined) {
      draft = { config: null, tasks: [], pending: new Map(), target: 'STARTED', epoch: 0, raw: new Map() };
      this.#connectors.set(name, draft);
    }
    return draft;
  }

  #apply(record: CompactedRecord): void {
    const { key } = record;
    try {
      const value = record.value === null ? null : (JSON.parse(record.value.toString()) as unknown);
      const name = this.#applyTo(key, value);
      if (name !== null && this.#opened) this.#options.changed?.(name);
    } catch (error) {
      this.#options.unreadable?.(key, asError(error));
    }
  }

  /** Returns the connector whose configuration or target changed, null for anything else. */
  #applyTo(key: string, value: unknown): string | null {
    const prefix = PREFIXES.find((one) => key.startsWith(one));
    if (prefix === undefined) return null;
    const rest = key.slice(prefix.length);
    switch (prefix) {
      case 'connector-':
        return this.#applyConfig(rest, value);
      case 'target-state-':
        this.#draft(rest).target = value === null ? 'STARTED' : readTarget(value);
        return rest;
      case 'task-':
        this.#applyTask(rest, value);
        return null;
      case 'commit-':
        this.#applyCommit(rest, value);
        return null;
      case 'logger-cluster-':
        if (value !== null && this.#opened) this.#options.levelChanged?.(rest, readText(value, 'level'));
        return null;
      case 'millrace-epoch-':
        this.#draft(rest).epoch = Math.max(this.#draft(rest).epoch, readNumber(value, 'epoch'));
        return null;
    }
  }

  #applyConfig(name: string, value: unknown): string {
    const draft = this.#draft(name);
    draft.config = value === null ? null : this.#openedConfig(name, '', value);
    if (value === null) Object.assign(draft, { tasks: [], pending: new Map(), target: 'STARTED', raw: new Map() });
    return name;
  }

  #applyTask(rest: string, value: unknown): void {
    const cut = rest.lastIndexOf('-');
    const task = Number(rest.slice(cut + 1));
    if (cut < 0 || !Number.isInteger(task)) throw new Error(`"${rest}" does not end in a task number`);
    const name = rest.slice(0, cut);
    if (value === null) this.#draft(name).raw.delete(String(task));
    else this.#draft(name).pending.set(task, this.#openedConfig(name, String(task), value));
  }

  #applyCommit(name: string, value: unknown): void {
    if (value === null) return;
    const draft = this.#draft(name);
    const merged = Array.from(
      { length: readNumber(value, 'tasks') },
      (_, task) => draft.pending.get(task) ?? draft.tasks[task],
    );
    draft.pending.clear();
    // Compaction may have removed task records of a later, larger set: none is better than a part.
    draft.tasks = merged.every((task) => task !== undefined) ? merged : [];
  }
}

const PREFIXES = ['connector-', 'target-state-', 'task-', 'commit-', 'logger-cluster-', 'millrace-epoch-'] as const;

function propertiesValue(config: StoredConfig): string {
  return JSON.stringify({ properties: config });
}

/** STOPPED is written as PAUSED into the field that older workers read. */
function targetEntry(name: string, target: TargetState): CompactedEntry {
  const state = target === 'STOPPED' ? 'PAUSED' : target;
  return { key: `target-state-${name}`, value: JSON.stringify({ state, 'state.v2': target }) };
}

function readTarget(value: unknown): TargetState {
  const fields = readObject(value);
  const state = fields['state.v2'] ?? fields['state'];
  if (state === 'STARTED' || state === 'PAUSED' || state === 'STOPPED') return state;
  throw new Error(`unknown target state ${JSON.stringify(state)}`);
}

function readProperties(value: unknown): StoredConfig {
  const fields = readObject(readObject(value)['properties']);
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function readNumber(value: unknown, field: string): number {
  const number = readObject(value)[field];
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0) return number;
  throw new Error(`field ${field} is not a whole number`);
}

function readText(value: unknown, field: string): string {
  const text = readObject(value)[field];
  if (typeof text === 'string') return text;
  throw new Error(`field ${field} is not a text`);
}

function readObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Error('not a JSON object');
}
