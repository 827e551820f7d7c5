import { partitionsInvalid } from '../../../runtime/hub/embedded/errors.ts';
import { topicSettings } from '../../../runtime/hub/embedded/writer/topic-config.ts';
import { HEADER_BYTES } from '../../../runtime/hub/batch/format.ts';
import { readBatchHeader } from '../../../runtime/hub/batch/batch-header.ts';
import { sealBatch } from '../../../runtime/hub/batch/seal-batch.ts';
import type {
  FetchedBatch,
  GroupOffset,
  Hub,
  HubAdmin,
  HubGroups,
  HubProducer,
  HubReader,
  TopicConfig,
  TopicConfigChange,
  TopicDescription,
} from '../../../runtime/hub/port.ts';

interface Topic {
  readonly description: TopicDescription;
  readonly logs: Buffer[][];
  readonly ends: bigint[];
}

/** A hub in memory, just enough for stores: no transactions, no retention. Survives its users' restarts. */
export class MemoryHub implements Hub {
  readonly id = 'memory';
  readonly topics = new Map<string, Topic>();
  readonly groupOffsets = new Map<string, GroupOffset[]>();
  appends = 0;
  /** While set, appends fail with it. */
  appendError: Error | null = null;
  #waiting: (() => void)[] = [];

  readonly admin: HubAdmin = {
    createTopic: async (name, partitions, config = {}) => this.#create(name, partitions, config),
    deleteTopic: async (name) => {
      this.topics.delete(name);
    },
    topics: async () => [...this.topics.values()].map((topic) => topic.description),
    describe: async (name) => this.topics.get(name)?.description ?? null,
    alterTopic: async (name, change) => this.#alter(name, change),
    createPartitions: async (name, partitions) => this.#grow(name, partitions),
    offsets: async ({ topic, partition }) => ({
      earliest: 0n,
      latest: this.#topic(topic).ends[partition] ?? 0n,
      sizeBytes: 0,
    }),
    offsetFor: async ({ topic, partition }, spec) =>
      spec === 'earliest' ? 0n : (this.#topic(topic).ends[partition] ?? 0n),
    deleteRecords: async () => {},
  };

  readonly groups: HubGroups = {
    join: () => Promise.reject(new Error('not in memory')),
    offsets: async (group) => this.groupOffsets.get(group) ?? [],
    alter: async (group, offsets) => {
      const kept = (this.groupOffsets.get(group) ?? []).filter(
        (old) => !offsets.some((one) => one.topic === old.topic && one.partition === old.partition),
      );
      const added = offsets.flatMap((one) => (one.offset === null ? [] : [{ ...one, offset: one.offset }]));
      this.groupOffsets.set(group, [...kept, ...added]);
    },
    list: async () => [...this.groupOffsets.keys()].map((group) => ({ group, members: 0 })),
    delete: async (group) => {
      this.groupOffsets.delete(group);
    },
  };

  async producer(): Promise<HubProducer> {
    return {
      partitions: async (topic) => this.#topic(topic).logs.length,
      append: async (topic, partition, batch) => {
        if (this.appendError !== null) throw this.appendError;
        return this.#append(topic, partition, batch);
      },
      begin: () => {},
      addOffsets: () => {},
      commit: async () => {},
      abort: async () => {},
      close: async () => {},
    };
  }

  async reader(): Promise<HubReader> {
    return new MemoryReader(this);
  }

  async close(): Promise<void> {}

  /** Batches from an offset on. */
  from(name: string, partition: number, offset: bigint): Buffer[] {
    const log = this.#topic(name).logs[partition] ?? [];
    return log.filter((batch) => lastOffset(batch) >= offset);
  }

  end(name: string, partition: number): bigint {
    return this.#topic(name).ends[partition] ?? 0n;
  }

  /** Resolves at the next append or when the signal aborts. */
  grown(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      this.#waiting.push(resolve);
    });
  }

  #topic(name: string): Topic {
    const topic = this.topics.get(name);
    if (topic === undefined) throw new Error(`no topic ${name}`);
    return topic;
  }

  #grow(name: string, partitions: number): TopicDescription {
    const { description, logs, ends } = this.#topic(name);
    const before = description.partitions;
    if (partitions <= before) throw partitionsInvalid(name, before, partitions, 10_000);
    const offset = ends.reduce((most, end) => (end > most ? end : most), 0n);
    const growths = [...(description.growths ?? []), { partitions: before, offset }];
    const grown = { ...description, partitions, growths };
    const added = Array.from({ length: partitions - before }, () => []);
    const all = Array.from({ length: partitions }, () => offset);
    this.topics.set(name, { description: grown, logs: [...logs, ...added], ends: all });
    return grown;
  }

  #alter(name: string, change: TopicConfigChange): TopicDescription {
    const topic = this.#topic(name);
    const config: Record<string, string> = {};
    for (const [key, value] of Object.entries({ ...topic.description.config, ...change })) {
      if (value !== null) config[key] = value;
    }
    topicSettings(name, config);
    const description = { ...topic.description, config };
    this.topics.set(name, { ...topic, description });
    return description;
  }

  #create(name: string, partitions: number, config: TopicConfig): TopicDescription {
    const description = { name, id: name, partitions, config };
    const logs = Array.from({ length: partitions }, () => []);
    this.topics.set(name, { description, logs, ends: logs.map(() => 0n) });
    return description;
  }

  #append(name: string, partition: number, batch: Buffer) {
    this.appends++;
    const topic = this.#topic(name);
    const baseOffset = topic.ends[partition] ?? 0n;
    sealBatch(batch, { producerId: -1n, epoch: -1, baseSequence: -1, transactional: false });
    batch.writeBigInt64BE(baseOffset, 0);
    topic.logs[partition]?.push(batch);
    topic.ends[partition] = lastOffset(batch) + 1n;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
    return { topic: name, partition, baseOffset, logAppendTimeMs: -1 };
  }
}

function lastOffset(batch: Buffer): bigint {
  if (batch.length < HEADER_BYTES) return -1n;
  const header = readBatchHeader(batch);
  return header.baseOffset + BigInt(header.lastOffsetDelta);
}

class MemoryReader implements HubReader {
  readonly #hub: MemoryHub;
  #positions = new Map<string, { topic: string; partition: number; offset: bigint }>();

  constructor(hub: MemoryHub) {
    this.#hub = hub;
  }

  assign(from: readonly { topic: string; partition: number; offset: bigint }[]): void {
    this.#positions = new Map(from.map((one) => [`${one.topic}-${one.partition}`, { ...one }]));
  }

  seek(): void {}
  pause(): void {}
  resume(): void {}

  position(topic: string, partition: number): bigint {
    return this.#positions.get(`${topic}-${partition}`)?.offset ?? 0n;
  }

  async read(_waitMs: number, signal: AbortSignal): Promise<readonly FetchedBatch[]> {
    signal.throwIfAborted();
    for (;;) {
      const found: FetchedBatch[] = [];
      for (const at of this.#positions.values()) {
        const batches = this.#hub.from(at.topic, at.partition, at.offset);
        found.push(...batches.map((bytes) => ({ topic: at.topic, partition: at.partition, bytes })));
        at.offset = this.#hub.end(at.topic, at.partition);
      }
      if (found.length > 0) return found;
      await this.#hub.grown(signal);
    }
  }

  async close(): Promise<void> {}
}
