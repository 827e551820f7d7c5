import type { Env } from '../env/env.ts';
import type { Hub } from '../hub/port.ts';
import { asError } from '../record/thrown.ts';
import { CompactedTopic, type CompactedRecord } from './compacted-topic.ts';

export type RunState = 'UNASSIGNED' | 'RUNNING' | 'PAUSED' | 'FAILED' | 'RESTARTING' | 'STOPPED';

/** The stored state of a connector or a task, field order as Kafka Connect writes it. */
export interface StoredStatus {
  readonly state: RunState;
  readonly trace: string | null;
  readonly worker_id: string;
  readonly generation: number;
  readonly version: string | null;
}

export interface StatusStoreOptions {
  readonly hub: Hub;
  readonly env: Env;
  readonly topic: string;
  readonly partitions: number;
  readonly failed?: (error: Error) => void;
  readonly unreadable?: (key: string, error: Error) => void;
}

/**
 * States of connectors and tasks, and the topics connectors use, in Kafka Connect's status topic
 * (org.apache.kafka.connect.storage.KafkaStatusBackingStore):
 *
 *     status-connector-<c>, status-task-<c>-<n>
 *         {"state":…,"trace":…,"worker_id":…,"generation":…,"version":…}     null: gone
 *     status-topic-<t>:connector-<c>
 *         {"topic":{"name":…,"connector":…,"task":…,"discoverTimestamp":…}}  null: forgotten
 */
export class StatusStore {
  readonly #statuses = new Map<string, StoredStatus>();
  readonly #topics = new Map<string, Set<string>>();
  readonly #options: StatusStoreOptions;
  #topic: CompactedTopic | null = null;

  private constructor(options: StatusStoreOptions) {
    this.#options = options;
  }

  static async open(options: StatusStoreOptions, signal: AbortSignal): Promise<StatusStore> {
    const store = new StatusStore(options);
    const { hub, env, topic, partitions, failed } = options;
    store.#topic = await CompactedTopic.open(
      {
        hub,
        env,
        topic,
        partitions,
        apply: (record) => store.#apply(record),
        ...(failed === undefined ? {} : { failed }),
      },
      signal,
    );
    return store;
  }

  connector(name: string): StoredStatus | null {
    return this.#statuses.get(connectorKey(name)) ?? null;
  }

  task(name: string, task: number): StoredStatus | null {
    return this.#statuses.get(taskKey(name, task)) ?? null;
  }

  /** Tasks of a connector that have a stored state, by number. */
  tasks(name: string): readonly { readonly task: number; readonly status: StoredStatus }[] {
    const prefix = taskPrefix(name);
    return [...this.#statuses]
      .filter(([key]) => key.startsWith(prefix) && /^\d+$/.test(key.slice(prefix.length)))
      .map(([key, status]) => ({ task: Number(key.slice(prefix.length)), status }))
      .toSorted((a, b) => a.task - b.task);
  }

  /** Topics a connector has used since it was created or reset. */
  topics(name: string): readonly string[] {
    return [...(this.#topics.get(name) ?? [])];
  }

  putConnector(name: string, status: StoredStatus | null): Promise<void> {
    return this.#put(connectorKey(name), status);
  }

  putTask(name: string, task: number, status: StoredStatus | null): Promise<void> {
    return this.#put(taskKey(name, task), status);
  }

  async addTopic(connector: string, topic: string, task: number): Promise<void> {
    if (this.#topics.get(connector)?.has(topic) === true) return;
    const discoverTimestamp = this.#options.env.clock.nowMs();
    const value = { topic: { name: topic, connector, task, discoverTimestamp } };
    await this.#topic?.put(topicKey(topic, connector), JSON.stringify(value));
  }

  async resetTopics(connector: string): Promise<void> {
    await this.#topic?.putAll(
      this.topics(connector).map((topic) => ({ key: topicKey(topic, connector), value: null })),
    );
  }

  /** Forgets a deleted connector: its states, its tasks', its topics. */
  async forget(name: string): Promise<void> {
    const tasks = this.tasks(name).map(({ task }) => ({ key: taskKey(name, task), value: null }));
    const topics = this.topics(name).map((topic) => ({ key: topicKey(topic, name), value: null }));
    await this.#topic?.putAll([{ key: connectorKey(name), value: null }, ...tasks, ...topics]);
  }

  async close(): Promise<void> {
    await this.#topic?.close();
  }

  async #put(key: string, status: StoredStatus | null): Promise<void> {
    await this.#topic?.put(key, status === null ? null : statusValue(status));
  }

  #apply({ key, value }: CompactedRecord): void {
    try {
      if (key.startsWith('status-topic-')) this.#applyTopic(key, value);
      else if (value === null) this.#statuses.delete(key);
      else this.#statuses.set(key, readStatus(JSON.parse(value.toString()) as unknown));
    } catch (error) {
      this.#options.unreadable?.(key, asError(error));
    }
  }

  /** A topic's name holds no colon, so the first one ends it. */
  #applyTopic(key: string, value: Buffer | null): void {
    const [, topic, connector] = /^status-topic-([^:]*):connector-(.*)$/s.exec(key) ?? [];
    if (topic === undefined || connector === undefined)
      throw new Error('not status-topic-<topic>:connector-<connector>');
    const topics = this.#topics.get(connector) ?? new Set<string>();
    this.#topics.set(connector, topics);
    if (value === null) topics.delete(topic);
    else topics.add(topic);
  }
}

function connectorKey(name: string): string {
  return `status-connector-${name}`;
}

function taskPrefix(name: string): string {
  return `status-task-${name}-`;
}

function taskKey(name: string, task: number): string {
  return `${taskPrefix(name)}${task}`;
}

function topicKey(topic: string, connector: string): string {
  return `status-topic-${topic}:connector-${connector}`;
}

/** Field order is Connect's. */
function statusValue({ state, trace, worker_id, generation, version }: StoredStatus): string {
  return JSON.stringify({ state, trace, worker_id, generation, version });
}

const STATES: readonly string[] = ['UNASSIGNED', 'RUNNING', 'PAUSED', 'FAILED', 'RESTARTING', 'STOPPED'];

function readStatus(value: unknown): StoredStatus {
  const fields = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  const { state, trace, worker_id, generation, version } = fields;
  if (typeof state !== 'string' || !STATES.includes(state)) throw new Error(`unknown state ${JSON.stringify(state)}`);
  return {
    state: state as RunState,
    trace: typeof trace === 'string' ? trace : null,
    worker_id: typeof worker_id === 'string' ? worker_id : '',
    generation: typeof generation === 'number' ? generation : 0,
    version: typeof version === 'string' ? version : null,
  };
}
