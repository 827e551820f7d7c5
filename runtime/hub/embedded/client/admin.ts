import type { TopicPartition } from '../../../record/record.ts';
import { topicPartitionName } from '../../../record/record.ts';
import type {
  HubAdmin,
  Isolation,
  OffsetSpec,
  PartitionOffsets,
  TopicConfig,
  TopicConfigChange,
  TopicDescription,
} from '../../port.ts';
import { catalog, describeTopic } from '../store/catalog.ts';
import type { Connection } from './connection.ts';
import type { ClientParts } from './embedded-hub.ts';
import { offsetOutOfRange, unknownTopic } from '../errors.ts';
import { boundsOf, offsetAtTime, type Bounds } from '../store/log-reader.ts';

/** Topics: changed by the writer, described from the store. */
export class EmbeddedAdmin implements HubAdmin {
  readonly #parts: ClientParts;

  constructor(parts: ClientParts) {
    this.#parts = parts;
  }

  get #writer(): Connection {
    return this.#parts.link.writing();
  }

  async createTopic(name: string, partitions: number, config: TopicConfig = {}): Promise<TopicDescription> {
    return this.#writer.ask('createTopic', { name, partitions, config });
  }

  async deleteTopic(name: string): Promise<void> {
    await this.#writer.ask('deleteTopic', { name });
  }

  async alterTopic(name: string, config: TopicConfigChange): Promise<TopicDescription> {
    return this.#writer.ask('alterTopic', { name, config });
  }

  async createPartitions(name: string, partitions: number): Promise<TopicDescription> {
    return this.#writer.ask('createPartitions', { name, partitions });
  }

  async deleteRecords(of: TopicPartition, before: bigint): Promise<void> {
    const { earliest, latest } = await this.offsets(of, 'read_committed');
    if (before > latest)
      throw offsetOutOfRange(topicPartitionName(of), Number(before), Number(earliest), Number(latest));
    await this.#writer.ask('deleteRecords', { ...of, before: Number(before) });
  }

  async topics(): Promise<readonly TopicDescription[]> {
    const { store } = this.#parts;
    return store.read(() => catalog.topics(store).map(describeTopic));
  }

  async describe(name: string): Promise<TopicDescription | null> {
    const { store } = this.#parts;
    const topic = store.read(() => catalog.topic(store, name));
    return topic === null ? null : describeTopic(topic);
  }

  async offsets(of: TopicPartition, isolation: Isolation = 'read_uncommitted'): Promise<PartitionOffsets> {
    await this.#parts.link.freshen();
    const { start, end, sizeBytes } = this.#parts.store.read(() => this.#bounds(of, isolation).bounds);
    return { earliest: BigInt(start), latest: BigInt(end), sizeBytes };
  }

  async offsetFor(of: TopicPartition, spec: OffsetSpec, isolation: Isolation = 'read_uncommitted'): Promise<bigint> {
    const { store, link } = this.#parts;
    await link.freshen();
    return store.read(() => {
      const { id, bounds } = this.#bounds(of, isolation);
      if (spec === 'earliest') return BigInt(bounds.start);
      if (spec === 'latest') return BigInt(bounds.end);
      return BigInt(offsetAtTime(store, id, bounds, spec.timestampMs));
    });
  }

  #bounds(of: TopicPartition, isolation: Isolation): { readonly id: number; readonly bounds: Bounds } {
    const { store, watermark } = this.#parts;
    const topic = catalog.topic(store, of.topic);
    if (topic === null) throw unknownTopic(of.topic);
    const id = topic.partitions[of.partition];
    if (id === undefined) throw unknownTopic(of.topic, of.partition);
    const bounds = boundsOf(store, watermark, id, isolation);
    if (bounds === null) throw unknownTopic(of.topic, of.partition);
    return { id, bounds };
  }
}
