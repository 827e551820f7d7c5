import { MillraceError } from '../../../runtime/record/error.ts';
import { comparePlaces } from '../binlog/compare-places.ts';
import type { GtidState } from '../binlog/gtid-state.ts';
import type { StreamPlace, TransactionPart } from '../offset.ts';
import type { EventFeed } from './event-feed.ts';
import { TransactionState } from './transaction.ts';

/**
 * The place that the stream has reached: the transaction it is in, which ones are complete, and what of others was
 * handed over. A transaction comes again from its begin after a new connection, on another server maybe: what of it
 * went out is told apart here, and a transaction that is not the same any more ends the task (I2).
 */
export class ReachedPlace {
  readonly transaction: TransactionState;
  readonly #gtids: GtidState;
  /** Where to go on inside a transaction without a GTID: undefined after it was found. */
  #resume: StreamPlace | undefined;
  /** Transactions that were handed over in part and have not come again yet, by GTID. */
  readonly #parts = new Map<string, TransactionPart>();

  constructor(start: StreamPlace, gtids: GtidState) {
    this.transaction = new TransactionState(start);
    this.#gtids = gtids;
    this.#partly(start);
  }

  /** What an offset is made of. */
  get value(): StreamPlace {
    const state = this.transaction;
    const gtids = this.#gtids.toString();
    const resume = this.#resume;
    if (resume !== undefined && !state.open) return { ...resume, gtids };
    const parts = [...this.#parts.values()];
    const part = state.part() ?? parts.shift();
    const { file, position } = state;
    if (part === undefined) return { file, position, gtids, event: 0, transaction: '' };
    return { file, position, gtids, ...part, ...(parts.length === 0 ? {} : { parts }) };
  }

  /** A new connection sends again from the begin of the transaction that the place is in. */
  restart(): void {
    this.#partly(this.value);
    this.transaction.open = false;
  }

  /** The complete transactions as the server was asked for what is behind them. */
  adopt(gtids: string): void {
    this.#gtids.adopt(gtids);
  }

  /** A transaction begins, maybe again. `gtid`: '' where it has none. */
  begin(feed: Pick<EventFeed, 'file' | 'start' | 'place'>, gtid: string, commitUs: number): void {
    const state = this.transaction;
    state.begin(feed.file, feed.start, gtid, commitUs);
    const part = this.#partOf(feed, gtid);
    if (part !== undefined) state.again(part);
  }

  /** Throws a `position` error where the open transaction ends with less than was handed over of it. */
  requireWhole(place: string, captures: (collection: string) => boolean): void {
    const state = this.transaction;
    if (state.drop > 0) throw changed(this.value, `the transaction ends at ${place}`);
    const lost = state.missing.find(captures);
    if (lost !== undefined) throw changed(this.value, `it has fewer rows of ${lost}, at ${place}`);
  }

  /** The transaction is complete. */
  end({ file, position }: Pick<EventFeed, 'file' | 'position'>): void {
    const state = this.transaction;
    if (state.gtid !== '') this.#gtids.add(state.gtid);
    state.end(file, position);
  }

  /** The place behind an event, as if it ended the transaction. */
  behind({ file, position }: Pick<EventFeed, 'file' | 'position'>): Pick<StreamPlace, 'file' | 'position' | 'gtids'> {
    return { file, position, gtids: this.#gtids.with(this.transaction.gtid) };
  }

  /**
   * Another file follows. Between transactions the place goes on in it, so that the old one may be purged. A dump by
   * GTIDs begins by naming a file that was read before, from its begin: the place does not go back.
   */
  nextFile({ made, file, position }: Pick<EventFeed, 'made' | 'file' | 'position'>): void {
    const state = this.transaction;
    if (state.open || this.#resume !== undefined) return;
    const back = made && comparePlaces(file, position, state.file, state.position) < 0;
    if (!back || state.file === '') state.end(file, position);
  }

  #partly(place: StreamPlace): void {
    const { event, transaction, rows, parts = [] } = place;
    this.#resume = event > 0 && transaction === '' ? place : undefined;
    const part = { transaction, event, ...(rows === undefined ? {} : { rows }) };
    for (const each of [part, ...parts])
      if (each.event > 0 && each.transaction !== '') this.#parts.set(each.transaction, each);
  }

  /** What of the transaction that begins was handed over before; undefined: nothing. */
  #partOf(feed: Pick<EventFeed, 'file' | 'start' | 'place'>, gtid: string): TransactionPart | undefined {
    const part = this.#parts.get(gtid);
    this.#parts.delete(gtid);
    const resume = this.#resume;
    if (resume === undefined) return part;
    this.#resume = undefined;
    if (resume.file === feed.file && resume.position === feed.start) return resume;
    throw changed(resume, `the transaction at ${feed.place} came first`);
  }
}

function changed(place: StreamPlace, what: string): MillraceError {
  const at = place.transaction === '' ? `${place.file}:${place.position}` : place.transaction;
  return new MillraceError('MYSQL_TRANSACTION_CHANGED', `the transaction ${at} is not what it was: ${what}`, {
    kind: 'position',
    remedy: 'The server’s binlog was replaced. Stop the connector and delete its offsets to take a new snapshot.',
  });
}
