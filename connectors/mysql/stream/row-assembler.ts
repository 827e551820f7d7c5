import type { RowBlock } from '../../../runtime/record/row-block.ts';
import {
  EVENT,
  FILE_HEADS,
  HEADER_BYTES,
  IGNORABLE,
  PASSED_OVER,
  rowsKind,
  type RowsKind,
} from '../binlog/event-type.ts';
import { readGtid, readMariadbGtid, readTaggedGtid, type GtidEvent } from '../binlog/gtid-event.ts';
import { sourceOf, type GtidSources } from '../binlog/gtid-sources.ts';
import type { GtidState } from '../binlog/gtid-state.ts';
import { brokenRows, DUMMY_TABLE, readRowsHead, toArena, unpack } from '../binlog/rows-event.ts';
import type { StreamPlace } from '../offset.ts';
import type { TableRows } from '../row/table-rows.ts';
import type { ReadPlaces } from '../snapshot/read-places.ts';
import { eventUnknown, incident } from './binlog-error.ts';
import type { EventFeed } from './event-feed.ts';
import { MetaCells } from './meta-cells.ts';
import { isXa, readQueryEvent, type QueryEvent } from './query-event.ts';
import { ReachedPlace } from './reached-place.ts';
import { RowWriter } from './row-writer.ts';
import { StatementHandler, type StatementHooks } from './statement-handler.ts';
import type { TableSource } from './table-source.ts';
import { TableWriters } from './table-writers.ts';
import type { TransactionRecords } from './transaction-records.ts';
import type { TransactionState } from './transaction.ts';

export interface AssemblerOptions {
  readonly tables: TableSource;
  readonly skipUnchanged: boolean;
  /** undefined: transactions of all sources make records. */
  readonly sources?: GtidSources | undefined;
  /** `include.query` */
  readonly includeQuery: boolean;
  readonly transactions?: TransactionRecords;
  readonly statements: StatementHooks;
  /** Hears which records are made: for incremental snapshots. */
  readonly changes?: ChangeListener;
  /** Transactions that tables were read behind. */
  readonly reads?: ReadPlaces;
}

export interface ChangeListener {
  /** Records were added to the block, from this row on. */
  rows(table: TableRows, block: RowBlock, from: number): void;
  /** A definition changed, or a table was emptied. */
  defined(): void;
}

/**
 * Turns binlog events into rows of the current block. The place it stands at moves with every event, so a
 * block may end between any two (I2). A table it has to ask the catalogue about makes {@link event} return
 * a promise: the next event has to wait for it.
 */
export class RowAssembler {
  readonly meta = new MetaCells();
  block: RowBlock;
  /** The transaction it is in. */
  readonly state: TransactionState;
  readonly #options: AssemblerOptions;
  readonly #reached: ReachedPlace;
  readonly #statements: StatementHandler;
  readonly #writers: TableWriters;
  #query: string | null = null;
  #thread: string | null = null;
  /** Of the last event that was written as part of the stream; 0: none yet. */
  seconds = 0;
  serverId = 0;

  constructor(options: AssemblerOptions, block: RowBlock, place: StreamPlace, gtids: GtidState) {
    this.#options = options;
    this.block = block;
    this.#reached = new ReachedPlace(place, gtids);
    this.state = this.#reached.transaction;
    this.#statements = new StatementHandler(options.statements);
    const { tables, transactions, skipUnchanged } = options;
    this.#writers = new TableWriters(tables, (rows) => new RowWriter(rows, this.meta, transactions, skipUnchanged));
  }

  /** A new connection sends again from the begin of the transaction that the place is in. */
  restart(): void {
    this.#writers.forget();
    this.#reached.restart();
    this.#query = null;
  }

  /** The complete transactions as the server was asked for what is behind them. */
  adopt(gtids: string): void {
    this.#reached.adopt(gtids);
  }

  /** Where the stream stands after the events read so far. */
  place(): StreamPlace {
    return this.#reached.value;
  }

  /** Counts an event that is no row in the open transaction. */
  count(collection: string): void {
    this.#options.transactions?.count(collection, this.block, this.meta);
  }

  /** Whether the table was read behind the open transaction: what it changed there was read. */
  leavesOut(table: Pick<TableRows, 'key' | 'collection'>): boolean {
    return this.#options.reads?.leavesOut(table, this.state) === true;
  }

  /** Handles the event that the feed shows. */
  event(feed: EventFeed): Promise<void> | undefined {
    const { type } = feed;
    const kind = rowsKind(type);
    if (kind !== undefined) {
      this.#rows(feed, kind);
      return undefined;
    }
    if (feed.seconds > 0 && !feed.made && !FILE_HEADS.has(type)) this.seconds = feed.seconds;
    switch (type) {
      case EVENT.tableMap:
        return this.#writers.map(feed, () => this.place());
      case EVENT.gtid:
      case EVENT.anonymousGtid:
        this.#begin(feed, readGtid(feed.body(), type === EVENT.anonymousGtid));
        return undefined;
      case EVENT.taggedGtid:
        this.#begin(feed, readTaggedGtid(feed.body()));
        return undefined;
      case EVENT.mariadbGtid:
        this.#begin(feed, readMariadbGtid(feed.body(), feed.serverId));
        return undefined;
      case EVENT.query:
      case EVENT.queryCompressed:
        return this.#statement(feed);
      case EVENT.xid:
      case EVENT.xaPrepare:
        this.#commit(feed);
        return undefined;
      default:
        this.#other(feed);
        return undefined;
    }
  }

  #other(feed: EventFeed): void {
    switch (feed.type) {
      case EVENT.rotate:
        this.#reached.nextFile(feed);
        return;
      case EVENT.formatDescription:
        this.#writers.forget();
        return;
      case EVENT.rowsQuery: {
        const body = feed.body();
        body.skip(1);
        if (this.#options.includeQuery) this.#query = body.text(body.left);
        return;
      }
      case EVENT.annotateRows:
        if (this.#options.includeQuery) this.#query = feed.body().text(feed.end - feed.at - HEADER_BYTES);
        return;
      case EVENT.incident:
        throw incident(feed.place);
      case EVENT.beginLoad:
      case EVENT.executeLoad:
        throw this.#statements.statementFormat(feed.place, 'LOAD DATA');
      default:
        if (PASSED_OVER.has(feed.type) || (feed.flags & IGNORABLE) !== 0) return;
        throw eventUnknown(feed.type, feed.place);
    }
  }

  #begin(feed: EventFeed, { gtid, commitUs, standalone, xa }: GtidEvent): void {
    const { state } = this;
    this.#reached.begin(feed, gtid, commitUs);
    state.explicit = feed.type === EVENT.mariadbGtid && !standalone;
    state.xa = xa;
    this.serverId = feed.serverId;
    this.#query = null;
    this.#thread = null;
    const { sources } = this.#options;
    state.foreign = sources?.rows === true && gtid !== '' && !sources.counts(sourceOf(gtid));
    this.#options.transactions?.begin(this.#transactionId());
  }

  #statement(feed: EventFeed): Promise<void> | undefined {
    const event = readQueryEvent(feed.body(), feed.type === EVENT.queryCompressed);
    const { state } = this;
    this.serverId = feed.serverId;
    const kind = this.#statements.kind(event, feed.place, state.rows);
    switch (kind) {
      case 'begin':
        // Without a GTID event before it the transaction begins here.
        if (!state.open) this.#begin(feed, { gtid: '', commitUs: 0, standalone: false, xa: false });
        state.explicit = true;
        state.xa ||= isXa(event.sql);
        this.#thread = String(event.thread);
        return undefined;
      case 'commit':
        this.#commit(feed);
        return undefined;
      case 'none':
        return undefined;
      case 'ddl':
      case 'truncate':
        return this.#definition(kind, event, feed);
    }
  }

  #definition(kind: 'ddl' | 'truncate', event: QueryEvent, feed: EventFeed): Promise<void> | undefined {
    if (kind === 'ddl') {
      this.#writers.forget();
      this.#options.tables.forget();
    }
    this.#options.changes?.defined();
    this.meta.event(this.#facts(feed));
    const work = this.#options.statements.defined(kind, event, this, this.#reached.behind(feed));
    if (this.state.explicit) return work;
    // The place passes a statement together with its record: where the catalogue does not answer it comes again (I2).
    if (work !== undefined) return work.then(() => this.#commit(feed));
    this.#commit(feed);
    return undefined;
  }

  #commit(feed: EventFeed): void {
    const { state } = this;
    this.#reached.requireWhole(feed.place, (collection) => this.#captures(collection));
    const { transactions } = this.#options;
    if (state.open && transactions !== undefined && state.rows) {
      transactions.writeEnd(this.block, this.meta, this.#sourceUs(feed));
    }
    this.#reached.end(feed);
    this.#query = null;
  }

  #captures(collection: string): boolean {
    const dot = collection.indexOf('.');
    return this.#options.tables.captures(collection.slice(0, dot), collection.slice(dot + 1));
  }

  #rows(feed: EventFeed, kind: RowsKind): void {
    const { state } = this;
    const head = readRowsHead(feed.bytes, feed.at, feed.end, kind);
    if (head.tableId === DUMMY_TABLE) return;
    const writer = this.#writers.of(head.tableId, feed.place);
    this.serverId = feed.serverId;
    this.seconds = feed.seconds;
    if (writer !== null && !state.foreign && !this.leavesOut(writer.table)) this.#write(feed, kind, head, writer);
    state.events++;
    if (state.drop > 0) state.drop--;
  }

  #write(feed: EventFeed, kind: RowsKind, head: ReturnType<typeof readRowsHead>, writer: RowWriter): void {
    if (head.width !== writer.width) throw brokenRows(`it has ${head.width} columns, its table ${writer.width}`);
    const { block, meta, state } = this;
    if (!state.rows && state.drop === 0) this.#options.transactions?.writeBegin(block, meta, this.#sourceUs(feed));
    state.rows = true;
    const { count, cellCount } = block;
    meta.event(this.#facts(feed));
    const base = meta.at;
    toArena(block, base, feed.bytes, feed.at, kind.compressed ? head.rows : feed.end);
    let end = base + (feed.end - feed.at);
    const shift = base - feed.at;
    if (kind.compressed) {
      const rows = unpack(feed.bytes, head.rows, feed.end);
      toArena(block, head.rows + shift, rows, 0, rows.length);
      end = head.rows + shift + rows.length;
    }
    meta.at = end;
    const rows = writer.write(block, kind, {
      present: head.present + shift,
      presentNew: head.presentNew + shift,
      rows: head.rows + shift,
      end,
    });
    if (!state.ghost(writer.table.collection, rows)) {
      this.#options.changes?.rows(writer.table, block, count);
      return;
    }
    // Handed over before: its rows count in the transaction, and make no record.
    block.count = count;
    block.cellCount = cellCount;
  }

  #facts(feed: EventFeed): Parameters<MetaCells['event']>[0] {
    const { gtid } = this.state;
    return {
      sourceUs: this.#sourceUs(feed),
      serverId: String(feed.serverId),
      gtid: gtid === '' ? null : gtid,
      file: feed.file,
      pos: String(feed.start),
      thread: this.#thread,
      query: this.#query,
      transactionId: this.#options.transactions === undefined ? null : this.#transactionId(),
    };
  }

  #sourceUs(feed: EventFeed): string {
    const { commitUs } = this.state;
    return String(commitUs > 0 ? commitUs : feed.seconds * 1_000_000);
  }

  #transactionId(): string {
    const { gtid, file, position } = this.state;
    return gtid === '' ? `file=${file},pos=${position}` : gtid;
  }
}
