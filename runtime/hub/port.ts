import type { TopicPartition } from '../record/record.ts';

/**
 * The hub: topics of partitions of record batches, each record with its offset. `embedded/` keeps
 * this contract; whoever else does passes `test/conformance/hub` too.
 *
 * Every failure is a `MillraceError` with a code `HUB_…`. All waits end when their signal aborts.
 */
export interface Hub {
  /** Identity of the ledger: offsets of two hubs never compare. */
  readonly id: string;
  readonly admin: HubAdmin;
  readonly groups: HubGroups;
  producer(options: ProducerOptions): Promise<HubProducer>;
  reader(options: ReaderOptions): Promise<HubReader>;
  /** Idempotent. Producers and readers of this hub are closed with it. */
  close(): Promise<void>;
}

export interface TopicConfig {
  /** Kafka's topic keys: `cleanup.policy`, `retention.ms`, `retention.bytes`, `max.message.bytes`, … */
  readonly [key: string]: string;
}

/** Keys that are set; null: the default again. */
export type TopicConfigChange = Readonly<Record<string, string | null>>;

export interface TopicDescription {
  readonly name: string;
  /** Differs between a topic and one of the same name made after its deletion. */
  readonly id: string;
  readonly partitions: number;
  readonly config: TopicConfig;
  /** When it got more partitions, oldest first. Absent where the hub does not keep offsets in order through that. */
  readonly growths?: readonly TopicGrowth[];
}

/** A moment at which a topic got more partitions. In whatever partition, offsets tell what came before it. */
export interface TopicGrowth {
  /** How many there were. */
  readonly partitions: number;
  /** Records appended before have smaller offsets; those appended since have this one or larger. */
  readonly offset: bigint;
}

export type OffsetSpec = 'earliest' | 'latest' | { readonly timestampMs: number };
export type Isolation = 'read_uncommitted' | 'read_committed';

export interface PartitionOffsets {
  /** First offset held. */
  readonly earliest: bigint;
  /** One past the last readable record: the high watermark, or in read_committed the last stable offset. */
  readonly latest: bigint;
  readonly sizeBytes: number;
}

export interface HubAdmin {
  /** `HUB_TOPIC_EXISTS`, `HUB_TOPIC_INVALID`. */
  createTopic(name: string, partitions: number, config?: TopicConfig): Promise<TopicDescription>;
  deleteTopic(name: string): Promise<void>;
  topics(): Promise<readonly TopicDescription[]>;
  /** null where there is no such topic. */
  describe(name: string): Promise<TopicDescription | null>;
  /** Other keys stay. `HUB_TOPIC_INVALID`, `HUB_UNKNOWN_TOPIC`. */
  alterTopic(name: string, config: TopicConfigChange): Promise<TopicDescription>;
  /**
   * Gives a topic so many partitions in all, as Kafka's admin does: `HUB_PARTITIONS_INVALID` unless they are more
   * than now. Keys belong to other partitions from then on. Durable, and one with {@link TopicDescription.growths}.
   */
  createPartitions(name: string, partitions: number): Promise<TopicDescription>;
  offsets(of: TopicPartition, isolation?: Isolation): Promise<PartitionOffsets>;
  /** First offset at or after; the end where there is none. */
  offsetFor(of: TopicPartition, spec: OffsetSpec, isolation?: Isolation): Promise<bigint>;
  /** Drops records before the offset. */
  deleteRecords(of: TopicPartition, before: bigint): Promise<void>;
}

/**
 * How durable an acknowledgement is.
 * - `0`: none is waited for.
 * - `1`: accepted: in the log, not yet synced. Survives `kill -9`, not a power cut.
 * - `all`: durable: synced before it is acknowledged.
 */
export type Acks = 0 | 1 | 'all';

export interface ProducerOptions {
  readonly acks: Acks;
  /** Numbers batches so that a retried one is not appended twice. Default true. */
  readonly idempotent?: boolean;
  /** Makes the producer transactional and fences earlier ones of this id. */
  readonly transactionalId?: string;
  /** An open transaction older than this is aborted by the hub. */
  readonly transactionTimeoutMs?: number;
  /** Settings for topics that the first append creates; absent: appending to an unknown topic fails. */
  readonly createTopics?: (topic: string) => { readonly partitions: number; readonly config?: TopicConfig };
}

export interface Appended {
  readonly topic: string;
  readonly partition: number;
  readonly baseOffset: bigint;
  /** Where the topic stamps records itself (LogAppendTime); otherwise -1. */
  readonly logAppendTimeMs: number;
}

/**
 * Appends finished batches in the order of the calls, per partition. Several may be under way;
 * after a failure of one, later ones of the same partition fail too, so order holds (I4).
 */
export interface HubProducer {
  /** Partitions of the topic as they are now; creates it where `createTopics` allows. */
  partitions(topic: string): Promise<number>;
  /**
   * Takes a record batch v2 whose producer fields and checksum are not set yet, numbers and seals
   * it, and appends it. Ownership of `batch` passes: it may be transferred to another thread.
   * Resolves by the producer's `acks`. `HUB_RECORD_TOO_LARGE`, `HUB_DISK_FULL`, `HUB_PRODUCER_FENCED`,
   * `HUB_UNKNOWN_TOPIC`, `HUB_CLOSED`.
   *
   * `placedIn`: the number of partitions by which its keys were placed. Where the topic has another by now,
   * `HUB_PARTITIONS_CHANGED`: nothing placed by the old number comes after a growth (I4).
   */
  append(topic: string, partition: number, batch: Buffer, placedIn?: number): Promise<Appended>;
  /** Starts a transaction; what is appended from here on belongs to it. Does not wait. */
  begin(): void;
  /** Adds a consumer group's offsets to the transaction. */
  addOffsets(group: string, offsets: readonly GroupOffset[]): void;
  /**
   * Ends the transaction: all or nothing becomes visible to read_committed. Resolves when durable.
   * A new transaction may begin before this one's commit has resolved; they end in order.
   */
  commit(): Promise<void>;
  abort(): Promise<void>;
  close(): Promise<void>;
}

export interface ReaderOptions {
  readonly isolation: Isolation;
  /** Most bytes one `read` returns, unless a single batch is larger. Default 1 MiB. */
  readonly maxBytes?: number;
}

/** A batch as stored, its checksum verified. Offsets below the one asked for may be in it: skip them. */
export interface FetchedBatch {
  readonly topic: string;
  readonly partition: number;
  readonly bytes: Buffer;
}

/** A pull reader over partitions it is told of; no group, no commits of its own. */
export interface HubReader {
  /** Replaces the set of partitions and where each is read on from. `HUB_OFFSET_OUT_OF_RANGE` comes from `read`. */
  assign(from: readonly { readonly topic: string; readonly partition: number; readonly offset: bigint }[]): void;
  /** Moves one assigned partition. */
  seek(topic: string, partition: number, offset: bigint): void;
  /** Leaves partitions out of `read` until resumed. */
  pause(partitions: readonly TopicPartition[]): void;
  resume(partitions: readonly TopicPartition[]): void;
  /** Next offset to be read. */
  position(topic: string, partition: number): bigint;
  /**
   * The next batches, in offset order per partition; fair between partitions. Waits up to `waitMs`
   * for the first, without polling, and then returns an empty list. Control batches and records of
   * aborted transactions (in read_committed) are left out.
   */
  read(waitMs: number, signal: AbortSignal): Promise<readonly FetchedBatch[]>;
  close(): Promise<void>;
}

export interface GroupOffset {
  readonly topic: string;
  readonly partition: number;
  /** Next offset to read. */
  readonly offset: bigint;
  readonly metadata?: string;
}

export interface GroupDescription {
  readonly group: string;
  readonly members: number;
}

export interface Assignment {
  readonly generation: number;
  readonly partitions: readonly TopicPartition[];
}

/** Membership in a consumer group; partitions are divided by range, as Kafka's default. */
export interface GroupMember {
  /** Waits until the assignment differs from the one with this generation (-1: none yet). */
  assignment(knownGeneration: number, signal: AbortSignal): Promise<Assignment>;
  /** Says that everything not in the assignment of this generation has been given up. */
  acknowledge(generation: number): Promise<void>;
  /** `HUB_GROUP_FENCED` when the generation is over. Durable when it resolves. */
  commit(generation: number, offsets: readonly GroupOffset[]): Promise<void>;
  leave(): Promise<void>;
}

export interface HubGroups {
  /** `topics` may grow: new topics and partitions lead to a new assignment. */
  join(
    group: string,
    topics: { readonly names: readonly string[] } | { readonly pattern: string },
  ): Promise<GroupMember>;
  /** Committed offsets of a group, by topic partition. */
  offsets(group: string): Promise<readonly GroupOffset[]>;
  /** Sets offsets of a group without members: `HUB_GROUP_ACTIVE`. `offset: null` removes. */
  alter(group: string, offsets: readonly (TopicPartition & { readonly offset: bigint | null })[]): Promise<void>;
  list(): Promise<readonly GroupDescription[]>;
  delete(group: string): Promise<void>;
}
