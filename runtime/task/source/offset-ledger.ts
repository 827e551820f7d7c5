import type { Progress } from '../../connector/source.ts';
import type { JsonObject } from '../../record/record.ts';
import { partitionIdentity } from '../../store/offsets.ts';

/** One source batch on its way: done once the hub holds all of it. */
export interface LedgerEntry {
  readonly number: number;
}

interface Entry extends LedgerEntry {
  done: boolean;
}

interface Waiting {
  readonly entry: Entry;
  readonly progress: Progress;
}

/** Per source partition, its batches in the order they were read. */
interface Line {
  readonly partition: JsonObject;
  waiting: Waiting[];
  head: number;
  ready: Progress | undefined;
}

/**
 * Which source offsets may be committed. Batches finish in any order; of each source partition only
 * the contiguous finished prefix counts, so an offset never covers a batch the hub does not hold
 * (I1, I2). One slow source partition does not hold up another.
 *
 * Procedure: {@link add} in the order of reading, {@link complete} in any order, {@link take} when it
 * is time to commit.
 */
export class OffsetLedger {
  readonly #lines = new Map<string, Line>();
  readonly #names = new WeakMap<JsonObject, string>();
  readonly #open = new Set<Entry>();
  #numbers = 0;

  /** Enters a batch with where each of its source partitions stands after it. */
  add(progress: readonly Progress[]): LedgerEntry {
    const entry: Entry = { number: this.#numbers++, done: false };
    this.#open.add(entry);
    for (const item of progress) this.#line(item.partition).waiting.push({ entry, progress: item });
    return entry;
  }

  /** Says that the hub holds all of the batch. Idempotent. */
  complete(entry: LedgerEntry): void {
    const mine = entry as Entry;
    if (mine.done) return;
    mine.done = true;
    this.#open.delete(mine);
    for (const line of this.#lines.values()) advance(line);
  }

  /** Batches entered and not completed. */
  get pending(): number {
    return this.#open.size;
  }

  /** Whether {@link take} would return anything. */
  get hasReady(): boolean {
    for (const line of this.#lines.values()) if (line.ready !== undefined) return true;
    return false;
  }

  /** The newest committable position of each source partition that moved since the last call. */
  take(): Progress[] {
    const ready: Progress[] = [];
    for (const line of this.#lines.values()) {
      if (line.ready === undefined) continue;
      ready.push(line.ready);
      line.ready = undefined;
    }
    return ready;
  }

  #line(partition: JsonObject): Line {
    const name = this.#name(partition);
    let line = this.#lines.get(name);
    if (line === undefined) {
      line = { partition, waiting: [], head: 0, ready: undefined };
      this.#lines.set(name, line);
    }
    return line;
  }

  #name(partition: JsonObject): string {
    let name = this.#names.get(partition);
    if (name === undefined) {
      name = partitionIdentity(partition);
      this.#names.set(partition, name);
    }
    return name;
  }
}

function advance(line: Line): void {
  for (;;) {
    const next = line.waiting[line.head];
    if (next === undefined || !next.entry.done) break;
    line.ready = next.progress;
    line.head++;
  }
  if (line.head === line.waiting.length) {
    line.waiting.length = 0;
    line.head = 0;
  } else if (line.head > 1024) {
    line.waiting = line.waiting.slice(line.head);
    line.head = 0;
  }
}
