import type { JsonObject } from '../../../../runtime/record/record.ts';
import { tableName, type Table } from '../../catalog/table.ts';
import type { StreamHooks } from '../../stream/stream-hooks.ts';
import type { BesideReader } from '../../stream/stream-start.ts';
import { wholeTable } from '../beside-plans.ts';
import { rowKey } from '../chunk-sql.ts';
import type { CapturedTable } from '../initial-snapshot.ts';
import { OutOfSight } from '../out-of-sight.ts';
import { ReadProgress } from '../../../../runtime/change/read-progress.ts';
import { StreamWindows } from './stream-windows.ts';
import { noProgress, type TablePlan, type TableProgress } from '../state.ts';
import type { SnapshotUpstream } from '../upstream.ts';
import { WindowLoop } from './window-loop.ts';
import { requestPlan, WindowRequests, type StoredRequests, type WindowRequest } from './requests.ts';
import { WindowTable } from './window-table.ts';

/** All that is read beside the stream: the windows' two sides, signals, and their progress. */
export class WindowSet implements BesideReader {
  readonly #upstream: SnapshotUpstream;
  readonly #sight = new OutOfSight();
  #stream: StreamWindows;
  #loop: WindowLoop;
  #requests: WindowRequests;
  #tables: readonly Table[] = [];
  #progress: ReadProgress | undefined;
  #counted: readonly WindowTable[] = [];
  #pending: readonly { readonly request: WindowRequest; readonly table: Table }[] = [];

  constructor(upstream: SnapshotUpstream) {
    this.#upstream = upstream;
    this.#requests = this.#makeRequests([], new Set());
    this.#stream = new StreamWindows(upstream, upstream.env.random.uuid(), {
      annotation: () => this.#annotation(),
      signal: (event) => this.#requests.signal(event),
      learned: (table) => this.#learned(table),
      left: (oid) => this.#sight.left(oid),
      finished: (table) => {
        this.#sight.finished(table.plan.plan);
        this.#requests.finished(table);
      },
    });
    this.#loop = new WindowLoop(upstream, this.#stream, {
      window: (table, outcome) => this.#window(table, outcome),
      failed: (table, error) => this.#failed(table, error),
    });
  }

  get hooks(): StreamHooks {
    return this.#stream;
  }

  /** The captured tables: their rows are read, or the stored state says what of them is. */
  known(captured: readonly CapturedTable[]): void {
    this.#tables = captured.map(({ table }) => table);
    for (const table of this.#tables) this.#sight.captured(table);
    this.#requests = this.#makeRequests([], new Set(this.#tables.map((table) => tableName(table))));
  }

  /** A table of which chunks are open. */
  add(open: { table: Table; plan: TablePlan; progress: TableProgress; written: boolean }): void {
    const { options, server } = this.#upstream;
    const { table, plan, progress, written } = open;
    const windows = new WindowTable(server, table, plan, progress, {
      columns: rowKey(table).length,
      rows: options.windowRows,
      recent: this.#stream.recent,
      written,
    });
    this.#stream.add(table.oid, windows);
    this.#loop.add(windows);
    this.#begin(windows);
  }

  drop(oid: number, visible: string, untilLsn: bigint): void {
    this.#stream.drop(oid, visible, untilLsn);
  }

  /** Takes up what signals asked for before the restart and no offset of a table has yet. */
  resume(stored: StoredRequests): void {
    const working = new Set(this.#loop.queue.map(({ plan }) => plan.plan));
    const open = stored.requests.filter(({ plan }) => !stored.stopped.includes(plan));
    this.#requests = this.#makeRequests(open, new Set(this.#tables.map((table) => tableName(table))));
    for (const request of open) {
      const table = this.#tables.find((each) => tableName(each) === request.table);
      if (table !== undefined && !working.has(request.plan)) this.#start(request, table);
    }
  }

  get failure(): Error | undefined {
    return this.#stream.failure;
  }

  outOfSight(oid: number): boolean {
    return this.#sight.has(oid);
  }

  /** Whatever is read of the table already does not count. */
  read(table: Table, membership: string): string | undefined {
    const { options, env } = this.#upstream;
    const name = tableName(table);
    if (options.mode === 'no_data') return 'snapshot.mode=no_data, ask with execute-snapshot';
    if (!options.includes(name)) return 'snapshot.include.collection.list, ask with execute-snapshot';
    this.#meet(table);
    if (rowKey(table).length === 0) return 'it has no key, so it is read at the next start';
    for (const other of this.#loop.queue.filter(({ plan }) => plan.table === name)) this.#end(other);
    const open = wholeTable(table, env.random.uuid(), new Map([[table.oid, membership]]));
    this.#sight.reading(table.oid, open.plan.plan);
    this.add(open);
    return undefined;
  }

  #annotation(): JsonObject | undefined {
    const kept = this.#requests.annotation();
    const left = this.#sight.names();
    return left.length === 0 ? kept : { ...kept, 'millrace.left': JSON.stringify(left) };
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await this.#loop.close();
  }

  #makeRequests(requests: readonly WindowRequest[], stored: ReadonlySet<string>): WindowRequests {
    return new WindowRequests(
      this.#upstream,
      {
        tables: () => this.#tables,
        start: (request, table) => this.#start(request, table),
        stop: (matches) => this.#stop(matches),
        pause: (paused) => {
          this.#loop.paused = paused;
          this.#loop.wake();
        },
      },
      { requests, stored },
    );
  }

  /** A table is read for one plan at a time, in the order they were asked for. */
  #start(request: WindowRequest, table: Table): void {
    if (this.#loop.queue.some((other) => other.plan.table === request.table && !other.finished)) {
      this.#pending = [...this.#pending, { request, table }];
      return;
    }
    const plan = requestPlan(request, table, this.#upstream.published.get(table.oid) ?? '');
    this.add({ table, plan, progress: noProgress(plan.plan), written: false });
  }

  #stop(matches: (table: string) => boolean): readonly string[] {
    const ended = this.#loop.queue.filter(({ plan }) => plan.signal !== undefined && matches(plan.table));
    const pending = this.#pending.filter(({ request }) => matches(request.table));
    this.#pending = this.#pending.filter((each) => !pending.includes(each));
    for (const table of ended) this.#end(table);
    return [...ended.map(({ plan }) => plan.plan), ...pending.map(({ request }) => request.plan)];
  }

  /** What was asked for while the table was being read for something else. */
  #startPending(name: string): void {
    const next = this.#pending.find(({ request }) => request.table === name);
    if (next === undefined) return;
    this.#pending = this.#pending.filter((each) => each !== next);
    this.#start(next.request, next.table);
  }

  #end(table: WindowTable): void {
    this.#loop.remove(table);
    this.#stream.remove(table);
  }

  /** What a signal asked for must not stop the task, nor be tried for ever. */
  #failed(table: WindowTable, error: Error): boolean {
    if (table.plan.signal === undefined) return false;
    this.#end(table);
    this.#requests.abandon(table, error);
    this.#startPending(table.plan.table);
    return true;
  }

  /** The stream has all rows of a table that was made since the start, unless it was out of sight. */
  #learned(table: Table): void {
    const outOfSight = this.#sight.captured(table);
    if (!outOfSight && !this.#upstream.published.has(table.oid)) this.#requests.learned(table);
    this.#meet(table);
  }

  /** Signals may name it. */
  #meet(table: Table): void {
    this.#tables = [...this.#tables.filter(({ oid }) => oid !== table.oid), table];
  }

  /** The figures cover all tables since the windows were last idle. */
  #begin(added: WindowTable): void {
    const { env, context } = this.#upstream;
    this.#counted = [...this.#counted.filter((table) => this.#loop.queue.includes(table) || table.finished), added];
    const { rows, chunks } = this.#amounts();
    this.#progress = new ReadProgress(
      context,
      {
        rowsDone: rows,
        rowsEstimated: 0,
        chunksDone: chunks,
        chunksTotal: this.#counted.reduce((sum, { plan }) => sum + plan.chunks, 0),
      },
      env.clock.monotonicMs(),
    );
  }

  #amounts(): { rows: number; chunks: number } {
    return {
      rows: this.#counted.reduce((sum, table) => sum + table.rows, 0),
      chunks: this.#counted.reduce((sum, table) => sum + table.chunksDone, 0),
    };
  }

  #window(table: WindowTable, outcome: string): void {
    const { context, env } = this.#upstream;
    if (outcome !== 'emitted') {
      context.log.debug(`a window of ${table.plan.table} is read again: ${outcome}`);
      // Dropped, or renamed: then it may come back.
      if (table.finished && table.plan.oid !== undefined) this.#sight.left(table.plan.oid);
      return;
    }
    const { rows, chunks } = this.#amounts();
    this.#progress?.update(rows, chunks);
    this.#progress?.show(env.clock.monotonicMs());
    if (!table.finished) return;
    context.log.info(`${table.plan.table} is read`, { rows: table.rows });
    this.#startPending(table.plan.table);
    if (this.#loop.queue.every((each) => each === table || each.finished)) this.#counted = [];
  }
}
