import { RecentTransactions } from '../../../../runtime/change/recent-transactions.ts';
import type { JsonObject } from '../../../../runtime/record/record.ts';
import { tableName, type Table } from '../../catalog/table.ts';
import { isSignalTable } from './signal-table.ts';
import type { Injection, LogicalMessage, RowEvent, StreamHooks } from '../../stream/stream-hooks.ts';
import type { WindowRange } from '../chunk-sql.ts';
import type { SnapshotUpstream } from '../upstream.ts';
import { invisibleIn } from '../visibility.ts';
import { windowInjection } from './window-injection.ts';
import { MARK_PREFIX, readMark } from './window-mark.ts';
import type { WindowRows } from './window-read.ts';
import type { WindowTable } from './window-table.ts';

/** The window that is under way: at most one. */
export interface ActiveWindow {
  readonly table: WindowTable;
  readonly number: number;
  readonly range: WindowRange;
  /** Set before the close mark is written. */
  read: WindowRows | undefined;
  /** Version of the table that the stream announced while the window was open. */
  announced: string | undefined;
  /** Where the close mark was written; the stream has passed it without showing it: it is lost. */
  closeLsn: bigint | undefined;
  /** `emitted`, or why the window has to be repeated. */
  readonly settle: (outcome: string) => void;
}

/** What the annotation of the stream's offset remembers beside the keys of tables. */
export interface Remembered {
  annotation(): JsonObject | undefined;
  /** A row of the signal table was inserted. */
  signal(event: RowEvent): void;
  /** A table's definition came for the first time, or it has another name. */
  learned(table: Table): void;
  /** Changes of the table follow that make no records. */
  left(oid: number): void;
  /** Windows of a table are complete. */
  finished(table: WindowTable): void;
}

/**
 * The stream's side of the windows (`docs/decisions/20261125-postgres-snapshot.md`): hears its events in order, and puts the
 * rows of a window in at its close mark.
 */
export class StreamWindows implements StreamHooks {
  watchingRows = false;
  readonly recent = new RecentTransactions();
  /** Names this run of the task in marks. */
  readonly run: string;
  active: ActiveWindow | undefined;
  readonly #upstream: SnapshotUpstream;
  readonly #remembered: Remembered;
  readonly #signalTable: string | undefined;
  readonly #signals = new WeakMap<Table, boolean>();
  readonly #tables = new Map<number, WindowTable>();
  /** Tables read at a snapshot later than the stream's start: changes visible in it are dropped. */
  readonly #dropping = new Map<number, { readonly invisible: (xid: number) => boolean; readonly untilLsn: bigint }>();
  #failure: Error | undefined;
  /** Keys that the window closed last has read again. */
  #settled: { readonly table: string; readonly keys: readonly string[]; readonly restarting: boolean } | undefined;

  constructor(upstream: SnapshotUpstream, run: string, remembered: Remembered) {
    this.#upstream = upstream;
    this.run = run;
    this.#remembered = remembered;
    this.#signalTable = upstream.options.signalTable;
    this.#watch();
  }

  /** A table's events concern its windows from now on. */
  add(oid: number, table: WindowTable): void {
    this.#tables.set(oid, table);
    this.#watch();
  }

  remove(table: WindowTable): void {
    for (const [oid, other] of this.#tables) if (other === table) this.#tables.delete(oid);
    this.#watch();
  }

  drop(oid: number, visible: string, untilLsn: bigint): void {
    this.#dropping.set(oid, { invisible: invisibleIn(visible), untilLsn });
    this.#watch();
  }

  /** Stops the task at the stream's next event. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#watch();
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  onRow(event: RowEvent): boolean {
    this.#throwIfFailed();
    const { table } = event;
    if (this.#signalTable !== undefined && event.op === 'c' && this.#isSignals(table)) this.#remembered.signal(event);
    const dropping = this.#dropping.get(table.oid);
    if (dropping !== undefined && !dropping.invisible(event.xid)) return false;
    const windows = this.#tables.get(table.oid);
    if (windows !== undefined) changed(windows, event);
    return true;
  }

  onTruncate(table: Table, xid: number): boolean {
    const dropping = this.#dropping.get(table.oid);
    if (dropping !== undefined && !dropping.invisible(xid)) return false;
    this.#tables.get(table.oid)?.windows.truncated();
    return true;
  }

  onRelation(table: Table, before: Table | undefined): void {
    if (before === undefined || tableName(before) !== tableName(table)) this.#remembered.learned(table);
    const { active } = this;
    if (active !== undefined && active.table === this.#tables.get(table.oid) && active.table.windows.open) {
      active.announced = table.fingerprint;
    }
  }

  onUncaptured(oid: number): void {
    this.#remembered.left(oid);
  }

  onMessage(message: LogicalMessage): Injection | 'ours' | undefined {
    if (message.prefix !== MARK_PREFIX) return undefined;
    this.#throwIfFailed();
    const mark = readMark(message.content);
    const { active } = this;
    if (mark?.run !== this.run || active?.number !== mark.window) return 'ours';
    if (mark.kind === 'open') {
      active.table.windows.opened();
      return 'ours';
    }
    this.active = undefined;
    return this.#close(active, message.lsn);
  }

  annotation(): JsonObject | undefined {
    const kept = this.#remembered.annotation();
    const again: Record<string, readonly string[]> = {};
    const restarts = new Set<string>();
    for (const table of new Set(this.#tables.values())) {
      if (table.restarting) restarts.add(table.plan.table);
      if (table.windows.again.size > 0) again[table.plan.table] = [...table.windows.again];
    }
    // The batch before an injection gets its offset after the mark was read, but is durable without
    // it: what the injection settles must not be forgotten there yet.
    const settled = this.#settled;
    this.#settled = undefined;
    if (settled?.restarting === true) restarts.add(settled.table);
    if (settled !== undefined && settled.keys.length > 0) {
      again[settled.table] = [...new Set([...(again[settled.table] ?? []), ...settled.keys])];
    }
    const found = Object.keys(again).length > 0;
    if (!found && restarts.size === 0) return kept;
    return {
      ...kept,
      ...(found ? { 'millrace.again': JSON.stringify(again) } : {}),
      ...(restarts.size > 0 ? { 'millrace.restarts': JSON.stringify([...restarts]) } : {}),
    };
  }

  onBegin(): void {
    this.#throwIfFailed();
  }

  onCommit(xid: number, _commitLsn: bigint, endLsn: bigint): void {
    this.recent.add(xid);
    const { active } = this;
    if (active?.closeLsn !== undefined && endLsn > active.closeLsn) {
      this.active = undefined;
      active.settle('the mark did not come');
    }
    if (this.#dropping.size === 0) return;
    for (const [oid, { untilLsn }] of this.#dropping) if (endLsn >= untilLsn) this.#dropping.delete(oid);
    this.#watch();
  }

  #close(active: ActiveWindow, lsn: bigint): Injection | 'ours' {
    const { table, read, range } = active;
    if (active.announced !== undefined && active.announced !== read?.fingerprint) table.windows.redefined();
    const settled = { table: table.plan.table, keys: [...table.windows.again], restarting: table.restarting };
    const outcome = table.windows.closed();
    if (outcome.kind === 'repeat' || read === undefined) {
      active.settle(outcome.kind === 'repeat' ? outcome.reason : 'not read');
      return 'ours';
    }
    this.#settled = settled;
    const { env } = this.#upstream;
    env.crash?.('snapshot.window_emitted');
    const nowUs = env.clock.nowUs();
    const progress = table.advance(range, read, outcome.rows.length);
    const origin = { lsn: null, sequence: `["${lsn}","${lsn}"]`, xid: null, sourceUs: nowUs };
    const injection = windowInjection(read.block, outcome.rows, origin, nowUs, progress);
    if (table.finished) {
      this.remove(table);
      this.#remembered.finished(table);
    }
    active.settle('emitted');
    return injection;
  }

  #isSignals(table: Table): boolean {
    const known = this.#signals.get(table);
    if (known !== undefined) return known;
    const is = isSignalTable(this.#signalTable, table);
    this.#signals.set(table, is);
    return is;
  }

  #watch(): void {
    this.watchingRows =
      this.#tables.size > 0 ||
      this.#dropping.size > 0 ||
      this.#signalTable !== undefined ||
      this.#failure !== undefined;
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

function changed(table: WindowTable, event: RowEvent): void {
  const keys = table.keys(event.table);
  const before = event.before < 0 ? null : keys.key(event.block, event.before);
  const after = event.after < 0 ? null : keys.key(event.block, event.after);
  if (before === null && after === null) table.windows.unknown();
  else table.windows.changed(before, after, event.unchangedToast);
}
