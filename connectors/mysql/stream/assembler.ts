import { MillraceError } from '../../../runtime/record/error.ts';
import type { RowBlock } from '../../../runtime/record/row-block.ts';
import { comparePlaces } from '../binlog/compare-places.ts';
import { EVENT, FILE_HEADS, HEADER_BYTES, IGNORABLE, rowsKind, type RowsKind } from '../binlog/event-type.ts';
import { readGtid, readMariadbGtid, readTaggedGtid, type GtidEvent } from '../binlog/gtid-event.ts';
import { sourceOf, type GtidSources } from '../binlog/gtid-sources.ts';
import type { GtidState } from '../binlog/gtid-state.ts';
import { brokenRows, DUMMY_TABLE, readRowsHead, toArena, unpack } from '../binlog/rows-event.ts';
import { readTableMap, readTableMapHead } from '../binlog/table-map.ts';
import type { StreamPlace, TransactionPart } from '../offset.ts';
import type { TableRows } from '../row/table-rows.ts';
import type { ReadPlaces } from '../snapshot/read-places.ts';
import type { EventFeed } from './event-feed.ts';
import { MetaCells } from './meta-cells.ts';
import { isXa, readQueryEvent, type QueryEvent } from './query-event.ts';
import { RowWriter } from './row-writer.ts';
import { StatementHandler, type StatementHooks } from './statement-handler.ts';
import type { TableSource } from './table-source.ts';
import type { TransactionRecords } from './transaction-records.ts';
import { TransactionState } from './transaction.ts';

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
export class Assembler {
  readonly meta = new MetaCells();
  block: RowBlock;
  readonly state: TransactionState;
  readonly #options: AssemblerOptions;
  readonly #gtids: GtidState;
  readonly #statements: StatementHandler;
  /** By table id; null: not captured. Ids mean nothing in another file. */
  readonly #maps = new Map<number, RowWriter | null>();
  /** Where to go on inside a transaction without a GTID: undefined after it was found. */
  #resume: StreamPlace | undefined;
  /** Transactions that were handed over in part and have not come again yet, by GTID. */
  readonly #parts = new Map<string, TransactionPart>();
  #query: string | null = null;
  #thread: string | null = null;
  /** Of the last event that was written as part of the stream; 0: none yet. */
  seconds = 0;
  serverId = 0;

  constructor(options: AssemblerOptions, block: RowBlock, place: StreamPlace, gtids: GtidState) {
    this.#options = options;
    this.block = block;
    this.state = new TransactionState(place);
    this.#partly(place);
    this.#gtids = gtids;
    this.#statements = new StatementHandler(options.statements);
  }

  /** A new connection sends again from the begin of the transaction that the place is in. */
  restart(): void {
    const place = this.place();
    this.#maps.clear();
    this.#partly(place);
    this.#query = null;
    this.state.open = false;
  }

  /** The complete transactions as the server was asked for what is behind them. */
  adopt(gtids: string): void {
    this.#gtids.adopt(gtids);
  }

  /** Where the stream stands after the events read so far. */
  place(): StreamPlace {
    const { state } = this;
    const gtids = this.#gtids.toString();
    const resume = this.#resume;
    if (resume !== undefined && !state.open) return { ...resume, gtids };
    const parts = [...this.#parts.values()];
    const part = state.part() ?? parts.shift();
    const { file, position } = state;
    if (part === undefined) return { file, position, gtids, event: 0, transaction: '' };
    return { file, position, gtids, ...part, ...(parts.length === 0 ? {} : { parts }) };
  }

  #partly(place: StreamPlace): void {
    const { event, transaction, rows, parts = [] } = place;
    this.#resume = event > 0 && transaction === '' ? place : undefined;
    const part = { transaction, event, ...(rows === undefined ? {} : { rows }) };
    for (const each of [part, ...parts])
      if (each.event > 0 && each.transaction !== '') this.#parts.set(each.transaction, each);
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
        return this.#tableMap(feed);
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
        // Between transactions the place goes on in the next file, so that the old one may be purged.
        if (!this.state.open && this.#resume === undefined) this.#nextFile(feed);
        return;
      case EVENT.formatDescription:
        this.#maps.clear();
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
        throw new MillraceError('MYSQL_INCIDENT', `the server lost events at ${feed.place}`, {
          kind: 'position',
          remedy: 'The binlog has a gap there: take a new snapshot, or alter the offset to a place behind it.',
        });
      case EVENT.beginLoad:
      case EVENT.executeLoad:
        throw this.#statements.statementFormat(feed.place, 'LOAD DATA');
      default:
        if (PASSED_OVER.has(feed.type) || (feed.flags & IGNORABLE) !== 0) return;
        throw new MillraceError('MYSQL_EVENT_UNKNOWN', `the event at ${feed.place} has the unknown type ${feed.type}`, {
          kind: 'bug',
          remedy: 'Report it with the server version.',
        });
    }
  }

  /** A dump by GTIDs begins by naming a file that was read before, from its begin: the place does not go back. */
  #nextFile({ made, file, position }: EventFeed): void {
    const { state } = this;
    const back = made && comparePlaces(file, position, state.file, state.position) < 0;
    if (!back || state.file === '') state.end(file, position);
  }

  #begin(feed: EventFeed, { gtid, commitUs, standalone, xa }: GtidEvent): void {
    const { state } = this;
    state.begin(feed.file, feed.start, gtid, commitUs);
    state.explicit = feed.type === EVENT.mariadbGtid && !standalone;
    state.xa = xa;
    this.serverId = feed.serverId;
    this.#query = null;
    this.#thread = null;
    const { sources } = this.#options;
    state.foreign = sources?.rows === true && gtid !== '' && !sources.counts(sourceOf(gtid));
    const part = this.#partOf(feed, gtid);
    if (part !== undefined) state.again(part);
    this.#options.transactions?.begin(this.#transactionId());
  }

  /** What of the transaction that begins was handed over before; undefined: nothing. */
  #partOf(feed: EventFeed, gtid: string): TransactionPart | undefined {
    const part = this.#parts.get(gtid);
    this.#parts.delete(gtid);
    const resume = this.#resume;
    if (resume === undefined) return part;
    this.#resume = undefined;
    if (resume.file === feed.file && resume.position === feed.start) return resume;
    throw changed(resume, `the transaction at ${feed.place} came first`);
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
      this.#maps.clear();
      this.#options.tables.forget();
    }
    this.#options.changes?.defined();
    this.meta.event(this.#facts(feed));
    const { file, position } = feed;
    const after = { file, position, gtids: this.#gtids.with(this.state.gtid) };
    const work = this.#options.statements.defined(kind, event, this, after);
    if (this.state.explicit) return work;
    // The place passes a statement together with its record: where the catalogue does not answer it comes again (I2).
    if (work !== undefined) return work.then(() => this.#commit(feed));
    this.#commit(feed);
    return undefined;
  }

  #commit(feed: EventFeed): void {
    const { state } = this;
    if (state.drop > 0) throw changed(this.place(), `the transaction ends at ${feed.place}`);
    const lost = state.missing.find((collection) => this.#captures(collection));
    if (lost !== undefined) throw changed(this.place(), `it has fewer rows of ${lost}, at ${feed.place}`);
    const { transactions } = this.#options;
    if (state.open && transactions !== undefined && state.rows) {
      transactions.writeEnd(this.block, this.meta, this.#sourceUs(feed));
    }
    if (state.gtid !== '') this.#gtids.add(state.gtid);
    state.end(feed.file, feed.position);
    this.#query = null;
  }

  #captures(collection: string): boolean {
    const dot = collection.indexOf('.');
    return this.#options.tables.captures(collection.slice(0, dot), collection.slice(dot + 1));
  }

  #tableMap(feed: EventFeed): Promise<void> | undefined {
    const reader = feed.body();
    const head = readTableMapHead(reader);
    if (this.#maps.has(head.id)) return undefined;
    const { tables } = this.#options;
    if (!tables.captures(head.database, head.name)) {
      this.#maps.set(head.id, null);
      return undefined;
    }
    const found = tables.rows(readTableMap(reader, head, tables), () => this.place());
    if (found instanceof Promise) return found.then((rows) => this.#learn(head.id, rows));
    this.#learn(head.id, found);
    return undefined;
  }

  #learn(id: number, rows: TableRows): void {
    const { transactions, skipUnchanged } = this.#options;
    this.#maps.set(id, new RowWriter(rows, this.meta, transactions, skipUnchanged));
  }

  #rows(feed: EventFeed, kind: RowsKind): void {
    const { state } = this;
    const head = readRowsHead(feed.bytes, feed.at, feed.end, kind);
    if (head.tableId === DUMMY_TABLE) return;
    const writer = this.#maps.get(head.tableId);
    if (writer === undefined)
      throw brokenRows(`rows of table ${head.tableId} at ${feed.place} come before its description`);
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

/** Events that say nothing that matters here. */
const PASSED_OVER: ReadonlySet<number> = new Set([
  EVENT.stop,
  EVENT.intvar,
  EVENT.random,
  EVENT.userVariable,
  EVENT.heartbeat,
  EVENT.heartbeatV2,
  EVENT.ignorable,
  EVENT.previousGtids,
  EVENT.transactionContext,
  EVENT.viewChange,
  EVENT.checkpoint,
  EVENT.mariadbGtidList,
  EVENT.startEncryption,
]);

function changed(place: StreamPlace, what: string): MillraceError {
  const at = place.transaction === '' ? `${place.file}:${place.position}` : place.transaction;
  return new MillraceError('MYSQL_TRANSACTION_CHANGED', `the transaction ${at} is not what it was: ${what}`, {
    kind: 'position',
    remedy: 'The server’s binlog was replaced. Stop the connector and delete its offsets to take a new snapshot.',
  });
}
