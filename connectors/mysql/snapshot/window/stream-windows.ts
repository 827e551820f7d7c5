import type { RowBlock } from '../../../../runtime/record/row-block.ts';
import { UNCHANGED_CELL } from '../../../../runtime/record/row-block.ts';
import { TableWindows } from '../../../../runtime/change/windows.ts';
import { RecentTransactions } from '../../../../runtime/change/recent-transactions.ts';
import { comparePlaces } from '../../binlog/compare-places.ts';
import type { StreamPlace } from '../../offset.ts';
import { META_CELLS } from '../../row/source-block.ts';
import type { TableRows } from '../../row/table-rows.ts';
import { covers, type ChunkPlace, type FilePlace } from './chunk-place.ts';
import { RowKeys } from './row-keys.ts';

/** A chunk that was read and is held until the stream stands at its place. */
export interface HeldChunk {
  readonly block: RowBlock;
  /** Per row, in order. */
  readonly keys: readonly string[];
  readonly place: ChunkPlace;
  /** Its rows go into the stream now: what is stored from here on says so. */
  done(rows: number): void;
}

/** The chunk that is under way: at most one. */
interface Active {
  /** `database.table` */
  readonly table: string;
  readonly key: readonly string[];
  /** Where the stream stood when it began to listen. */
  readonly start: StreamPlace;
  readonly windows: TableWindows;
  readonly keysOf: WeakMap<TableRows, RowKeys>;
  held: HeldChunk | undefined;
  repeat: string | undefined;
  readonly settle: (outcome: string) => void;
}

/** `emitted`, or why the chunk has to be read again. */
export interface Window {
  readonly outcome: Promise<string>;
  read(chunk: HeldChunk): void;
}

const NO_TRANSACTIONS = new RecentTransactions(1);

/**
 * The stream's side of an incremental snapshot. From before a chunk is read until the stream stands at the chunk's
 * place, every record of a key takes the key's row out of the chunk: so the order per key never goes back (I4).
 */
export class StreamWindows {
  #active: Active | undefined;
  /** Everything before it was handed over. undefined: not known since the last connection. */
  #passed: FilePlace | undefined;
  #settled = false;

  /** Rows of the stream concern a chunk. */
  get listening(): boolean {
    return this.#active !== undefined;
  }

  /** A chunk of `table` is about to be read; undefined: the stream does not know yet where it stands. */
  begin(table: string, key: readonly string[], start: StreamPlace): Window | undefined {
    if (!this.#settled) return undefined;
    const { promise, resolve } = Promise.withResolvers<string>();
    const windows = new TableWindows(NO_TRANSACTIONS);
    windows.begin();
    windows.opened();
    const active: Active = {
      table,
      key,
      start,
      windows,
      keysOf: new WeakMap(),
      held: undefined,
      repeat: undefined,
      settle: resolve,
    };
    this.#active = active;
    return {
      outcome: promise,
      read: (chunk) => {
        if (this.#active !== active) return;
        if (!covers(chunk.place.low, active.start)) active.repeat = 'the server does not show yet what was streamed';
        active.held = chunk;
        windows.read(chunk.keys, () => false);
      },
    };
  }

  /** Ends the chunk under way; it may be read again. */
  cancel(why: string): void {
    const active = this.#active;
    this.#active = undefined;
    active?.settle(why);
  }

  /** Records were added to the block, from this row on. */
  rows(table: TableRows, block: RowBlock, from: number): void {
    const active = this.#active;
    if (active === undefined || table.collection !== active.table) return;
    let keys = active.keysOf.get(table);
    if (keys === undefined) {
      keys = new RowKeys(table.table, active.key, 'binlog');
      active.keysOf.set(table, keys);
    }
    const width = table.table.columns.length;
    for (let row = from; row < block.count; row++) {
      const first = (block.firstCell[row] ?? 0) + META_CELLS;
      const images = Math.round((block.layout(row).cells - META_CELLS) / width);
      const before = images < 1 ? null : keys.key(block, first);
      const after = images < 2 ? before : keys.key(block, first + width);
      if (before === null || after === null || leftOut(block, first, images * width)) active.windows.unknown();
      else active.windows.changed(before, after, false);
    }
  }

  /** A definition changed, or a table was emptied. */
  defined(): void {
    if (this.#active !== undefined) this.#active.repeat ??= 'a table was changed';
  }

  /** A transaction was handed over whole, or the server says that it has sent everything: the place is exact now. */
  settle(): void {
    this.#settled = true;
  }

  /** Between transactions: everything before this place was handed over. */
  passed(file: string, position: number): void {
    this.#passed = { file, position };
  }

  /** The stream connects again: places may be another server's, and rows may come a second time. */
  restarted(): void {
    this.#passed = undefined;
    this.#settled = false;
    this.cancel('the stream was connected anew');
  }

  /** Whether the chunk that is held has its turn. */
  get due(): boolean {
    const held = this.#active?.held;
    const passed = this.#passed;
    if (held === undefined || passed === undefined) return false;
    const { high } = held.place;
    return comparePlaces(passed.file, passed.position, high.file, high.position) >= 0;
  }

  /** Takes the chunk that is {@link due}: its rows, fit to go out; undefined: it is read again. */
  take(): RowBlock | undefined {
    const active = this.#active;
    const held = active?.held;
    if (active === undefined || held === undefined) return undefined;
    this.#active = undefined;
    const outcome = active.windows.closed();
    const repeat = active.repeat ?? (outcome.kind === 'repeat' ? outcome.reason : undefined);
    if (repeat !== undefined || outcome.kind === 'repeat') {
      active.settle(repeat ?? '');
      return undefined;
    }
    held.block.keep(outcome.rows);
    held.done(outcome.rows.length);
    active.settle('emitted');
    return held.block;
  }
}

/** Whether the binlog left out values: the stream has not got the whole row. */
function leftOut(block: RowBlock, first: number, cells: number): boolean {
  for (let cell = first; cell < first + cells; cell++) {
    if (block.cells[cell * 2 + 1] === UNCHANGED_CELL) return true;
  }
  return false;
}
