import { imageChanged, keyChanged } from '../../../runtime/change/change-layouts.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { NO_TIMESTAMP, type RowBlock } from '../../../runtime/record/row-block.ts';
import type { JsonObject } from '../../../runtime/record/record.ts';
import type { RowLayout } from '../../../runtime/record/row-layout.ts';
import type { StreamPlace } from '../offset.ts';
import { META_CELLS } from '../row/source-block.ts';
import type { TableRows } from '../row/table-rows.ts';
import { formatLsn } from '../wire/lsn.ts';
import { MetaCells } from './meta-cells.ts';
import { PgoutputReader, type MessageView, type PgoutputHandler, type SpecialMessage } from './pgoutput.ts';
import { ReadPlace } from './read-place.ts';
import type { Relation } from './relation.ts';
import { ResumeGate } from './resume-gate.ts';
import type { Injection, LogicalMessage } from './stream-hooks.ts';
import { restoreUnchanged } from './row-images.ts';
import type { AssemblerOptions } from './assembler-options.ts';

interface Known {
  readonly rows: TableRows | null;
  /** The columns of the replica identity include the whole key, so a key change can be seen. */
  readonly keyInIdentity: boolean;
}

/**
 * Turns pgoutput messages into rows of the current block. The place it stands at moves with every
 * message, so a block may end between any two (I2). A relation it has to ask the catalog about
 * stops the stream: {@link waiting} is set, and the intake goes on when it resolves. A lost session
 * is left at once; from then on nothing moves the place until the next one sends.
 */
export class RowAssembler implements PgoutputHandler {
  reader: PgoutputReader;
  readonly meta = new MetaCells();
  block: RowBlock;
  /** LSN of the message being read, set by the intake. */
  lsnHigh = 0;
  lsnLow = 0;
  /** A catalog question that has to be answered before the next message. */
  waiting: Promise<void> | undefined;
  /** Rows that have to follow the current block. */
  injection: Injection | undefined;

  /** Where the stream stands after the messages read so far. */
  readonly place: ReadPlace;

  readonly #options: AssemblerOptions;
  #gate: ResumeGate;
  readonly #known = new Map<number, Known>();
  /** Of the transaction that is read, also where it was done before. */
  #xid = 0;
  #timeUs = 0n;
  #open = false;
  /** Events of this transaction still to drop. */
  #drop = 0;
  /** The message being read is one of them. */
  #ghost = false;
  /** What the message being read counts as in its transaction; '': it is no event. */
  #event = '';
  /** Transactions completed; a measure of progress. */
  transactions = 0;

  /** `eventLsn`: of the last event before the start, where it is inside a transaction and known. */
  constructor(options: AssemblerOptions, block: RowBlock, start: StreamPlace, eventLsn?: bigint) {
    this.reader = new PgoutputReader(this);
    this.#options = options;
    this.block = block;
    this.place = new ReadPlace(start, eventLsn);
    this.#gate = new ResumeGate(start, eventLsn);
    this.meta.lastCommit(start.flushLsn);
  }

  /**
   * Reads one message. An event that was handed over before counts in its transaction, and makes no
   * row. A message that throws makes none either, and does not move the place: it comes again.
   */
  read(bytes: Buffer, at: number, end: number): void {
    const { block } = this;
    const { count, cellCount } = block;
    this.#ghost = this.#drop !== 0;
    this.#event = '';
    let whole = false;
    try {
      this.reader.read(bytes, at, end);
      whole = !this.#ghost;
    } finally {
      if (!whole) {
        block.count = count;
        block.cellCount = cellCount;
      }
    }
    if (this.#event !== '') this.place.event(this.#event, this.lsnHigh, this.lsnLow);
  }

  /**
   * The session is over: what it still had to say, and what the catalogue says to its questions,
   * is void. The next one sends again from the last complete transaction; what is read already is
   * dropped, and that is decided by the place of this very instant (I3).
   */
  leave(): void {
    const { place, eventLsn } = this.place.resume;
    this.#gate = new ResumeGate(place, eventLsn);
    this.reader = new PgoutputReader(this);
    this.#known.clear();
    this.#open = false;
    this.#drop = 0;
    this.waiting = undefined;
  }

  /** What the hooks add to the offset at this place. */
  annotation(): JsonObject | undefined {
    return this.#options.hooks?.annotation();
  }

  /** Inside a transaction, also one that is still to be sent again. */
  get open(): boolean {
    return this.#open || this.place.index > 0;
  }

  /** The server says that nothing before `walEnd` is left to send. Only between transactions. */
  advance(walEnd: bigint): void {
    if (!this.open) this.place.advance(walEnd);
  }

  begin(commitLsn: bigint, timeUs: bigint, xid: number): void {
    const drop = this.#gate.enter(commitLsn);
    this.#open = true;
    this.#xid = xid;
    this.#timeUs = timeUs;
    this.#drop = drop;
    const { transactions, hooks } = this.#options;
    const id = transactions === undefined ? null : `${xid}:${commitLsn}`;
    this.meta.transaction(xid, timeUs, id);
    transactions?.begin(id ?? '', timeUs);
    if (drop === Infinity) return;
    if (drop > 0) {
      this.place.again(xid, timeUs);
      this.#dropped();
      return;
    }
    transactions?.writeBegin(this.block, this.meta);
    hooks?.onBegin(xid, commitLsn);
    this.place.begun(commitLsn, xid, timeUs, this.lsnHigh, this.lsnLow);
  }

  commit(commitLsn: bigint, endLsn: bigint, timeUs: bigint): void {
    const dropped = this.#drop === Infinity;
    if (this.#drop !== 0 && !dropped) this.#gate.short();
    if (!dropped) {
      this.#options.transactions?.writeEnd(this.block, this.meta);
      this.#options.hooks?.onCommit(this.#xid, commitLsn, endLsn);
    }
    this.#drop = 0;
    this.#open = false;
    this.#timeUs = timeUs;
    if (dropped) this.place.passed(endLsn);
    else this.place.committed(endLsn, timeUs, this.lsnHigh, this.lsnLow);
    this.meta.lastCommit(endLsn);
    this.transactions++;
  }

  origin(lsn: bigint, name: string): void {
    this.meta.origin(name, lsn);
  }

  relation(relation: Relation): void {
    this.waiting = this.#learn(relation);
  }

  async #learn(relation: Relation): Promise<void> {
    const { reader } = this;
    const rows = await this.#options.tables.resolve(relation);
    if (reader !== this.reader) return;
    const before = this.#known.get(relation.oid)?.rows ?? undefined;
    const identity = new Set(rows?.table.identity);
    const keyInIdentity = rows !== null && rows.key.every(({ cell }) => identity.has(cell));
    this.#known.set(relation.oid, { rows, keyInIdentity });
    if (rows === null) this.#options.hooks?.onUncaptured(relation.oid);
    else if (rows !== before) this.#options.hooks?.onRelation(rows.table, before?.table);
  }

  insert(oid: number, at: number): void {
    const known = this.#table(oid);
    if (!this.#take('INSERT')) return;
    const { rows } = known;
    if (rows === null) return;
    const { block } = this;
    const first = this.#beginRow(rows, rows.layouts.create);
    if (first < 0) return;
    this.reader.tuple(block, at, rows.table.columns.length);
    if (this.#hookDrops('c', rows, -1, first + META_CELLS, false)) block.cellCount = first;
    else this.#add(rows.layouts.create, first);
  }

  update(oid: number, oldAt: number, at: number): void {
    const known = this.#table(oid);
    if (!this.#take('UPDATE')) return;
    const { rows } = known;
    if (rows === null) return;
    const { block, reader } = this;
    const { layouts, table } = rows;
    const first = this.#beginRow(rows, layouts.update);
    if (first < 0) return;
    const width = table.columns.length;
    const before = oldAt < 0 ? -1 : first + META_CELLS;
    const after = first + META_CELLS + (oldAt < 0 ? 0 : width);
    if (oldAt >= 0) reader.tuple(block, oldAt, width);
    reader.tuple(block, at, width);
    let { unchanged } = reader;
    if (before >= 0 && unchanged) unchanged = restoreUnchanged(block, before, after, width);
    if (this.#hookDrops('u', rows, before, after, unchanged)) {
      block.cellCount = first;
    } else if (before < 0) {
      this.#add(layouts.update, first);
    } else if (known.keyInIdentity && keyChanged(block, before, after, rows.key)) {
      this.#addKeyChange(rows, first);
    } else if (this.#options.skipUnchanged && !imageChanged(block, before, after, rows.columns)) {
      block.cellCount = first;
    } else {
      this.#add(layouts.updateWithBefore, first);
    }
  }

  delete(oid: number, oldAt: number): void {
    const known = this.#table(oid);
    if (!this.#take('DELETE')) return;
    const { rows } = known;
    if (rows === null) return;
    const { block } = this;
    const first = this.#beginRow(rows, rows.layouts.delete);
    if (first < 0) return;
    this.reader.tuple(block, oldAt, rows.table.columns.length);
    if (this.#hookDrops('d', rows, first + META_CELLS, -1, false)) {
      block.cellCount = first;
      return;
    }
    this.#add(rows.layouts.delete, first);
    this.#add(rows.layouts.tombstone, first);
  }

  truncate(oids: readonly number[]): void {
    if (!this.#take('TRUNCATE')) return;
    for (const oid of oids) {
      const { rows } = this.#table(oid);
      if (rows === null) continue;
      if (!this.#ghost && this.#options.hooks?.onTruncate(rows.table, this.#xid) === false) continue;
      const { truncate } = rows.layouts;
      if (truncate === null) continue;
      this.#order(rows);
      this.#add(truncate, this.#appendMeta());
    }
  }

  message(view: MessageView): void {
    if (view.transactional) {
      if (!this.#take('MESSAGE')) return;
      this.#message(view, this.#xid);
      return;
    }
    // A transaction of its own: it is done as a whole, whatever was sent before.
    if (this.#gate.enter(view.lsn) > 0) return;
    this.meta.transaction(null, this.#timeUs, null);
    this.#message(view, 0);
    this.place.message(view.lsn, this.lsnHigh, this.lsnLow);
  }

  special(message: SpecialMessage): void {
    throw new MillraceError('POSTGRES_STREAM_UNSUPPORTED', `the server sent ${message.kind}, which was not asked for`, {
      kind: 'bug',
      remedy: 'Create the slot without two_phase, and remove slot.stream.params.',
    });
  }

  #message(view: MessageView, xid: number): void {
    const { hooks, messages } = this.#options;
    const { arena } = this.block;
    const prefix = arena.toString('utf8', view.prefixAt, view.prefixAt + view.prefixLength);
    if (hooks !== undefined && !this.#ghost) {
      const content = arena.subarray(view.contentAt, view.contentAt + view.contentLength);
      const message: LogicalMessage = { prefix, content, lsn: view.lsn, transactional: view.transactional, xid };
      const answer = hooks.onMessage(message);
      if (answer === 'ours') return;
      if (answer !== undefined) {
        this.injection = answer;
        return;
      }
    }
    if (messages === undefined || !messages.wanted(prefix)) return;
    if (view.transactional) this.#options.transactions?.count('', this.block, this.meta);
    const first = this.#appendMeta();
    this.block.cell(view.prefixAt, view.prefixLength);
    this.block.cell(view.contentAt, view.contentLength);
    this.#add(messages.layout, first);
  }

  /** Counts an event of the open transaction; false: it was handed over before, and nothing counts it. */
  #take(type: string): boolean {
    if (!this.#ghost) {
      this.#event = type;
      return true;
    }
    if (this.#drop === Infinity) return false;
    this.#dropped();
    return this.#options.transactions !== undefined;
  }

  #dropped(): void {
    if (--this.#drop === 0) this.#gate.leave((BigInt(this.lsnHigh) << 32n) | BigInt(this.lsnLow));
  }

  #table(oid: number): Known {
    const known = this.#known.get(oid);
    if (known !== undefined) return known;
    const at = formatLsn((BigInt(this.lsnHigh) << 32n) | BigInt(this.lsnLow));
    throw new MillraceError('POSTGRES_STREAM_BROKEN', `a row of relation ${oid} at ${at} came before its description`, {
      kind: 'corrupt',
      remedy: 'Restart the task. If it happens again, report it with the server version.',
    });
  }

  /** Appends the meta cells; returns the row's first cell, or -1 where neither a record nor a hook wants it. */
  #beginRow(rows: TableRows, layout: RowLayout | null): number {
    if (layout === null && this.#options.hooks?.watchingRows !== true) return -1;
    if (layout !== null) this.#order(rows);
    return this.#appendMeta();
  }

  #order(rows: TableRows): void {
    this.#options.transactions?.count(rows.collection, this.block, this.meta);
  }

  #appendMeta(): number {
    const first = this.block.cellCount;
    this.meta.append(this.block, this.lsnHigh, this.lsnLow);
    return first;
  }

  #hookDrops(op: 'c' | 'u' | 'd', rows: TableRows, before: number, after: number, unchangedToast: boolean): boolean {
    const { hooks } = this.#options;
    if (hooks === undefined || this.#ghost || !hooks.watchingRows) return false;
    const { block } = this;
    return !hooks.onRow({ op, table: rows.table, block, before, after, unchangedToast, xid: this.#xid });
  }

  /** A record whose cells begin at `first`; several records may share cells. */
  #add(layout: RowLayout | null, first: number): void {
    const { block } = this;
    if (layout === null) return;
    block.begin(layout, NO_TIMESTAMP);
    block.firstCell[block.count - 1] = first;
  }

  #addKeyChange(rows: TableRows, first: number): void {
    const { keyChange } = rows.layouts;
    this.#add(keyChange.delete, first);
    this.#add(keyChange.tombstone, first);
    if (keyChange.create === null) return;
    this.#add(keyChange.create, this.#options.transactions === undefined ? first : this.#again(rows, first));
  }

  /** The same images under meta cells of their own: the record counts as another event. */
  #again(rows: TableRows, first: number): number {
    const { block } = this;
    const end = block.cellCount;
    this.#order(rows);
    const again = this.#appendMeta();
    for (let cell = first + META_CELLS; cell < end; cell++) {
      block.cell(block.cells[cell * 2] ?? 0, block.cells[cell * 2 + 1] ?? 0);
    }
    return again;
  }
}
