import type { Env } from '../env/env.ts';
import type { Hub } from '../hub/port.ts';
import { encodeRecords } from './compacted-topic-batch.ts';
import { CompactedTopic, type CompactedEntry, type CompactedRecord } from './compacted-topic.ts';

export const REDRIVE_TOPIC = 'millrace-deadletters';

/** Which dead letters of a connector are meant. All that is given has to fit. */
export interface DeadLetterFilter {
  /** Part of the error's code or message, in any case, or the whole name of a stage. */
  readonly error?: string;
  /** The key as it is shown. */
  readonly key?: string;
  /** Epoch milliseconds: when it failed. */
  readonly fromMs?: number;
  /** Exclusive. */
  readonly toMs?: number;
}

export interface DeadLetterPlace {
  readonly partition: number;
  /** Decimal. */
  readonly offset: string;
}

/** An order to redrive or discard dead letters. Tasks do the part that is theirs. */
export interface RedriveJob {
  readonly id: string;
  readonly connector: string;
  readonly action: 'redrive' | 'discard';
  /** Of the dead letters. */
  readonly topic: string;
  readonly topicId: string;
  /** By partition of the topic: dead letters from here on are not meant. */
  readonly ends: readonly string[];
  readonly filter: DeadLetterFilter;
  /** null: all that fit. */
  readonly only: readonly DeadLetterPlace[] | null;
  /** Superseded ones are written too. */
  readonly force: boolean;
  readonly createdMs: number;
  /** How many dead letters are meant. */
  readonly total: number;
  readonly state: 'open' | 'done' | 'cancelled' | 'refused';
  /** When it is over: outcomes by their names. */
  readonly counts?: Readonly<Record<string, number>>;
  /** Why it was refused. */
  readonly problem?: string;
}

/**
 * What became of a dead letter.
 *
 * - `redriven`: delivered. `discarded`: given up by an operator.
 * - `superseded`: a newer record of its key was delivered, so it was not written.
 * - `failed`: it failed again, and is a new dead letter.
 * - `limit`: it was redriven as often as allowed. `unsupported`: nobody can redrive it. Both stay open.
 */
export type Outcome = 'redriven' | 'discarded' | 'superseded' | 'failed' | 'limit' | 'unsupported';

export interface Mark {
  readonly connector: string;
  readonly job: string;
  readonly outcome: Outcome;
  readonly atMs: number;
  readonly note?: string;
  /**
   * Of a sink: committed offset of the record's partition when it was redriven. A start from there on is a
   * replay, which must not deliver it again; one from before is a rewind, which must.
   */
  readonly stood?: string;
}

/** Where a dead letter stands, by the identity of its topic. */
export interface MarkedPlace {
  readonly topicId: string;
  readonly partition: number;
  readonly offset: bigint;
}

/** Whether a dead letter still waits for somebody. */
export function isOpen(mark: Mark | undefined): boolean {
  return mark === undefined || mark.outcome === 'limit' || mark.outcome === 'unsupported';
}

interface RedriveStoreOptions {
  readonly hub: Hub;
  readonly env: Env;
  /** Called once if the topic can no longer be followed. */
  readonly failed: (error: Error) => void;
}

/**
 * Redrive jobs and what became of dead letters, in the compacted topic `millrace-deadletters`. Keys:
 * `["job",connector,id]` and `["mark",topic id,partition,offset]`. Every thread that needs it has its own
 * view; a task learns of its jobs by following the topic.
 */
export class RedriveStore {
  readonly #topic: CompactedTopic;
  readonly #env: Env;
  readonly #jobs: Map<string, RedriveJob>;
  /** Keys of open jobs, by connector, oldest first. */
  readonly #open: State['open'];
  readonly #marks: Map<string, Mark>;
  readonly #watchers: Set<(connector: string) => void>;

  private constructor(
    topic: CompactedTopic,
    env: Env,
    { jobs, open, marks }: State,
    watchers: Set<(connector: string) => void>,
  ) {
    this.#topic = topic;
    this.#env = env;
    this.#jobs = jobs;
    this.#open = open;
    this.#marks = marks;
    this.#watchers = watchers;
  }

  static async open({ hub, env, failed }: RedriveStoreOptions, signal: AbortSignal): Promise<RedriveStore> {
    const state: State = { jobs: new Map(), open: new Map(), marks: new Map() };
    const watchers = new Set<(connector: string) => void>();
    const apply = (record: CompactedRecord): void => {
      const connector = applyTo(state, record);
      if (connector !== null) for (const watcher of watchers) watcher(connector);
    };
    const topic = await CompactedTopic.open({ hub, env, topic: REDRIVE_TOPIC, partitions: 1, apply, failed }, signal);
    return new RedriveStore(topic, env, state, watchers);
  }

  /** Of a connector, oldest first. */
  jobs(connector: string): readonly RedriveJob[] {
    const own = [...this.#jobs.values()].filter((job) => job.connector === connector);
    return own.toSorted((a, b) => a.createdMs - b.createdMs);
  }

  /** The job to be worked on. Where there are several, one after the other: none is left open by the end of another. */
  openJob(connector: string): RedriveJob | undefined {
    const [key] = this.#open.get(connector) ?? [];
    return key === undefined ? undefined : this.#jobs.get(key);
  }

  mark({ topicId, partition, offset }: MarkedPlace): Mark | undefined {
    return this.#marks.get(markKey(topicId, partition, String(offset)));
  }

  /** Outcomes of a job so far. */
  counts(job: RedriveJob): Readonly<Record<string, number>> {
    if (job.counts !== undefined) return job.counts;
    const counts: Record<string, number> = {};
    for (const mark of this.#marks.values()) {
      if (mark.job === job.id) counts[mark.outcome] = (counts[mark.outcome] ?? 0) + 1;
    }
    return counts;
  }

  /** Durable, and known here, when it resolves. */
  putJob(job: RedriveJob): Promise<void> {
    return this.#topic.put(jobKey(job), JSON.stringify(job));
  }

  /** Marks as a batch for partition 0, for a transaction of the caller's own producer. */
  batch(marks: readonly { readonly at: MarkedPlace; readonly mark: Mark }[]): Buffer {
    const entries = marks.map(({ at, mark }): CompactedEntry => ({
      key: markKey(at.topicId, at.partition, String(at.offset)),
      value: JSON.stringify(mark),
    }));
    return encodeRecords(entries, this.#env.clock.nowMs());
  }

  /** Calls back when jobs or marks of any connector change; returns the end of it. */
  watch(changed: (connector: string) => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  readToEnd(): Promise<void> {
    return this.#topic.readToEnd();
  }

  /** Idempotent. */
  close(): Promise<void> {
    return this.#topic.close();
  }
}

interface State {
  readonly jobs: Map<string, RedriveJob>;
  readonly open: Map<string, Set<string>>;
  readonly marks: Map<string, Mark>;
}

/** The connector it is about; null: a record that cannot be read, or was deleted. */
function applyTo({ jobs, open, marks }: State, record: CompactedRecord): string | null {
  const { key, value } = record;
  const isJob = key.startsWith('["job",');
  if (value === null) {
    jobs.delete(key);
    marks.delete(key);
    return null;
  }
  try {
    const parsed = JSON.parse(value.toString()) as RedriveJob | Mark;
    if (isJob) {
      const job = parsed as RedriveJob;
      jobs.set(key, job);
      const own = open.get(job.connector) ?? new Set();
      if (job.state === 'open') open.set(job.connector, own.add(key));
      else if (own.delete(key) && own.size === 0) open.delete(job.connector);
    } else marks.set(key, parsed as Mark);
    return parsed.connector;
  } catch {
    return null;
  }
}

function jobKey({ connector, id }: RedriveJob): string {
  return JSON.stringify(['job', connector, id]);
}

function markKey(topicId: string, partition: number, offset: string): string {
  return JSON.stringify(['mark', topicId, partition, offset]);
}
