import type { Table } from '../catalog/table.ts';
import type { KeyTexts } from './window/key-sql.ts';

/** A part of a table, by its primary key: rows behind `after`, up to and with `to`; null: from the first, to the last. */
export interface KeyRange {
  readonly after: KeyTexts | null;
  readonly to: KeyTexts | null;
}

export const WHOLE: KeyRange = { after: null, to: null };

/**
 * What of a table is still to be read, range by range. A range is cut when a reader takes it, not before: a large
 * table is not gone through twice.
 */
export class TableWork {
  readonly table: Table;
  /** Ranges can be cut: it has a key, and is read by it. */
  readonly divisible: boolean;
  /** Rows as the server estimates them. */
  readonly estimate: number;
  /** A row of it went out. */
  begun = false;
  readonly #waiting: KeyRange[];
  readonly #taken = new Set<KeyRange>();
  /** Read, and not gone out yet. */
  readonly #read = new Set<KeyRange>();

  /** `open`: what an earlier attempt left; by default everything. */
  constructor(table: Table, divisible: boolean, estimate: number, open: readonly KeyRange[] = [WHOLE]) {
    this.table = table;
    this.divisible = divisible;
    this.estimate = estimate;
    this.#waiting = [...open];
  }

  /** The next range, which counts as open until it is {@link done}; undefined: all are taken. */
  take(): KeyRange | undefined {
    const range = this.#waiting.shift();
    if (range !== undefined) this.#taken.add(range);
    return range;
  }

  /** Leaves what is behind the key to the next who takes; returns the range up to it. */
  cut(range: KeyRange, to: KeyTexts): KeyRange {
    const front = { after: range.after, to };
    this.#taken.delete(range);
    this.#taken.add(front);
    this.#waiting.unshift({ after: to, to: range.to });
    return front;
  }

  /** Every row of the range was read. */
  read(range: KeyRange): void {
    this.#taken.delete(range);
    this.#read.add(range);
  }

  /** Every row of the range went out. */
  done(range: KeyRange): void {
    this.#read.delete(range);
  }

  /** What may not have gone out yet. */
  get open(): readonly KeyRange[] {
    return [...this.#read, ...this.#taken, ...this.#waiting];
  }

  /** Ranges that are not read whole. */
  get unread(): number {
    return this.#taken.size + this.#waiting.length;
  }
}
