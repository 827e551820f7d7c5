import type { Env } from '../env/env.ts';
import type { Hub, HubProducer, HubReader, TopicConfig } from '../hub/port.ts';
import { MillraceError } from '../record/error.ts';
import { asError } from '../record/thrown.ts';
import { murmur2Partition } from '../hub/partitioner.ts';
import { encodeRecords, visitRecords } from './compacted-topic-batch.ts';

/** A record as applied; `value` shares memory with its batch: copy what is kept for long. */
export interface CompactedRecord {
  readonly partition: number;
  readonly offset: bigint;
  /** Epoch milliseconds. */
  readonly timestampMs: number;
  readonly key: string;
  /** null: the key is deleted. */
  readonly value: Buffer | null;
}

export interface CompactedEntry {
  readonly key: string;
  readonly value: Uint8Array | string | null;
}

interface NewCompactedTopic {
  readonly hub: Hub;
  readonly topic: string;
  /** Partitions of the topic where it does not exist yet. */
  readonly partitions: number;
  /** Settings for its creation beside `cleanup.policy=compact`. */
  readonly config?: TopicConfig;
}

interface CompactedTopicOptions extends NewCompactedTopic {
  readonly env: Env;
  /**
   * Called for every record in offset order per partition, first for those found at `open`, then
   * for each one appended by anyone. Must not throw: a record it cannot read is its own to report.
   */
  readonly apply: (record: CompactedRecord) => void;
  /** Called once if following ends by an error: the state is stale from then on. */
  readonly failed?: (error: Error) => void;
}

interface Waiter {
  readonly partition: number;
  readonly offset: bigint;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const CATCH_UP_WAIT_MS = 50;
const FOLLOW_WAIT_MS = 60_000;

/**
 * A compacted topic as a table: read to its end by `open`, then followed. Writers and readers of
 * the same topic in other threads and processes are seen too. Transactions count once committed.
 *
 * Procedure of a write: append with acks=all (I1), then wait until the follower has applied the
 * record, so what was written is read back by the same path everyone else sees.
 */
export class CompactedTopic {
  readonly #options: CompactedTopicOptions;
  readonly #reader: HubReader;
  readonly #partitions: number;
  readonly #stop = new AbortController();
  #producer: Promise<HubProducer> | null = null;
  #following: Promise<void> = Promise.resolve();
  #waiters: Waiter[] = [];
  readonly #appliedOffsets: bigint[] = [];
  #failure: Error | null = null;

  private constructor(options: CompactedTopicOptions, reader: HubReader, partitions: number) {
    this.#options = options;
    this.#reader = reader;
    this.#partitions = partitions;
  }

  /** Creates the topic where it is missing, applies all it holds, and follows it from there. */
  static async open(options: CompactedTopicOptions, signal: AbortSignal): Promise<CompactedTopic> {
    const partitions = await ensureCompactedTopic(options);
    const reader = await options.hub.reader({ isolation: 'read_committed' });
    const topic = new CompactedTopic(options, reader, partitions);
    try {
      await topic.#catchUp(signal);
    } catch (error) {
      await reader.close();
      throw error;
    }
    topic.#following = topic.#follow();
    return topic;
  }

  get topic(): string {
    return this.#options.topic;
  }

  /** Appends one record; see {@link putAll}. */
  put(key: string, value: Uint8Array | string | null): Promise<void> {
    return this.putAll([{ key, value }]);
  }

  /**
   * Appends the entries, in order per partition, those of one partition as one batch. Resolves when
   * they are durable in the hub and applied here.
   */
  async putAll(entries: readonly CompactedEntry[]): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    const producer = await this.#openProducer();
    const byPartition = Map.groupBy(entries, (entry) => murmur2Partition(Buffer.from(entry.key), this.#partitions));
    const timestampMs = this.#options.env.clock.nowMs();
    const applied = [...byPartition].map(async ([partition, group]) => {
      const batch = encodeRecords(group, timestampMs);
      const { baseOffset } = await producer.append(this.topic, partition, batch);
      await this.#applied(partition, baseOffset + BigInt(group.length - 1));
    });
    await Promise.all(applied);
  }

  /** Waits until everything that was readable at the call is applied. */
  async readToEnd(): Promise<void> {
    const ends = await this.#ends();
    await Promise.all(ends.map((end, partition) => this.#applied(partition, end - 1n)));
  }

  /** Idempotent. Waiting calls are rejected. */
  async close(): Promise<void> {
    const closed = new MillraceError('STORE_CLOSED', `the store on topic ${this.topic} is closed`, { kind: 'closed' });
    this.#stop.abort(closed);
    await this.#following;
    this.#fail(closed);
    await this.#reader.close();
    if (this.#producer !== null) await (await this.#producer).close();
  }

  #openProducer(): Promise<HubProducer> {
    this.#producer ??= this.#options.hub.producer({ acks: 'all' });
    return this.#producer;
  }

  #ends(): Promise<bigint[]> {
    const { hub } = this.#options;
    const of = (partition: number): Promise<bigint> =>
      hub.admin.offsets({ topic: this.topic, partition }, 'read_committed').then((offsets) => offsets.latest);
    return Promise.all(Array.from({ length: this.#partitions }, (_, partition) => of(partition)));
  }

  async #catchUp(signal: AbortSignal): Promise<void> {
    const { hub } = this.#options;
    const start = Array.from({ length: this.#partitions }, async (_, partition) => {
      const { earliest } = await hub.admin.offsets({ topic: this.topic, partition }, 'read_committed');
      return { topic: this.topic, partition, offset: earliest };
    });
    this.#reader.assign(await Promise.all(start));
    const ends = await this.#ends();
    while (ends.some((end, partition) => this.#position(partition) < end)) {
      await this.#readOnce(CATCH_UP_WAIT_MS, signal);
    }
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    try {
      while (!signal.aborted) await this.#readOnce(FOLLOW_WAIT_MS, signal);
    } catch (error) {
      if (signal.aborted) return;
      const failure = asError(error);
      this.#fail(failure);
      this.#options.failed?.(failure);
    }
  }

  async #readOnce(waitMs: number, signal: AbortSignal): Promise<void> {
    const before = Array.from({ length: this.#partitions }, (_, partition) => this.#position(partition));
    const batches = await this.#reader.read(waitMs, signal);
    for (const { partition, bytes } of batches) {
      visitRecords(bytes, partition, before[partition] ?? 0n, this.#options.apply);
    }
    this.#wake();
  }

  #position(partition: number): bigint {
    return this.#reader.position(this.topic, partition);
  }

  #applied(partition: number, offset: bigint): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.#appliedTo(partition) > offset) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ partition, offset, resolve, reject });
    });
  }

  #appliedTo(partition: number): bigint {
    return this.#appliedOffsets[partition] ?? 0n;
  }

  #wake(): void {
    for (let partition = 0; partition < this.#partitions; partition++) {
      this.#appliedOffsets[partition] = this.#position(partition);
    }
    const waiting = this.#waiters;
    this.#waiters = waiting.filter((waiter) => this.#appliedTo(waiter.partition) <= waiter.offset);
    for (const waiter of waiting) {
      if (this.#appliedTo(waiter.partition) > waiter.offset) waiter.resolve();
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    const waiting = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiting) waiter.reject(error);
  }
}

/** The partitions of a compacted topic, which is created where it is missing. */
export async function ensureCompactedTopic(options: NewCompactedTopic): Promise<number> {
  const { hub, topic } = options;
  const found = await hub.admin.describe(topic);
  if (found !== null) return checkCompacted(topic, found);
  try {
    const config = { ...options.config, 'cleanup.policy': 'compact' };
    return (await hub.admin.createTopic(topic, options.partitions, config)).partitions;
  } catch (error) {
    // Another thread or worker may have created it meanwhile.
    const raced = await hub.admin.describe(topic);
    if (raced === null) throw error;
    return checkCompacted(topic, raced);
  }
}

/** A topic that drops old records would forget connectors and offsets. */
function checkCompacted(topic: string, found: { readonly partitions: number; readonly config: TopicConfig }): number {
  const policy = found.config['cleanup.policy'] ?? 'delete';
  if (policy === 'compact') return found.partitions;
  throw new MillraceError(
    'STORE_TOPIC_NOT_COMPACTED',
    `topic ${topic} has cleanup.policy=${policy}; a store needs compact`,
    {
      kind: 'config',
      remedy: `Name another topic, or set cleanup.policy=compact on ${topic}.`,
    },
  );
}
