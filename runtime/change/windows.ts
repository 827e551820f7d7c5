import type { RecentTransactions } from './recent-transactions.ts';

export interface WindowLimits {
  /** Keys remembered while a chunk's own keys are not known (I7). */
  readonly touchedKeys: number;
  /** Keys to be read again, of the whole table. */
  readonly againKeys: number;
}

export type RepeatReason = 'not open' | 'invisible transaction' | 'definition' | 'unknown key' | 'too many keys';

export type WindowOutcome =
  /** These rows of the chunk go into the stream at the close mark. */
  | { readonly kind: 'emit'; readonly rows: readonly number[] }
  /** Nothing of the chunk may be used: read it again. */
  | { readonly kind: 'repeat'; readonly reason: RepeatReason };

const LIMITS: WindowLimits = { touchedKeys: 200_000, againKeys: 2000 };

/**
 * The snapshot windows of one table: chunk after chunk is read while the table's changes stream on,
 * and merged into the stream so that the order per key never goes back (I4). A pure state machine,
 * shared by the databases; it makes no call and knows no clock.
 *
 * The connector's procedure for one window:
 *
 * 1. {@link begin}; then write an *open* mark into the log;
 * 2. read the chunk in one database snapshot, and hand its keys over ({@link read});
 * 3. write a *close* mark into the log.
 *
 * and, from the stream, in its order: {@link opened} and {@link closed} for the marks, {@link changed},
 * {@link truncated}, {@link redefined} for what happens to the table, also between windows as long as
 * chunks are left. `read` may come before or after `opened`; it comes before `closed`, since the
 * close mark is written after the read.
 *
 * Why it is right: a row of the chunk is either untouched between the marks, then no streamed event
 * can be older than it or newer than the place of the close mark; or a streamed event took its key
 * out of the buffer, then that event carries the newer state. A transaction that was streamed before
 * the open mark but is invisible in the chunk's snapshot (its commit record precedes its visibility)
 * would be undone by the chunk: then the chunk is read again.
 *
 * A streamed event may lack values that did not change (TOAST). Where no row with them has gone
 * out, nor will, its key must be read {@link again}: where the event took its row out of a buffer, and
 * where it moved the row to another key (out of a chunk to come, into one that is done).
 */
export class TableWindows {
  readonly #recent: RecentTransactions;
  readonly #limits: WindowLimits;
  #phase: 'idle' | 'begun' | 'open' = 'idle';
  /** Rows of the chunk that no event has touched, by key; undefined: not read yet. */
  #rows: Map<string, number> | undefined;
  /** Keys that events touched before the chunk's keys were known. */
  readonly #touched = new Set<string>();
  readonly #again = new Set<string>();
  /** Keys the window reads because they were to be read again, and that are not again to be. */
  readonly #requested = new Set<string>();
  #repeat: RepeatReason | undefined;
  #overflow = false;
  #openedAt = 0;
  #invisible: ((xid: number) => boolean) | undefined;
  #cleared = false;

  constructor(recent: RecentTransactions, again: readonly string[] = [], limits = LIMITS) {
    this.#recent = recent;
    this.#limits = limits;
    for (const key of again) this.#again.add(key);
  }

  /** Keys to be read again: durable together with the stream's position, and before the table is done. */
  get again(): ReadonlySet<string> {
    return this.#again;
  }

  /** Too many keys are to be read again: the table has to be read from its start. */
  get overflow(): boolean {
    return this.#overflow;
  }

  /** True between the marks. */
  get open(): boolean {
    return this.#phase === 'open';
  }

  /** The table is read from its start: nothing of what was read before counts. */
  restart(): void {
    this.#overflow = false;
    this.#again.clear();
    this.begin();
    this.#phase = 'idle';
  }

  /** Starts a window; the last one is over, whatever its state was. `requested`: keys of {@link again} that it reads. */
  begin(requested: Iterable<string> = []): void {
    this.#phase = 'begun';
    this.#rows = undefined;
    this.#touched.clear();
    this.#requested.clear();
    for (const key of requested) this.#requested.add(key);
    this.#repeat = undefined;
    this.#invisible = undefined;
    this.#cleared = false;
  }

  /** The open mark passed in the stream. */
  opened(): void {
    if (this.#phase !== 'begun') return;
    this.#phase = 'open';
    this.#openedAt = this.#recent.count;
    this.#checkVisibility();
  }

  /** The chunk was read: the keys of its rows in order, and which transactions its snapshot does not see. */
  read(keys: readonly string[], invisible: (xid: number) => boolean): void {
    if (this.#phase === 'idle') return;
    this.#invisible = invisible;
    if (this.#phase === 'open') this.#checkVisibility();
    const rows = new Map<string, number>();
    if (!this.#cleared) {
      for (const [row, key] of keys.entries()) if (!this.#touched.has(key)) rows.set(key, row);
    }
    this.#rows = rows;
    this.#touched.clear();
  }

  /**
   * A streamed change of the table. `before`: the old key, null where the event has none (the key
   * did not change); `after`: the new key, null for a delete. `partial`: the new row lacks values
   * that did not change.
   */
  changed(before: string | null, after: string | null, partial: boolean): void {
    const moved = before !== null && before !== after;
    const tookBefore = this.#touch(before);
    const tookAfter = this.#touch(after);
    if (before !== null && moved) this.#forget(before);
    if (after === null) return;
    if (!partial) this.#forget(after);
    else if (tookBefore || tookAfter || moved) this.#readAgain(after);
  }

  /** A change whose key cannot be told. */
  unknown(): void {
    if (this.#phase === 'open') this.#repeat = 'unknown key';
  }

  /** All rows of the table are gone. */
  truncated(): void {
    this.#again.clear();
    this.#requested.clear();
    this.#overflow = false;
    if (this.#phase !== 'open') return;
    this.#touched.clear();
    this.#cleared = this.#rows === undefined;
    this.#rows?.clear();
  }

  /** The table's definition changed: what was read may be shaped otherwise. */
  redefined(): void {
    if (this.#phase === 'open') this.#repeat = 'definition';
  }

  /** The close mark passed in the stream: what becomes of the chunk. */
  closed(): WindowOutcome {
    const rows = this.#rows;
    const open = this.#phase === 'open';
    this.#phase = 'idle';
    this.#rows = undefined;
    if (!open || rows === undefined) return { kind: 'repeat', reason: 'not open' };
    if (this.#repeat !== undefined) return { kind: 'repeat', reason: this.#repeat };
    for (const key of this.#requested) this.#again.delete(key);
    return { kind: 'emit', rows: [...rows.values()] };
  }

  /** Takes a key out of the open window; true: its row was, or may have been, in the chunk. */
  #touch(key: string | null): boolean {
    if (key === null || this.#phase !== 'open') return false;
    if (this.#rows !== undefined) return this.#rows.delete(key);
    if (this.#repeat === undefined) this.#touched.add(key);
    if (this.#touched.size > this.#limits.touchedKeys) {
      this.#repeat = 'too many keys';
      this.#touched.clear();
    }
    return true;
  }

  #readAgain(key: string): void {
    this.#requested.delete(key);
    this.#again.add(key);
    if (this.#again.size > this.#limits.againKeys) {
      this.#overflow = true;
      this.#again.clear();
    }
  }

  /** The stream carried the whole row, or that it is gone. */
  #forget(key: string): void {
    this.#again.delete(key);
    this.#requested.delete(key);
  }

  #checkVisibility(): void {
    const invisible = this.#invisible;
    if (invisible !== undefined && this.#recent.someBefore(this.#openedAt, invisible)) {
      this.#repeat = 'invisible transaction';
    }
  }
}
