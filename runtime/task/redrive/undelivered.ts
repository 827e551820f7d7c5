import type { Hub } from '../../hub/port.ts';
import { topicPartitionName, type TopicPartition } from '../../record/record.ts';
import { isOpen, type RedriveStore } from '../../store/redrives.ts';
import type { Standing } from '../error/dead-letter-facts.ts';
import { deadLetters, wholeLog, type StoredDeadLetter } from './dead-letter-log.ts';

interface Entry {
  /** null: a record without a key. */
  readonly key: string | null;
  /** Not delivered, discarded or superseded: it holds its key's later records back, where that is asked for. */
  readonly open: boolean;
}

/**
 * Which records of the hub a sink connector was not given in the end: its dead letters that were not
 * redriven. By their offset in the hub, per topic partition.
 */
export class Undelivered {
  readonly #byPartition = new Map<string, Map<bigint, Entry>>();
  /** Offsets that redrives delivered. */
  readonly #redriven = new Map<string, Set<bigint>>();
  /** Open dead letters of each key. */
  readonly #blocked = new Map<string, number>();

  static async read(
    hub: Hub,
    store: RedriveStore,
    topic: string,
    connector: string,
    standing: (letter: StoredDeadLetter) => Standing | null,
    signal: AbortSignal,
  ): Promise<Undelivered> {
    const found = new Undelivered();
    for await (const letter of deadLetters(hub, topic, connector, await wholeLog(hub, topic), signal)) {
      const at = standing(letter);
      if (at === null) continue;
      const mark = store.mark(letter);
      // A later dead letter of the same record says how it is now.
      if (mark?.outcome === 'redriven') found.redriven(at, at.offset);
      else found.add(at, at.offset, letter.key, isOpen(mark));
    }
    return found;
  }

  add(of: TopicPartition, offset: bigint, key: Uint8Array | null, open = true): void {
    this.delivered(of, offset);
    const name = topicPartitionName(of);
    const entries = this.#byPartition.get(name) ?? new Map<bigint, Entry>();
    this.#byPartition.set(name, entries);
    const entry = { key: key === null ? null : blockName(of, key), open };
    entries.set(offset, entry);
    if (open && entry.key !== null) this.#blocked.set(entry.key, (this.#blocked.get(entry.key) ?? 0) + 1);
  }

  /** It was delivered after all, by a redrive. */
  redriven(of: TopicPartition, offset: bigint): void {
    this.delivered(of, offset);
    const name = topicPartitionName(of);
    const offsets = this.#redriven.get(name) ?? new Set<bigint>();
    this.#redriven.set(name, offsets.add(offset));
  }

  /** Whether another dead letter of this record was redriven: after a crash there may be two. */
  wasRedriven(of: TopicPartition, offset: bigint): boolean {
    return this.#redriven.get(topicPartitionName(of))?.has(offset) === true;
  }

  delivered(of: TopicPartition, offset: bigint): void {
    const entries = this.#byPartition.get(topicPartitionName(of));
    const entry = entries?.get(offset);
    if (entries === undefined || entry === undefined) return;
    entries.delete(offset);
    if (!entry.open || entry.key === null) return;
    const left = (this.#blocked.get(entry.key) ?? 1) - 1;
    if (left === 0) this.#blocked.delete(entry.key);
    else this.#blocked.set(entry.key, left);
  }

  /** It is given up: it holds nothing back any more. */
  closed(of: TopicPartition, offset: bigint, key: Uint8Array | null): void {
    this.add(of, offset, key, false);
  }

  has(of: TopicPartition, offset: bigint): boolean {
    return this.#byPartition.get(topicPartitionName(of))?.has(offset) === true;
  }

  get blocksAny(): boolean {
    return this.#blocked.size > 0;
  }

  blocks(of: TopicPartition, key: Uint8Array | null): boolean {
    return key !== null && this.#blocked.has(blockName(of, key));
  }
}

function blockName(of: TopicPartition, key: Uint8Array): string {
  return `${topicPartitionName(of)} ${Buffer.from(key).toString('latin1')}`;
}
