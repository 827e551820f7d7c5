import type { Env } from '../env/env.ts';
import type { Hub, HubProducer } from '../hub/port.ts';
import { MillraceError } from '../record/error.ts';
import type { JsonObject, JsonValue } from '../record/record.ts';
import { murmur2Partition } from '../hub/partitioner.ts';
import { ensureCompactedTopic } from './compacted-topic.ts';
import { encodeRecords, visitRecords } from './compacted-topic-batch.ts';

/**
 * The record key of a source partition's offset, as Kafka Connect writes it
 * (`OffsetStorageWriter`): the JSON array of connector name and source partition.
 */
export function offsetKey(connector: string, partition: JsonObject): string {
  return JSON.stringify([connector, partition]);
}

/** The parts of a key; null where it is not an offset's. */
export function parseOffsetKey(key: string): { readonly connector: string; readonly partition: JsonObject } | null {
  const parsed = parseJson(key);
  if (!Array.isArray(parsed) || parsed.length !== 2) return null;
  const [connector, partition] = parsed as [unknown, unknown];
  if (typeof connector !== 'string' || !isObject(partition)) return null;
  return { connector, partition };
}

/** The same text for equal source partitions, whatever the order of their fields. */
export function partitionIdentity(partition: JsonObject): string {
  return JSON.stringify(sorted(partition));
}

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map((item: JsonValue) => sorted(item));
  if (!isObject(value)) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, sorted(value[name] ?? null)]));
}

/** A stored offset: the contract's `SourceOffset`, which this room does not import. */
interface StoredOffset {
  readonly partition: JsonObject;
  readonly offset: JsonObject;
}

/** An offset to store; null forgets the source partition. */
export interface OffsetChange {
  readonly partition: JsonObject;
  readonly offset: JsonObject | null;
}

export interface OffsetStoreOptions {
  readonly hub: Hub;
  readonly env: Env;
  readonly topic: string;
  /** Partitions of the topic where it does not exist yet. */
  readonly partitions: number;
}

const READ_WAIT_MS = 200;

/**
 * Source offsets in the hub, in Kafka Connect's format: a compacted topic, key
 * `["connector",{partition}]`, value the offset's JSON, null for a forgotten one.
 */
export class OffsetStore {
  readonly topic: string;
  readonly #options: OffsetStoreOptions;
  readonly #partitions: number;
  #producer: Promise<HubProducer> | null = null;

  private constructor(options: OffsetStoreOptions, partitions: number) {
    this.topic = options.topic;
    this.#options = options;
    this.#partitions = partitions;
  }

  /** Creates the topic where it is missing; refuses one that would forget old offsets. */
  static async open(options: OffsetStoreOptions): Promise<OffsetStore> {
    return new OffsetStore(options, await ensureCompactedTopic(options));
  }

  /**
   * The stored offsets of a connector. Reads to the end of the topic as it is now; where an open
   * transaction of somebody stands in the way, waits until it has ended: an offset below it that
   * counts must not be missed (I2).
   */
  async read(connector: string, signal: AbortSignal): Promise<StoredOffset[]> {
    const found = new Map<string, StoredOffset>();
    await this.#scan(signal, (key, value) => {
      const parsed = parseOffsetKey(key);
      if (parsed === null || parsed.connector !== connector) return;
      const identity = partitionIdentity(parsed.partition);
      if (value === null) found.delete(identity);
      else found.set(identity, { partition: parsed.partition, offset: this.#parseOffset(key, value) });
    });
    return [...found.values()];
  }

  /** The offsets as batches, at most one per partition of the topic: for a transaction of the task's own producer. */
  batches(
    connector: string,
    changes: readonly OffsetChange[],
  ): { readonly partition: number; readonly batch: Buffer }[] {
    const entries = changes.map(({ partition, offset }) => ({
      key: offsetKey(connector, partition),
      value: offset === null ? null : JSON.stringify(offset),
    }));
    const timestampMs = this.#options.env.clock.nowMs();
    const grouped = Map.groupBy(entries, ({ key }) => murmur2Partition(Buffer.from(key), this.#partitions));
    return [...grouped].map(([partition, group]) => ({ partition, batch: encodeRecords(group, timestampMs) }));
  }

  /** Stores offsets. Resolves when they are durable (I1). */
  async write(connector: string, changes: readonly OffsetChange[]): Promise<void> {
    this.#producer ??= this.#options.hub.producer({ acks: 'all' });
    const producer = await this.#producer;
    const batches = this.batches(connector, changes);
    await Promise.all(batches.map(({ partition, batch }) => producer.append(this.topic, partition, batch)));
  }

  /** Idempotent. */
  async close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = null;
    await (await producer)?.close();
  }

  async #scan(signal: AbortSignal, visit: (key: string, value: Buffer | null) => void): Promise<void> {
    const { hub } = this.#options;
    const partitions = await Promise.all(
      Array.from({ length: this.#partitions }, async (_, partition) => {
        const { earliest, latest } = await hub.admin.offsets({ topic: this.topic, partition }, 'read_uncommitted');
        return { topic: this.topic, partition, offset: earliest, latest };
      }),
    );
    const reader = await hub.reader({ isolation: 'read_committed' });
    try {
      reader.assign(partitions.filter(({ offset, latest }) => offset < latest));
      const behind = (): boolean =>
        partitions.some(({ partition, offset, latest }) => {
          return offset < latest && reader.position(this.topic, partition) < latest;
        });
      while (behind()) {
        for (const { partition, bytes } of await reader.read(READ_WAIT_MS, signal)) {
          visitRecords(bytes, partition, 0n, ({ key, value }) => visit(key, value));
        }
      }
    } finally {
      await reader.close();
    }
  }

  #parseOffset(key: string, value: Buffer): JsonObject {
    const parsed = parseJson(value.toString());
    if (isObject(parsed)) return parsed;
    throw new MillraceError(
      'STORE_OFFSET_INVALID',
      `topic ${this.topic} holds no offset for ${key}: ${value.toString()}`,
      {
        kind: 'position',
        remedy: 'Reset the offsets of this connector, or write a JSON object for this key.',
      },
    );
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
