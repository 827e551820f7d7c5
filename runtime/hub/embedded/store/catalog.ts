import type { TopicConfig, TopicDescription } from '../../port.ts';
import { afterPrefix } from './key.ts';
import type { Store } from './store.ts';

/** A topic as stored. */
export interface StoredTopic {
  readonly name: string;
  readonly id: string;
  /** Number of each partition in the store; never used again after a deletion. */
  readonly partitions: readonly number[];
  readonly config: TopicConfig;
  /** Number of partitions before each growth, and the offset at which all went on after it; absent: none. */
  readonly grown?: readonly (readonly [partitions: number, offset: number])[];
}

/** A producer with a transactional id. */
export interface StoredProducer {
  readonly producerId: number;
  readonly epoch: number;
}

/** A transaction that was open when this was written. */
export interface StoredTransaction {
  readonly producerId: number;
  readonly epoch: number;
  readonly transactionalId: string;
  /** Partition and first offset of the transaction in it. */
  readonly partitions: readonly (readonly [number, number])[];
}

const TOPIC = 't/';
const PRODUCER = 'p/';
const TRANSACTION = 'x/';
const GARBAGE = 'g/';

function key(prefix: string, name: string): Buffer {
  return Buffer.from(prefix + name);
}

/** What this module wrote itself. */
function parse(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
}

function* entries(store: Store, prefix: string): Generator<unknown, void, undefined> {
  const start = Buffer.from(prefix);
  for (const { value } of store.catalog.getRange({ start, end: afterPrefix(start) })) yield parse(value);
}

/** Small things by name: topics, transactional producers, open transactions, partitions to be removed. */
export const catalog = {
  topics: (store: Store): StoredTopic[] => [...entries(store, TOPIC)] as StoredTopic[],
  topic: (store: Store, name: string): StoredTopic | null => {
    const bytes = store.catalog.get(key(TOPIC, name));
    return bytes === undefined ? null : (parse(bytes) as StoredTopic);
  },
  putTopic: (store: Store, topic: StoredTopic): void => {
    void store.catalog.put(key(TOPIC, topic.name), Buffer.from(JSON.stringify(topic)));
  },
  removeTopic: (store: Store, name: string): void => void store.catalog.remove(key(TOPIC, name)),

  producer: (store: Store, transactionalId: string): StoredProducer | null => {
    const bytes = store.catalog.get(key(PRODUCER, transactionalId));
    return bytes === undefined ? null : (parse(bytes) as StoredProducer);
  },
  putProducer: (store: Store, transactionalId: string, producer: StoredProducer): void => {
    void store.catalog.put(key(PRODUCER, transactionalId), Buffer.from(JSON.stringify(producer)));
  },

  transactions: (store: Store): StoredTransaction[] => [...entries(store, TRANSACTION)] as StoredTransaction[],
  putTransaction: (store: Store, transaction: StoredTransaction): void => {
    const bytes = Buffer.from(JSON.stringify(transaction));
    void store.catalog.put(key(TRANSACTION, String(transaction.producerId)), bytes);
  },
  removeTransaction: (store: Store, producerId: number): void => {
    void store.catalog.remove(key(TRANSACTION, String(producerId)));
  },

  garbage: (store: Store): number[] => [...entries(store, GARBAGE)] as number[],
  putGarbage: (store: Store, partition: number): void => {
    void store.catalog.put(key(GARBAGE, String(partition)), Buffer.from(String(partition)));
  },
  removeGarbage: (store: Store, partition: number): void => void store.catalog.remove(key(GARBAGE, String(partition))),
};

export function describeTopic(topic: StoredTopic): TopicDescription {
  const growths = (topic.grown ?? []).map(([partitions, offset]) => ({ partitions, offset: BigInt(offset) }));
  return { name: topic.name, id: topic.id, partitions: topic.partitions.length, config: topic.config, growths };
}
