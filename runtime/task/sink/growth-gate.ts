import type { Hub, TopicGrowth } from '../../hub/port.ts';
import { topicPartitionName, type TopicPartition } from '../../record/record.ts';
import type { SinkSettings } from './sink-settings.ts';

type GroupStart = Pick<SinkSettings, 'group' | 'start'>;

/**
 * Holds partitions back where their topic has grown, for sinks that keep the last record of a key. The key may
 * belong to another partition since, so what was appended after the growth is given to the task only when the
 * group has committed all that came before it, in whatever partition: order holds per key through a growth (I4).
 *
 * Procedure: {@link seen} for the topics of whatever is read, before it is given on; {@link limit} for each
 * partition; {@link look} after commits.
 */
export class GrowthGate {
  readonly #hub: Hub;
  readonly #settings: GroupStart;
  /** Growths of a topic that are not passed, the oldest first. */
  readonly #shut = new Map<string, TopicGrowth[]>();
  /** How many growths of a topic are known. */
  readonly #known = new Map<string, number>();

  constructor(hub: Hub, settings: GroupStart) {
    this.#hub = hub;
    this.#settings = settings;
  }

  /** Whether anything is held back. */
  get isShut(): boolean {
    return this.#shut.size > 0;
  }

  /** Takes notice of growths; a record that came after one is visible only when the growth is. */
  async seen(topics: Iterable<string>): Promise<void> {
    for (const topic of new Set(topics)) {
      const growths = (await this.#hub.admin.describe(topic))?.growths ?? [];
      const known = this.#known.get(topic) ?? 0;
      if (growths.length <= known) continue;
      this.#known.set(topic, growths.length);
      this.#shut.set(topic, [...(this.#shut.get(topic) ?? []), ...growths.slice(known)]);
    }
  }

  /** Records from this offset on have to wait; null: none. */
  limit({ topic }: TopicPartition): bigint | null {
    return this.#shut.get(topic)?.[0]?.offset ?? null;
  }

  /** Forgets growths that the whole group has passed; true where there were any. */
  async look(): Promise<boolean> {
    if (!this.isShut) return false;
    const offsets = await this.#hub.groups.offsets(this.#settings.group);
    const committed = new Map(offsets.map((of) => [topicPartitionName(of), of.offset]));
    let opened = false;
    for (const [topic, growths] of this.#shut) {
      while (growths[0] !== undefined && (await this.#isPassed(topic, growths[0], committed))) {
        growths.shift();
        opened = true;
      }
      if (growths.length === 0) this.#shut.delete(topic);
    }
    return opened;
  }

  async #isPassed(topic: string, growth: TopicGrowth, committed: ReadonlyMap<string, bigint>): Promise<boolean> {
    for (let partition = 0; partition < growth.partitions; partition++) {
      const of = { topic, partition };
      const at = committed.get(topicPartitionName(of)) ?? (await this.#start(of));
      if (at >= growth.offset) continue;
      // What retention took is not waited for.
      const { earliest } = await this.#hub.admin.offsets(of, 'read_committed');
      if (earliest < growth.offset) return false;
    }
    return true;
  }

  #start(of: TopicPartition): Promise<bigint> {
    return this.#hub.admin.offsetFor(of, this.#settings.start, 'read_committed');
  }
}
