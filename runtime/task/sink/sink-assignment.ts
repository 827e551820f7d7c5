import type { Assigned, TopicFacts } from '../../connector/sink.ts';
import type { Assignment, GroupMember, Hub } from '../../hub/port.ts';
import { MillraceError } from '../../record/error.ts';
import { topicPartitionName, type TopicPartition } from '../../record/record.ts';
import type { TaskReport } from '../task-report.ts';
import { BEGUN } from './sink-group.ts';
import type { SinkSettings } from './sink-settings.ts';

/** Follows what the group assigns to this member, and wakes the runner when it changes. */
export class AssignmentWatch {
  readonly #member: GroupMember;
  readonly #changed: () => void;
  readonly #stop = new AbortController();
  #known = -1;
  #next: Assignment | null = null;
  #failure: unknown = null;
  #watching: Promise<void> | null = null;

  constructor(member: GroupMember, changed: () => void) {
    this.#member = member;
    this.#changed = changed;
  }

  /** The new assignment, if there is one; starts to wait for the one after it. */
  take(): Assignment | null {
    if (this.#failure !== null) throw this.#failure;
    const next = this.#next;
    this.#next = null;
    if (next !== null) this.#known = next.generation;
    this.#watching ??= this.#wait();
    return next;
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('the task is closing'));
    await this.#watching;
  }

  async #wait(): Promise<void> {
    try {
      this.#next = await this.#member.assignment(this.#known, this.#stop.signal);
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#failure = error;
    }
    this.#watching = null;
    this.#changed();
  }
}

export interface Beginning {
  readonly assigned: Assigned;
  /** At the group's committed offset; otherwise the place was chosen now. */
  readonly stored: boolean;
}

/** Where newly assigned partitions start: at the group's committed offset, else by `auto.offset.reset`. */
export async function startingOffsets(
  hub: Hub,
  settings: SinkSettings,
  report: TaskReport,
  partitions: readonly TopicPartition[],
): Promise<Beginning[]> {
  if (partitions.length === 0) return [];
  const committed = new Map((await hub.groups.offsets(settings.group)).map((of) => [topicPartitionName(of), of]));
  const topics = await topicFacts(hub, partitions);
  return Promise.all(
    partitions.map(async (partition) => {
      const last = committed.get(topicPartitionName(partition));
      const facts = topics.get(partition.topic);
      const topic = facts === undefined ? {} : { topic: facts };
      if (last === undefined) {
        const offset = await hub.admin.offsetFor(partition, settings.start, 'read_committed');
        return { assigned: { partition, offset, ...topic }, stored: false };
      }
      const { offset, metadata } = last;
      const { earliest, latest } = await hub.admin.offsets(partition, 'read_uncommitted');
      const written = metadata === BEGUN ? {} : { committed: true };
      if (offset >= earliest && offset <= latest) {
        return { assigned: { partition, offset, ...written, ...topic }, stored: true };
      }
      if (!settings.startChosen) throw outOfRange(settings.group, partition, offset, earliest, latest);
      const start = settings.start === 'earliest' ? earliest : latest;
      report.warning('TASK_OFFSET_RESET', `${topicPartitionName(partition)} was at ${offset} and went on at ${start}`);
      return { assigned: { partition, offset: start, ...written, ...topic }, stored: false };
    }),
  );
}

async function topicFacts(hub: Hub, partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, TopicFacts>> {
  const facts = new Map<string, TopicFacts>();
  for (const name of new Set(partitions.map(({ topic }) => topic))) {
    const described = await hub.admin.describe(name);
    if (described === null) continue;
    const { id, partitions: count, growths } = described;
    facts.set(name, { id, partitions: count, ...(growths === undefined ? {} : { growths }) });
  }
  return facts;
}

/** In doubt we stop and name the gap (D16); Connect would go on at the earliest record without a word. */
function outOfRange(group: string, of: TopicPartition, at: bigint, earliest: bigint, latest: bigint): MillraceError {
  const name = topicPartitionName(of);
  const gap =
    at < earliest
      ? `${earliest - at} records from ${at} on are gone (retention, or records deleted)`
      : `the partition ends at ${latest} (was the topic made anew?)`;
  return new MillraceError('TASK_OFFSET_OUT_OF_RANGE', `group ${group} stands at offset ${at} of ${name}, but ${gap}`, {
    kind: 'position',
    key: 'consumer.override.auto.offset.reset',
    remedy:
      'Set consumer.override.auto.offset.reset to earliest or latest to go on without these records, or alter the offsets of the connector.',
  });
}
