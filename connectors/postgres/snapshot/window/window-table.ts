import { TableWindows } from '../../../../runtime/change/windows.ts';
import type { RecentTransactions } from '../../../../runtime/change/recent-transactions.ts';
import type { Progress } from '../../../../runtime/connector/source.ts';
import type { Table } from '../../catalog/table.ts';
import type { WindowRange } from '../chunk-sql.ts';
import { splitKey, TupleKeys } from './row-keys.ts';
import { keyChunks } from '../snapshot-plan.ts';
import {
  noProgress,
  tablePlanProgress,
  tableProgress,
  type KeyTexts,
  type TablePlan,
  type TableProgress,
} from '../state.ts';
import { WINDOW_BYTES, type WindowRows } from './window-read.ts';

/** Keys read again in one window. */
const AGAIN_PER_WINDOW = 500;
const MAX_WINDOW_ROWS = 65_536;

/**
 * One table that windows read: which chunks are open, how far the first of them is, and the
 * windows' state. Chunks are read in order, each in as many windows as its rows need.
 */
export class WindowTable {
  readonly plan: TablePlan;
  readonly schema: string;
  readonly name: string;
  readonly windows: TableWindows;
  readonly #columns: number;
  readonly #server: string;
  readonly #done: Set<number>;
  #after: KeyTexts | undefined;
  #rows: number;
  #limit: number;
  /** The plan has to be written with the first progress. */
  #written: boolean;
  #restarting = false;
  #keys: TupleKeys | undefined;
  #keysOf: Table | undefined;

  constructor(
    server: string,
    table: Pick<Table, 'schema' | 'name'>,
    plan: TablePlan,
    progress: TableProgress,
    options: {
      readonly columns: number;
      readonly rows: number;
      readonly recent: RecentTransactions;
      readonly written: boolean;
    },
  ) {
    this.#server = server;
    this.plan = plan;
    this.schema = table.schema;
    this.name = table.name;
    this.#columns = options.columns;
    this.#done = new Set(progress.done);
    this.#after = progress.after;
    this.#rows = progress.rows;
    this.#limit = Math.max(1, options.rows);
    this.#written = options.written;
    this.windows = new TableWindows(options.recent, progress.again);
  }

  /** Rows that windows have handed over, and those read before. */
  get rows(): number {
    return this.#rows;
  }

  get chunksDone(): number {
    return this.#done.size;
  }

  get finished(): boolean {
    return this.#done.size >= this.plan.chunks && this.windows.again.size === 0 && !this.windows.overflow;
  }

  /** It is read from its start, and what is stored says so only after the next window. */
  get restarting(): boolean {
    return this.#restarting || this.windows.overflow;
  }

  /** What the next window reads, and begins it. */
  begin(): WindowRange {
    if (this.windows.overflow) this.#restart();
    const again = [...this.windows.again].slice(0, AGAIN_PER_WINDOW);
    this.windows.begin(again);
    if (again.length > 0) return { kind: 'keys', keys: again.map((key) => splitKey(key, this.#columns)) };
    const chunk = keyChunks(this.plan.bounds)[this.#current()];
    return {
      kind: 'range',
      limit: this.#limit,
      ...(this.#after === undefined ? {} : { after: this.#after }),
      ...(chunk?.kind === 'keys' && chunk.from !== undefined ? { from: chunk.from } : {}),
      ...(chunk?.kind === 'keys' && chunk.to !== undefined ? { to: chunk.to } : {}),
    };
  }

  /** The rows of the window's range are in the stream: its done mark, with the plan where it is not stored yet. */
  advance(range: WindowRange, read: WindowRows, emitted: number): readonly Progress[] {
    this.#rows += emitted;
    this.#restarting = false;
    if (range.kind === 'range') {
      const last = read.keys.at(-1);
      if (read.more && last !== undefined) {
        this.#after = splitKey(last, this.#columns);
      } else {
        this.#done.add(this.#current());
        this.#after = undefined;
      }
      this.#adapt(read);
    }
    const written = this.#written;
    this.#written = true;
    const progress = tableProgress(this.#server, this.plan.table, this.progress());
    return written ? [progress] : [tablePlanProgress(this.#server, this.plan), progress];
  }

  progress(): TableProgress {
    return {
      plan: this.plan.plan,
      done: new Set(this.#done),
      again: [...this.windows.again],
      rows: this.#rows,
      finished: this.finished,
      ...(this.#after === undefined ? {} : { after: this.#after }),
    };
  }

  /** The table does not exist any more. */
  gone(): void {
    for (let chunk = 0; chunk < this.plan.chunks; chunk++) this.#done.add(chunk);
    this.#after = undefined;
    this.windows.restart();
  }

  /** Finds keys in tuples of this version of the table. */
  keys(table: Table): TupleKeys {
    if (this.#keysOf !== table || this.#keys === undefined) {
      this.#keys = new TupleKeys(table);
      this.#keysOf = table;
    }
    return this.#keys;
  }

  /** The first chunk that is open. */
  #current(): number {
    let chunk = 0;
    while (this.#done.has(chunk)) chunk++;
    return chunk;
  }

  #restart(): void {
    this.windows.restart();
    this.#restarting = true;
    this.#done.clear();
    this.#after = undefined;
    this.#rows = noProgress(this.plan.plan).rows;
  }

  /** Windows grow while they stay well below the bound of what may be held. */
  #adapt(read: WindowRows): void {
    if (read.bytes >= WINDOW_BYTES / 2) this.#limit = Math.max(1, Math.min(read.keys.length, this.#limit >> 1));
    else if (read.more && read.bytes < WINDOW_BYTES / 8) this.#limit = Math.min(MAX_WINDOW_ROWS, this.#limit * 2);
  }
}
