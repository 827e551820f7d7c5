import { readSignal, signalsUnseen } from '../../../../runtime/change/signal.ts';
import type { JsonObject } from '../../../../runtime/record/record.ts';
import type { RowBlock } from '../../../../runtime/record/row-block.ts';
import type { TableRows } from '../../row/table-rows.ts';
import { META_CELLS } from '../../row/source-block.ts';
import { ChunkLoop, type LoopEdges } from './chunk-loop.ts';
import { ChunkProgress } from './chunk-progress.ts';
import { Requests } from './requests.ts';
import { cellText } from './row-keys.ts';
import { StreamWindows } from './stream-windows.ts';

export type IncrementalEdges = Pick<
  LoopEdges,
  | 'env'
  | 'context'
  | 'rows'
  | 'pool'
  | 'chunkRows'
  | 'snapshotChunkRows'
  | 'lockTimeoutMs'
  | 'connect'
  | 'place'
  | 'nudge'
  | 'fail'
>;

/** Incremental snapshots of one task: hears the stream's events, and reads what signals ask for beside it. */
export class Incremental {
  readonly windows = new StreamWindows();
  readonly #requests: Requests;
  readonly #loop: ChunkLoop;
  readonly #signalTable: string | undefined;
  readonly #edges: IncrementalEdges;

  /** `offset`: the stream's, as it is stored; `signalTable`: `database.table`. */
  constructor(edges: IncrementalEdges, signalTable: string | undefined, offset: JsonObject | undefined) {
    this.#edges = edges;
    this.#signalTable = signalTable;
    this.#requests = new Requests(edges.context.log, offset);
    this.#loop = new ChunkLoop({
      ...edges,
      windows: this.windows,
      requests: this.#requests,
      progress: new ChunkProgress(edges.context, edges.chunkRows),
    });
  }

  /** Goes on with what was asked for before. The stream stands. */
  start(): void {
    this.#warn();
    if (!this.#requests.idle) this.#loop.wake();
  }

  /** What the stream's offset has to keep. */
  annotation(): JsonObject | undefined {
    return this.#requests.annotation();
  }

  /** Records were added to the block, from this row on. */
  rows(table: TableRows, block: RowBlock, from: number): void {
    if (this.windows.listening) this.windows.rows(table, block, from);
    if (table.collection === this.#signalTable) this.#signals(table, block, from);
  }

  /** A definition changed, or a table was emptied. */
  defined(): void {
    this.windows.defined();
  }

  /** Idempotent. */
  close(): Promise<void> {
    return this.#loop.close();
  }

  #signals(table: TableRows, block: RowBlock, from: number): void {
    for (let row = from; row < block.count; row++) {
      if (block.layout(row) !== table.layouts.create) continue;
      const image = (block.firstCell[row] ?? 0) + META_CELLS;
      const [id, type, data] = [0, 1, 2].map((cell) => cellText(table.table, cell, block, image));
      const ends = this.#requests.signal(readSignal(id ?? '', type ?? '', data ?? null));
      if (ends) this.windows.cancel('a signal ended it');
    }
    this.#loop.wake();
  }

  #warn(): void {
    const { rows, context } = this.#edges;
    const name = this.#signalTable;
    if (name === undefined) return;
    const dot = name.indexOf('.');
    const captured = rows.captures(name.slice(0, dot), name.slice(dot + 1));
    const why = captured ? 'inserts are skipped (skipped.operations)' : 'which is not captured';
    const unseen = !captured || rows.options.skipped.has('c');
    context.warning('MYSQL_SIGNALS_UNSEEN', unseen ? signalsUnseen(name, why) : null);
  }
}
