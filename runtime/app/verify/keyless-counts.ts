import type { SourceTruth } from '../../connector/truth.ts';
import type { StructValue } from '../../record/value.ts';

/** A change of a table without a key. */
export interface KeylessChange {
  readonly op: 'c' | 'r' | 'u' | 'd';
  /** Hash of the row before; null: none. */
  readonly before: bigint | null;
  readonly after: bigint | null;
  readonly source: StructValue;
  /** Number within its transaction, where the event says it. */
  readonly order: string | null;
  readonly partition: number;
  readonly offset: bigint;
}

/** How often a row occurs, as far as the events tell. */
export interface Between {
  readonly least: number;
  readonly most: number;
}

interface Run {
  number: number;
  count: number;
  longest: number;
}

/**
 * Counts the rows of a table without a key where changes may have been told twice (at-least-once).
 *
 * Events of one change at the source with the same content are one event told again, with one
 * exception: rows written or read together share one place, and equal ones among them cannot be
 * told from repetitions. Then they count at least once, and at most as often as they follow each
 * other without anything between, since a replay tells other events too.
 */
export class KeylessCounts {
  readonly #truth: Pick<SourceTruth, 'event'>;
  readonly #counts = new Map<bigint, { least: number; most: number }>();
  readonly #known = new Set<string>();
  readonly #runs = new Map<string, Run>();
  readonly #places = new Map<number, { place: string; number: number }>();
  /** Rows and checksum with every event counted. */
  rows = 0n;
  checksum = 0n;
  /** An update or delete does not say which row it was of. */
  blind = false;

  constructor(truth: Pick<SourceTruth, 'event'>) {
    this.#truth = truth;
  }

  add(change: KeylessChange): void {
    const { op, before, after, order, partition, offset } = change;
    const event = this.#truth.event(change.source);
    const unnamed = op === 'r' ? 'read' : `${partition}@${offset}`;
    const place = event === null ? unnamed : `${event}#${order ?? ''}`;
    const identity = `${place}|${op}|${before ?? ''}|${after ?? ''}`;
    const first = !this.#known.has(identity);
    this.#known.add(identity);
    if (before === null && (op === 'u' || op === 'd')) this.blind = true;
    const together = order === null && (op === 'c' || op === 'r');
    const longer = this.#isLonger(`${identity}|${partition}`, this.#run(partition, place));
    this.#change(before, -1, first, together ? longer : first);
    this.#change(after, 1, first, together ? longer : first);
  }

  counts(): ReadonlyMap<bigint, Between> {
    return this.#counts;
  }

  #change(hash: bigint | null, by: number, least: boolean, most: boolean): void {
    if (hash === null) return;
    this.rows += BigInt(by);
    this.checksum += hash * BigInt(by);
    const count = this.#counts.get(hash) ?? { least: 0, most: 0 };
    if (least) count.least += by;
    if (most) count.most += by;
    this.#counts.set(hash, count);
  }

  /** Number of the run of events at one place that this event of the partition belongs to. */
  #run(partition: number, place: string): number {
    const last = this.#places.get(partition);
    if (last?.place === place) return last.number;
    const number = (last?.number ?? 0) + 1;
    this.#places.set(partition, { place, number });
    return number;
  }

  /** Whether the identity now occurs more often in one run than in any before. */
  #isLonger(identity: string, number: number): boolean {
    const run = this.#runs.get(identity) ?? { number, count: 0, longest: 0 };
    this.#runs.set(identity, run);
    run.count = run.number === number ? run.count + 1 : 1;
    run.number = number;
    if (run.count <= run.longest) return false;
    run.longest = run.count;
    return true;
  }
}
