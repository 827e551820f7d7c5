import type { Env } from '../../../env/env.ts';
import type { TopicConfig, TopicConfigChange, TopicDescription } from '../../port.ts';
import { catalog, describeTopic, type StoredTopic } from '../store/catalog.ts';
import type { Commit } from './commit.ts';
import { invalidTopic, partitionsInvalid, topicExists, unknownTopic } from '../errors.ts';
import { rowKey } from '../store/key.ts';
import { Partition } from './partition.ts';
import { decodeRow, EMPTY_ROW } from '../store/partition-row.ts';
import type { Store } from '../store/store.ts';
import { checkGiven, checkSetting, checkTopicName, topicSettings } from './topic-config.ts';

const MAX_PARTITIONS = 10_000;

/** The topics as the writer holds them. Changed within a commit only. */
export class Topics {
  readonly #store: Store;
  readonly #env: Env;
  readonly #defaults: TopicConfig;
  readonly #topics = new Map<string, { readonly stored: StoredTopic; readonly partitions: readonly Partition[] }>();
  readonly #byId = new Map<number, Partition>();

  constructor(store: Store, env: Env, defaults: TopicConfig) {
    this.#store = store;
    this.#env = env;
    this.#defaults = defaults;
  }

  /** Reads them all. Call within `store.read`. */
  load(): void {
    for (const topic of catalog.topics(this.#store)) this.#add(topic);
  }

  #add(stored: StoredTopic): void {
    const settings = topicSettings(stored.name, { ...this.#defaults, ...stored.config });
    const partitions = stored.partitions.map((id, index) => {
      const row = this.#store.state.get(rowKey(id));
      return new Partition(id, stored.name, index, settings, row === undefined ? undefined : decodeRow(row));
    });
    this.#topics.set(stored.name, { stored, partitions });
    for (const partition of partitions) this.#byId.set(partition.id, partition);
  }

  #remove(name: string): void {
    for (const partition of this.#topics.get(name)?.partitions ?? []) this.#byId.delete(partition.id);
    this.#topics.delete(name);
  }

  /** `HUB_UNKNOWN_TOPIC`. */
  partition(topic: string, partition: number): Partition {
    const found = this.#topics.get(topic)?.partitions[partition];
    if (found === undefined) throw unknownTopic(topic, this.#topics.has(topic) ? partition : undefined);
    return found;
  }

  byId(id: number): Partition | undefined {
    return this.#byId.get(id);
  }

  all(): Iterable<Partition> {
    return this.#byId.values();
  }

  /** Number of its partitions; 0: there is no such topic. */
  size(topic: string): number {
    return this.#topics.get(topic)?.partitions.length ?? 0;
  }

  /** Number of partitions by topic. */
  sizes(): ReadonlyMap<string, number> {
    return new Map([...this.#topics].map(([name, { partitions }]) => [name, partitions.length]));
  }

  create(commit: Commit, name: string, partitions: number, config: TopicConfig): TopicDescription {
    checkTopicName(name);
    if (this.#topics.has(name)) throw topicExists(name);
    if (!Number.isInteger(partitions) || partitions < 1 || partitions > MAX_PARTITIONS) {
      throw invalidTopic(name, `it takes 1 to ${MAX_PARTITIONS} partitions, not ${partitions}`);
    }
    topicSettings(name, { ...this.#defaults, ...config });
    checkGiven(name, config);
    const first = this.#store.counter('partition');
    const ids = Array.from({ length: partitions }, (_, index) => first + index);
    const stored: StoredTopic = { name, id: this.#env.random.uuid(), partitions: ids, config };
    commit.onRollback(() => this.#remove(name));
    this.#store.putCounter('partition', first + partitions);
    catalog.putTopic(this.#store, stored);
    this.#add(stored);
    for (const id of ids) {
      const partition = this.#byId.get(id);
      if (partition !== undefined) commit.touch(partition);
    }
    return describeTopic(stored);
  }

  /** The batches go later, piece by piece: until then the partitions are garbage. */
  delete(commit: Commit, name: string): readonly Partition[] {
    const topic = this.#topics.get(name);
    if (topic === undefined) throw unknownTopic(name);
    commit.onRollback(() => {
      for (const partition of topic.partitions) partition.deleted = false;
      this.#topics.set(name, topic);
      for (const partition of topic.partitions) this.#byId.set(partition.id, partition);
    });
    catalog.removeTopic(this.#store, name);
    for (const partition of topic.partitions) {
      partition.deleted = true;
      void this.#store.state.remove(rowKey(partition.id));
      catalog.putGarbage(this.#store, partition.id);
      commit.partitions.delete(partition);
    }
    this.#remove(name);
    return topic.partitions;
  }

  /**
   * Adds partitions. All of them, old and new, go on at one offset, beyond every offset so far: so whatever
   * partition a key belongs to from now on, its new records have larger offsets than its old ones (I4).
   */
  grow(commit: Commit, name: string, partitions: number): TopicDescription {
    const topic = this.#topics.get(name);
    if (topic === undefined) throw unknownTopic(name);
    const before = topic.partitions.length;
    if (!Number.isInteger(partitions) || partitions <= before || partitions > MAX_PARTITIONS) {
      throw partitionsInvalid(name, before, partitions, MAX_PARTITIONS);
    }
    const offset = topic.partitions.reduce((most, { end }) => Math.max(most, end), 0);
    const first = this.#store.counter('partition');
    const ids = Array.from({ length: partitions - before }, (_, index) => first + index);
    const stored: StoredTopic = {
      ...topic.stored,
      partitions: [...topic.stored.partitions, ...ids],
      grown: [...(topic.stored.grown ?? []), [before, offset]],
    };
    const row = { ...EMPTY_ROW, start: offset, end: offset, lso: offset, cleanedOffset: offset };
    const settings = topicSettings(name, { ...this.#defaults, ...stored.config });
    const added = ids.map((id, index) => new Partition(id, name, before + index, settings, row));
    commit.onRollback(() => {
      for (const { id } of added) this.#byId.delete(id);
      this.#topics.set(name, topic);
    });
    this.#store.putCounter('partition', first + ids.length);
    catalog.putTopic(this.#store, stored);
    this.#topics.set(name, { stored, partitions: [...topic.partitions, ...added] });
    for (const partition of added) this.#byId.set(partition.id, partition);
    for (const partition of topic.partitions) partition.change(commit, { end: offset });
    for (const partition of added) commit.touch(partition);
    return describeTopic(stored);
  }

  /** Sets the keys given, leaves the others. */
  alter(commit: Commit, name: string, change: TopicConfigChange): TopicDescription {
    const topic = this.#topics.get(name);
    if (topic === undefined) throw unknownTopic(name);
    // What is set already may be taken back whatever it is called; a name that is misspelt is told.
    for (const key of Object.keys(change)) if (!(key in topic.stored.config)) checkSetting(name, key);
    const stored = { ...topic.stored, config: altered(topic.stored.config, change) };
    const settings = topicSettings(name, { ...this.#defaults, ...stored.config });
    checkGiven(name, change);
    const before = topic.partitions.map((partition) => partition.settings);
    commit.onRollback(() => {
      this.#topics.set(name, topic);
      topic.partitions.forEach((partition, index) => (partition.settings = before[index] ?? partition.settings));
    });
    catalog.putTopic(this.#store, stored);
    this.#topics.set(name, { stored, partitions: topic.partitions });
    for (const partition of topic.partitions) partition.settings = settings;
    return describeTopic(stored);
  }
}

function altered(config: TopicConfig, change: TopicConfigChange): TopicConfig {
  const entries = Object.entries({ ...config, ...change });
  return Object.fromEntries(entries.flatMap(([key, value]) => (value === null ? [] : [[key, value]])));
}
