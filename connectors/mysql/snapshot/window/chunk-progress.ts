import type { TaskContext } from '../../../../runtime/connector/context.ts';
import type { Requests } from './requests.ts';

/** Tells the runtime how far incremental snapshots are. */
export class ChunkProgress {
  readonly #context: Pick<TaskContext, 'gauge'>;
  readonly #chunkRows: number;
  /** Rows of tables as the server estimates them. */
  readonly #estimates = new Map<string, number>();
  #rows = 0;
  #chunks = 0;
  #began = false;

  constructor(context: Pick<TaskContext, 'gauge'>, chunkRows: number) {
    this.#context = context;
    this.#chunkRows = chunkRows;
  }

  estimate(table: string, rows: number): void {
    this.#estimates.set(table, rows);
  }

  /** A chunk's rows went out. */
  chunk(rows: number): void {
    this.#began = true;
    this.#rows += rows;
    this.#chunks++;
  }

  show({ queue }: Pick<Requests, 'queue'>): void {
    if (!this.#began && queue.length === 0) return;
    let rows = 0;
    let chunks = 0;
    for (const { table, rows: done, chunks: parts } of queue) {
      const left = Math.max(0, (this.#estimates.get(table) ?? 0) - done);
      rows += left;
      chunks += Math.max(parts === 0 ? 1 : 0, Math.ceil(left / this.#chunkRows));
    }
    this.#context.gauge('snapshot_rows_done', this.#rows);
    this.#context.gauge('snapshot_rows_estimated', this.#rows + rows);
    this.#context.gauge('snapshot_chunks_done', this.#chunks);
    this.#context.gauge('snapshot_chunks_total', this.#chunks + chunks);
  }
}
