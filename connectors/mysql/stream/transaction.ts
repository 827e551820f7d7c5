import type { RowCounts, StreamPlace, TransactionPart } from '../offset.ts';

const NONE: RowCounts = {};

/** Where the stream stands among transactions. */
export class TransactionState {
  /** Inside a transaction. */
  open = false;
  /** Begun by a statement or an implicit BEGIN: a DDL statement inside does not end it. */
  explicit = false;
  /** An XA transaction: its rows are in the binlog from its PREPARE on, and in the tables from its COMMIT on. */
  xa = false;
  gtid = '';
  /** Epoch microseconds of its commit, where the server says so; 0: take the event's own time. */
  commitUs = 0;
  /** Rows events done. */
  events = 0;
  /** Rows events that were handed over before, where only events were counted, and are only counted now. */
  drop = 0;
  /** Of a source whose rows make no records. */
  foreign = false;
  /** A captured table's rows were made since it began. */
  rows = false;
  file: string;
  position: number;
  /** What was handed over before it came again. */
  #before: TransactionPart | undefined;
  /** Rows of captured tables. */
  readonly #seen = new Map<string, number>();

  constructor(place: StreamPlace) {
    this.file = place.file;
    this.position = place.position;
  }

  begin(file: string, position: number, gtid: string, commitUs: number): void {
    this.end(file, position);
    this.open = true;
    this.gtid = gtid;
    this.commitUs = commitUs;
  }

  end(file: string, position: number): void {
    this.open = false;
    this.explicit = false;
    this.xa = false;
    this.gtid = '';
    this.commitUs = 0;
    this.events = 0;
    this.drop = 0;
    this.foreign = false;
    this.rows = false;
    this.file = file;
    this.position = position;
    this.#before = undefined;
    if (this.#seen.size > 0) this.#seen.clear();
  }

  /** The transaction has come before, and a part of it was handed over. */
  again(part: TransactionPart): void {
    this.#before = part;
    if (part.rows === undefined) this.drop = part.event;
    else this.rows = Object.keys(part.rows).length > 0;
  }

  /**
   * Counts the rows of an event; true: all of them were handed over before. Rows are in the same order on every
   * server, but events may end elsewhere: where one holds rows of both kinds it is handed over whole (at least once).
   */
  ghost(collection: string, rows: number): boolean {
    const seen = (this.#seen.get(collection) ?? 0) + rows;
    this.#seen.set(collection, seen);
    return this.drop > 0 || seen <= (this.#before?.rows?.[collection] ?? 0);
  }

  /** Rows events done, with those that were before. */
  get done(): number {
    return Math.max(this.events + this.drop, this.#before?.event ?? 0);
  }

  /** What of the open transaction was handed over; undefined: nothing. */
  part(): TransactionPart | undefined {
    const { done } = this;
    if (!this.open || done === 0) return undefined;
    const before = this.#before;
    if (before !== undefined && before.rows === undefined) return { transaction: this.gtid, event: done };
    const rows: Record<string, number> = { ...before?.rows };
    for (const [collection, count] of this.#seen) rows[collection] = Math.max(rows[collection] ?? 0, count);
    return { transaction: this.gtid, event: done, rows };
  }

  /** Tables of which fewer rows came again than were handed over before. */
  get missing(): readonly string[] {
    const before = this.#before?.rows ?? NONE;
    return Object.keys(before).filter((collection) => (this.#seen.get(collection) ?? 0) < (before[collection] ?? 0));
  }
}
