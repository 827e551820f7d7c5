import { MillraceError } from '../../record/error.ts';
import { topicPartitionName, type TopicPartition } from '../../record/record.ts';
import type { Offsets } from '../../connector/sink.ts';
import type { GroupOffset } from '../../hub/port.ts';

interface Standing {
  readonly partition: TopicPartition;
  /** Next offset to be written. */
  next: bigint;
  /** The furthest offset that was dealt with: given to the task, dropped or dead-lettered before it. */
  written: bigint;
  /** The same of records given to the task: what it tells as durable reaches no further. */
  offered: bigint;
  /** Everything before is safe in the target. */
  durable: bigint;
  /** As last committed. */
  committed: bigint;
}

/**
 * Where the partitions of a sink task stand: what was offered to it, what it said is durable, what
 * is committed. Pure. Only durable offsets are offered for commit, and they only grow (I1, I2).
 */
export class SinkPositions {
  readonly #standing = new Map<string, Standing>();

  /** Starts a partition at its committed offset. */
  add(partition: TopicPartition, offset: bigint): void {
    const standing = {
      partition,
      next: offset,
      written: offset,
      offered: offset,
      durable: offset,
      committed: offset,
    };
    this.#standing.set(topicPartitionName(partition), standing);
  }

  remove(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#standing.delete(topicPartitionName(partition));
  }

  has(partition: TopicPartition): boolean {
    return this.#standing.has(topicPartitionName(partition));
  }

  get partitions(): TopicPartition[] {
    return [...this.#standing.values()].map(({ partition }) => partition);
  }

  /** Next offset of each partition to be written. */
  get next(): { readonly topic: string; readonly partition: number; readonly offset: bigint }[] {
    return [...this.#standing.values()].map(({ partition, next }) => ({ ...partition, offset: next }));
  }

  /** The partition's next offset to be written; null where the partition is not ours. */
  nextOf(partition: TopicPartition): bigint | null {
    return this.#standing.get(topicPartitionName(partition))?.next ?? null;
  }

  /** Records before `next` were taken by the task. */
  wrote(partition: TopicPartition, next: bigint): void {
    this.passed(partition, next);
    const standing = this.#standing.get(topicPartitionName(partition));
    if (standing !== undefined && next > standing.offered) standing.offered = next;
  }

  /** Records before `next` are dealt with: taken by the task, or dropped before they reached it. */
  passed(partition: TopicPartition, next: bigint): void {
    const standing = this.#standing.get(topicPartitionName(partition));
    if (standing === undefined) return;
    if (next > standing.next) standing.next = next;
    if (next > standing.written) standing.written = next;
  }

  /** Takes what the task says is durable; what is not assigned is passed over. */
  durable(offsets: Offsets): void {
    for (const [name, offset] of offsets) {
      const standing = this.#standing.get(name);
      if (standing === undefined || offset <= standing.durable) continue;
      if (offset > standing.written) throw ahead(name, offset, standing.written);
      standing.durable = offset;
    }
  }

  /** Goes back, or on, to where the task wants to read next. */
  seek(offsets: Offsets): void {
    for (const [name, offset] of offsets) {
      const standing = this.#standing.get(name);
      if (standing !== undefined) standing.next = offset;
    }
  }

  /** As last committed; null where the partition is not ours. */
  committedOf(partition: TopicPartition): bigint | null {
    return this.#standing.get(topicPartitionName(partition))?.committed ?? null;
  }

  /** What is durable and not committed. */
  get uncommitted(): GroupOffset[] {
    return [...this.#standing.values()]
      .filter((standing) => safe(standing) > standing.committed)
      .map((standing) => ({ ...standing.partition, offset: safe(standing) }));
  }

  committed(offsets: readonly GroupOffset[]): void {
    for (const { topic, partition, offset } of offsets) {
      const standing = this.#standing.get(topicPartitionName({ topic, partition }));
      if (standing !== undefined && offset > standing.committed) standing.committed = offset;
    }
  }

  /** Records, by their offsets, that were taken and are not committed. */
  get uncommittedRecords(): number {
    let records = 0n;
    for (const { next, committed } of this.#standing.values()) if (next > committed) records += next - committed;
    return Number(records);
  }

  /** Whether everything offered to the task is committed. */
  get settled(): boolean {
    return [...this.#standing.values()].every(({ next, committed }) => committed >= next);
  }
}

/** Where all that was given to the task is durable, nothing is missing of what was dropped after it either. */
function safe({ durable, offered, written }: Standing): bigint {
  return durable >= offered && written > durable ? written : durable;
}

function ahead(name: string, offset: bigint, next: bigint): MillraceError {
  return new MillraceError(
    'TASK_SINK_OFFSET_AHEAD',
    `the connector says ${name} is durable up to ${offset}, but was given records up to ${next} only`,
    { kind: 'bug', remedy: 'This is a defect of the connector: report it with its version.' },
  );
}
