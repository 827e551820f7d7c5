import type { Hub, HubProducer } from '../../hub/port.ts';
import {
  REDRIVE_TOPIC,
  isOpen,
  type Mark,
  type Outcome,
  type RedriveJob,
  type RedriveStore,
} from '../../store/redrives.ts';
import { redriveCount } from '../error/dead-letter-facts.ts';
import { DEAD_LETTER_TOPIC } from '../error/dead-letters.ts';
import type { TaskRunContext } from '../task-run-context.ts';
import { numberSetting } from '../task-settings.ts';
import { deadLetters, matches, type LogPlace, type StoredDeadLetter } from './dead-letter-log.ts';

/** Dead letters of one step: what a crash repeats at most, and a sink remembers of it. */
const CHUNK = 100;
const LIMIT_KEY = 'millrace.redrive.max';
const DEFAULT_LIMIT = 5;

export interface Redriven {
  readonly letter: StoredDeadLetter;
  readonly outcome: Outcome;
  readonly note?: string;
  readonly stood?: string;
}

/** What a step did besides: batches that belong into its transaction. */
export interface Delivered {
  readonly outcomes: readonly Redriven[];
  readonly batches: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly batch: Buffer;
    /** See `HubProducer.append`. */
    readonly placedIn?: number;
  }[];
}

export interface RedriverOptions {
  readonly context: TaskRunContext;
  readonly store: RedriveStore;
  /** Whether the dead letter is this task's to redrive, as things are now. */
  readonly owns: (letter: StoredDeadLetter) => boolean;
  /** Delivers what may be delivered; all of it is durable, but for `batches`, when it resolves. */
  readonly deliver: (letters: readonly StoredDeadLetter[], force: boolean) => Promise<Delivered>;
  /** Dead letters that an operator gave up. */
  readonly discarded: (letters: readonly StoredDeadLetter[]) => void;
  /** null: the connector can be given dead letters again. */
  readonly refusal: string | null;
}

/**
 * A task's part in the redrive jobs of its connector, one step at a time between its batches.
 *
 * Procedure of a step: the next dead letters of the open job that are this task's and have no mark of
 * the job; deliver them; then in one transaction what failed again and a mark each. So a crash repeats
 * one step at most, and marks are the job's cursor: what has one is not looked at again.
 */
export class Redriver {
  readonly #options: RedriverOptions;
  readonly #hub: Hub;
  readonly #limit: number;
  #producer: Promise<HubProducer> | null = null;
  /** Where the scan of a job stands, by partition. */
  #scan: { readonly job: string; readonly places: LogPlace[] } | null = null;

  constructor(options: RedriverOptions) {
    const { spec, hub } = options.context;
    this.#options = options;
    this.#hub = hub;
    this.#limit = numberSetting(spec, LIMIT_KEY, null, 0) ?? DEFAULT_LIMIT;
  }

  /** Whether a step may find something to do. */
  get pending(): boolean {
    const job = this.#options.store.openJob(this.#options.context.spec.connector);
    if (job === undefined) return false;
    return this.#scan?.job !== job.id || this.#scan.places.some(({ from, to }) => from < to);
  }

  /** Other dead letters are this task's now: looks at all of them again. */
  reassigned(): void {
    this.#scan = null;
  }

  async step(): Promise<void> {
    const { store, context, refusal } = this.#options;
    const job = store.openJob(context.spec.connector);
    if (job === undefined) return;
    const problem = job.action === 'redrive' && refusal !== null ? refusal : await this.#changed(job);
    if (problem !== null) {
      await store.putJob({ ...job, state: 'refused', problem, counts: {} });
      return;
    }
    const chunk = await this.#next(job);
    if (chunk.length > 0) await this.#commit(job, await this.#work(job, chunk));
    await store.readToEnd();
    await this.#finish(job);
  }

  async close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = null;
    await (await producer)?.close();
  }

  /** What is meant by offsets is another thing in a topic made anew. */
  async #changed({ topic, topicId }: RedriveJob): Promise<string | null> {
    const found = await this.#hub.admin.describe(topic);
    return found?.id === topicId ? null : `topic ${topic} was deleted, or made anew`;
  }

  /** The next dead letters that are ours to work on. */
  async #next(job: RedriveJob): Promise<StoredDeadLetter[]> {
    const { context, owns } = this.#options;
    const { places } = (this.#scan = this.#scan?.job === job.id ? this.#scan : await this.#startScan(job));
    const chunk: StoredDeadLetter[] = [];
    for (const [index, place] of places.entries()) {
      let from = place.to;
      for await (const letter of deadLetters(this.#hub, job.topic, job.connector, [place], context.stop)) {
        if (!this.#isMeant(job, letter) || !owns(letter)) continue;
        if (chunk.length === CHUNK) {
          from = letter.offset;
          break;
        }
        chunk.push(letter);
      }
      places[index] = { ...place, from };
      if (from < place.to) break;
    }
    return chunk;
  }

  async #startScan(job: RedriveJob): Promise<{ job: string; places: LogPlace[] }> {
    const places = job.ends.map(async (end, partition) => {
      const { earliest } = await this.#hub.admin.offsets({ topic: job.topic, partition }, 'read_committed');
      return { partition, from: earliest, to: BigInt(end) };
    });
    return { job: job.id, places: await Promise.all(places) };
  }

  #isMeant(job: RedriveJob, letter: StoredDeadLetter): boolean {
    const mark = this.#options.store.mark(letter);
    return mark?.job !== job.id && isSelected(job, letter, mark);
  }

  async #work(job: RedriveJob, chunk: readonly StoredDeadLetter[]): Promise<Delivered> {
    const { deliver, discarded } = this.#options;
    if (job.action === 'discard') {
      discarded(chunk);
      return { outcomes: chunk.map((letter) => ({ letter, outcome: 'discarded' })), batches: [] };
    }
    const tired = chunk.filter(({ headers }) => redriveCount(headers) >= this.#limit);
    const fresh = chunk.filter((letter) => !tired.includes(letter));
    const { outcomes, batches } = fresh.length === 0 ? { outcomes: [], batches: [] } : await deliver(fresh, job.force);
    const note = `redriven ${this.#limit} times already (${LIMIT_KEY})`;
    return {
      outcomes: [...tired.map((letter) => ({ letter, outcome: 'limit', note }) as const), ...outcomes],
      batches,
    };
  }

  /** New dead letters and marks are one transaction: nothing is marked and lost, or kept twice (I5). */
  async #commit(job: RedriveJob, { outcomes, batches }: Delivered): Promise<void> {
    const { store, context } = this.#options;
    const { env, spec, report } = context;
    const producer = await this.#openProducer();
    const atMs = env.clock.nowMs();
    const marks = outcomes.map(({ letter, outcome, note, stood }) => {
      const mark: Mark = {
        connector: spec.connector,
        job: job.id,
        outcome,
        atMs,
        ...(note === undefined ? {} : { note }),
        ...(stood === undefined ? {} : { stood }),
      };
      return { at: letter, mark };
    });
    env.crash?.('redrive.before_commit');
    for (const { topic } of batches) await producer.partitions(topic);
    await producer.partitions(REDRIVE_TOPIC);
    producer.begin();
    const appends = batches.map(({ topic, partition, batch, placedIn }) =>
      producer.append(topic, partition, batch, placedIn),
    );
    appends.push(producer.append(REDRIVE_TOPIC, 0, store.batch(marks)));
    await Promise.all([...appends, producer.commit()]);
    env.crash?.('redrive.after_commit');
    report.count('redriven_total', outcomes.filter(({ outcome }) => outcome === 'redriven').length);
  }

  /** Whoever sees the last mark closes the job. */
  async #finish(job: RedriveJob): Promise<void> {
    const { store } = this.#options;
    const counts = store.counts(job);
    const done = Object.values(counts).reduce((sum, count) => sum + count, 0);
    if ((done >= job.total || !(await this.#anyLeft(job))) && store.openJob(job.connector)?.id === job.id) {
      await store.putJob({ ...job, state: 'done', counts });
    }
  }

  /**
   * Whether a dead letter of the job waits for any task. Fewer than were counted may have been there: another
   * job had them before, or retention took them. Asked only where our own are done: it reads all of them.
   */
  async #anyLeft(job: RedriveJob): Promise<boolean> {
    if (this.#scan?.job !== job.id || this.#scan.places.some(({ from, to }) => from < to)) return true;
    const { places } = await this.#startScan(job);
    const { stop } = this.#options.context;
    for await (const letter of deadLetters(this.#hub, job.topic, job.connector, places, stop)) {
      if (this.#isMeant(job, letter)) return true;
    }
    return false;
  }

  #openProducer(): Promise<HubProducer> {
    const { connector, task } = this.#options.context.spec;
    const transactionalId = `millrace-redrive-${connector}-${task}`;
    this.#producer ??= this.#hub.producer({ acks: 'all', transactionalId, createTopics: () => DEAD_LETTER_TOPIC });
    return this.#producer;
  }
}

/** Whether a dead letter belongs to a job, given what became of it before. */
export function isSelected(
  job: Pick<RedriveJob, 'id' | 'filter' | 'only' | 'force'>,
  letter: StoredDeadLetter,
  mark: Mark | undefined,
): boolean {
  const { partition, offset } = letter;
  const named = job.only?.some((place) => place.partition === partition && place.offset === String(offset));
  if (named === false) return false;
  const waits = isOpen(mark) || mark?.job === job.id || (job.force && mark?.outcome === 'superseded');
  return waits && matches(letter, job.filter);
}
