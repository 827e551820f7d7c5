import { RowBlock } from '../../../../runtime/record/row-block.ts';
import { tableName } from '../../catalog/table.ts';
import type { Connection } from '../../connection.ts';
import { META_CELLS } from '../../row/source-block.ts';
import type { TableRows } from '../../row/table-rows.ts';
import { CopyOut, CopyStatus } from '../../wire/copy-out.ts';
import { copyWindow, type Selection, type WindowRange } from '../chunk-sql.ts';
import { CopyRows, type BlockPool } from '../copy-rows.ts';
import { joinKey } from './row-keys.ts';
import { MARKERS } from '../read-meta.ts';
import { invisibleIn } from '../visibility.ts';

/** A window's rows are held until it closes (I7). */
export const WINDOW_BYTES = 16 << 20;
const START_BYTES = 256 << 10;

/** The rows of a window, read and held. */
export interface WindowRows {
  readonly block: RowBlock;
  /** Per row, in order. */
  readonly keys: readonly string[];
  /** Which transactions the rows do not show. */
  readonly invisible: (xid: number) => boolean;
  /** Version of the table that was read. */
  readonly fingerprint: string;
  /** The range has more rows: the limit, or the byte bound, cut it. */
  readonly more: boolean;
  /** Bytes that were held. */
  readonly bytes: number;
}

/**
 * Reads a window in the open transaction of the connection: its snapshot and its rows belong
 * together. What goes beyond the byte bound is read and dropped, so that the next window can begin
 * there.
 */
export async function readWindow(
  connection: Connection,
  selection: Selection,
  rows: TableRows,
  range: WindowRange,
  signal: AbortSignal,
): Promise<WindowRows> {
  const name = tableName(selection.table);
  const snapshot = await connection.one(`reading ${name}`, 'SELECT pg_current_snapshot() AS visible');
  const layout = rows.layouts.read;
  const invisible = invisibleIn(snapshot?.['visible'] ?? '');
  const held = new HeldRows(selection.key.length);
  const { fingerprint } = selection.table;
  if (layout === null) return { block: held.block, keys: [], invisible, fingerprint, more: false, bytes: 0 };
  const status = new CopyStatus();
  const width = selection.table.columns.length;
  const reader = new CopyRows(
    {
      layout,
      meta: () => NO_META,
      labels: MARKERS,
      fields: width + selection.key.length,
      cells: layout.cells - META_CELLS,
      blockBytes: START_BYTES,
      maxBlockBytes: WINDOW_BYTES,
      extra: (_row, field, arena, at, length) => held.keyPart(field, arena, at, length),
    },
    held,
    status,
  );
  const copy = CopyOut.start(connection, `reading ${name}`, copyWindow(selection, range), reader, status);
  const abort = (): void => copy.fail(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    signal.throwIfAborted();
    await copy.finished;
  } finally {
    signal.removeEventListener('abort', abort);
  }
  const limited = range.kind === 'range' && held.keys.length >= range.limit;
  const more = limited || held.cut;
  return { block: held.block, keys: held.keys, invisible, fingerprint, more, bytes: held.bytes };
}

const NO_META: readonly null[] = Array.from({ length: META_CELLS }, () => null);

/** Keeps the first block and its keys; later blocks are filled and forgotten. */
class HeldRows implements BlockPool {
  readonly block = new RowBlock(Buffer.allocUnsafeSlow(START_BYTES), 1024, 1 << 15);
  readonly keys: string[] = [];
  readonly #columns: number;
  readonly #parts: string[] = [];
  #taken = 0;
  #spare: RowBlock | undefined;

  constructor(columns: number) {
    this.#columns = columns;
  }

  /** Rows did not fit. */
  get cut(): boolean {
    return this.#taken > 1;
  }

  get bytes(): number {
    return this.block.arena.length;
  }

  take(): RowBlock {
    if (this.#taken++ === 0) return this.block;
    const spare = this.#spare ?? new RowBlock(Buffer.allocUnsafeSlow(START_BYTES), 1024, 1 << 15);
    this.#spare = undefined;
    return spare;
  }

  full(block: RowBlock): void {
    if (block !== this.block) this.#spare = block;
  }

  keyPart(field: number, arena: Buffer, at: number, length: number): void {
    if (this.cut) return;
    this.#parts[field] = arena.toString('latin1', at, at + Math.max(0, length));
    if (field === this.#columns - 1) this.keys.push(joinKey(this.#parts));
  }
}
