import { MillraceError } from '../../../../runtime/record/error.ts';
import { asError } from '../../../../runtime/record/thrown.ts';
import { loadTables } from '../../catalog/table-loader.ts';
import { TypeRegistry } from '../../catalog/type-registry.ts';
import type { Table } from '../../catalog/table.ts';
import type { Connection } from '../../connection.ts';
import type { TableRows } from '../../row/table-rows.ts';
import { areRetriesExhausted, isAway, retriesExhausted } from '../../retry-limit.ts';
import { serverVersion } from '../../slot/slot.ts';
import { parseLsn } from '../../wire/lsn.ts';
import type { WindowRange } from '../chunk-sql.ts';
import { lockTables, prepareReader } from '../guard.ts';
import { selectTable } from '../snapshot-plan.ts';
import type { ActiveWindow, StreamWindows } from './stream-windows.ts';
import type { SnapshotUpstream } from '../upstream.ts';
import { emitMark } from './window-mark.ts';
import { readWindow, type WindowRows } from './window-read.ts';
import type { WindowTable } from './window-table.ts';

const RETRY_MS = 20;
const MAX_RETRY_MS = 5000;
const WARNING = 'POSTGRES_SNAPSHOT_WAITS';

export interface LoopEvents {
  /** A window was handed over, or has to be repeated (why). */
  window(table: WindowTable, outcome: string): void;
  /** The table cannot be read, now or later. True: go on without it. */
  failed(table: WindowTable, error: Error): boolean;
}

/**
 * The windows' own side: writes the marks, reads the rows, and waits until the stream has seen both
 * marks; one window at a time, on one connection. What fails for a while is tried again; the
 * stream goes on meanwhile.
 */
export class WindowLoop {
  readonly #upstream: SnapshotUpstream;
  readonly #windows: StreamWindows;
  readonly #events: LoopEvents;
  readonly #stop = new AbortController();
  readonly #queue: WindowTable[] = [];
  #connection: Connection | undefined;
  #version = 0;
  #number = 0;
  #wake: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #failures = 0;
  #losses = 0;
  paused = false;

  constructor(upstream: SnapshotUpstream, windows: StreamWindows, events: LoopEvents) {
    this.#upstream = upstream;
    this.#windows = windows;
    this.#events = events;
  }

  /** Tables that are not finished, the current one first. */
  get queue(): readonly WindowTable[] {
    return this.#queue;
  }

  /** Windows of a table from now on. */
  add(table: WindowTable): void {
    this.#queue.push(table);
    this.wake();
  }

  remove(table: WindowTable): void {
    const at = this.#queue.indexOf(table);
    if (at >= 0) this.#queue.splice(at, 1);
  }

  /** Something changed that the loop may wait for. Begins it the first time. */
  wake(): void {
    this.#running ??= this.#run();
    this.#wake?.();
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#stop.abort(new MillraceError('POSTGRES_SNAPSHOT_CLOSED', 'the snapshot was closed', { kind: 'closed' }));
    this.#wake?.();
    this.#connection?.destroy();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const table = this.paused ? undefined : this.#queue.find((each) => !each.finished);
      if (table === undefined) {
        await this.#idle();
        continue;
      }
      try {
        const outcome = await this.#window(table, signal);
        this.#events.window(table, outcome);
        if (table.finished) this.remove(table);
        if (outcome !== 'emitted') {
          await this.#pause();
          continue;
        }
        if (this.#failures > 0) this.#upstream.context.warning(WARNING, null);
        this.#failures = 0;
        this.#losses = 0;
      } catch (error) {
        await this.#failed(table, error);
      }
    }
    this.#drop();
  }

  async #idle(): Promise<void> {
    if (this.#queue.length === 0) this.#drop();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }

  async #failed(table: WindowTable, error: unknown): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#windows.active = undefined;
    this.#drop();
    const failure = this.#limited(error);
    const known = failure instanceof MillraceError ? failure : undefined;
    const passes = known !== undefined && ['unavailable', 'busy', 'throttled'].includes(known.kind);
    if (!passes) {
      const cause = asError(failure);
      if (!areRetriesExhausted(cause) && this.#events.failed(table, cause)) return;
      this.#upstream.context.warning(WARNING, `reading ${table.plan.table} beside the stream: ${cause.message}`);
      this.#windows.fail(cause);
      this.#stop.abort(cause);
      return;
    }
    this.#upstream.context.warning(WARNING, `reading ${table.plan.table} beside the stream: ${known.message}`);
    await this.#pause();
  }

  /** A connection that is lost more often than `errors.max.retries` without a window in between fails the task. */
  #limited(error: unknown): unknown {
    const { maxRetries } = this.#upstream;
    if (!isAway(error) || maxRetries < 0 || this.#losses++ < maxRetries) return error;
    return retriesExhausted(error, maxRetries);
  }

  async #pause(): Promise<void> {
    const ms = Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** this.#failures++);
    await this.#upstream.env.timers.sleep(ms, this.#stop.signal).catch(() => undefined);
  }

  #drop(): void {
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  async #window(table: WindowTable, signal: AbortSignal): Promise<string> {
    const connection = await this.#connect();
    const number = ++this.#number;
    const range = table.begin();
    const { promise, resolve } = Promise.withResolvers<string>();
    const active: ActiveWindow = {
      table,
      number,
      range,
      read: undefined,
      announced: undefined,
      closeLsn: undefined,
      settle: resolve,
    };
    this.#windows.active = active;
    await this.#mark(connection, number, 'open');
    this.#upstream.env.crash?.('snapshot.window_opened');
    const read = await this.#read(connection, table, range, signal);
    if (read === undefined) {
      this.#windows.active = undefined;
      table.gone();
      this.#windows.remove(table);
      return 'the table is gone';
    }
    this.#upstream.env.crash?.('snapshot.window_read');
    active.read = read;
    table.windows.read(read.keys, read.invisible);
    active.closeLsn = await this.#mark(connection, number, 'close');
    this.#upstream.env.crash?.('snapshot.window_closed');
    const stopped = Promise.withResolvers<never>();
    const abort = (): void => stopped.reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    try {
      signal.throwIfAborted();
      return await Promise.race([promise, stopped.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async #mark(connection: Connection, window: number, kind: 'open' | 'close'): Promise<bigint> {
    const sql = emitMark({ run: this.#windows.run, window, kind }, this.#version);
    const row = await connection.one('writing a mark into the log', sql);
    return parseLsn(row?.['lsn']) ?? 0n;
  }

  /** undefined: the table does not exist. */
  async #read(
    connection: Connection,
    table: WindowTable,
    range: WindowRange,
    signal: AbortSignal,
  ): Promise<WindowRows | undefined> {
    const { options, rows, generated } = this.#upstream;
    const found = await this.#find(connection, table);
    if (found === undefined) return undefined;
    try {
      await lockTables(connection, [found], options.lockTimeoutMs);
      // The lock is held now: the definition that is read here is the one of the rows.
      const [current] = await loadTables(connection, this.#types, { oids: [found.oid], generated });
      if (current === undefined) return undefined;
      const selection = selectTable(current, this.#rows(current, rows).wanted, options, table.plan.filter);
      return await readWindow(connection, selection, this.#rows(current, rows), range, signal);
    } catch (error) {
      // Found before: it may have been dropped and made anew.
      this.#lastRows = undefined;
      if (error instanceof MillraceError && error.code === 'POSTGRES_SNAPSHOT_TABLE_GONE') return undefined;
      throw error;
    } finally {
      if (connection.broken === undefined && !signal.aborted) await connection.query('ending a window', 'ROLLBACK');
    }
  }

  readonly #types = new TypeRegistry();
  #lastRows: TableRows | undefined;

  async #find(connection: Connection, { schema, name }: WindowTable): Promise<Table | undefined> {
    const last = this.#lastRows?.table;
    if (last?.schema === schema && last.name === name) return last;
    const [found] = await loadTables(connection, this.#types, {
      captures: (inSchema, called) => inSchema === schema && called === name,
      generated: this.#upstream.generated,
    });
    return found;
  }

  /** The layouts stay the same while the table does: converters keep plans by layout. */
  #rows(table: Table, factory: SnapshotUpstream['rows']): TableRows {
    const last = this.#lastRows;
    if (last !== undefined && last.table.oid === table.oid && last.table.fingerprint === table.fingerprint) return last;
    this.#lastRows = factory.rows(table, 'binary');
    return this.#lastRows;
  }

  /**
   * Waits for transactions whose commit record is written, so that an earlier run may have
   * streamed them, but which wait for a synchronous standby and are invisible until then.
   */
  async #settled(connection: Connection): Promise<void> {
    const standby = await connection.one('preparing windows', 'SHOW synchronous_standby_names');
    if ((standby?.['synchronous_standby_names'] ?? '') === '') return;
    const waiting = async (): Promise<Set<string>> => {
      const rows = await connection.query(
        'preparing windows',
        `SELECT backend_xid::text AS xid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND backend_xid IS NOT NULL`,
      );
      return new Set(rows.map((row) => row['xid'] ?? ''));
    };
    const first = await waiting();
    for (let left = first; left.size > 0; left = first.intersection(await waiting())) {
      await this.#upstream.env.timers.sleep(RETRY_MS, this.#stop.signal);
    }
  }

  async #connect(): Promise<Connection> {
    const open = this.#connection;
    if (open !== undefined && open.broken === undefined) return open;
    const connection = await this.#upstream.connect({ unlimited: true });
    this.#connection = connection;
    this.#version = await serverVersion(connection);
    await prepareReader(connection);
    await connection.query('preparing windows', 'SET synchronous_commit = local');
    await this.#settled(connection);
    return connection;
  }
}
