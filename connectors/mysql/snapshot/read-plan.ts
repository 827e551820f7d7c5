import type { Connection } from '../connection.ts';
import { tableName } from '../catalog/table.ts';
import type { KeyRange, TableWork } from './table-work.ts';
import { KeyRow } from './window/chunk-rows.ts';
import { boundarySql, keyColumns } from './window/key-sql.ts';

/** What a reader reads next. */
export interface Part {
  readonly work: TableWork;
  readonly range: KeyRange;
}

/** Hands out the tables of a snapshot, chunk by chunk, in their order. */
export class ReadPlan {
  readonly works: readonly TableWork[];
  readonly #chunkRows: number;
  #last: Promise<unknown> = Promise.resolve();

  /** `chunkRows`: rows of a chunk. */
  constructor(works: readonly TableWork[], chunkRows: number) {
    this.works = works;
    this.#chunkRows = chunkRows;
  }

  get estimatedChunks(): number {
    const chunks = this.works.map(({ divisible, estimate }) => (divisible ? estimate / this.#chunkRows : 1));
    return chunks.reduce((sum, count) => sum + Math.max(1, Math.ceil(count)), 0);
  }

  /** The next part, cut on the connection that will read it; undefined: there is none. One at a time. */
  next(reader: Connection, signal: AbortSignal): Promise<Part | undefined> {
    const next = this.#last.then(
      () => this.#take(reader, signal),
      () => this.#take(reader, signal),
    );
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #take(reader: Connection, signal: AbortSignal): Promise<Part | undefined> {
    for (const work of this.works) {
      const range = work.take();
      if (range === undefined) continue;
      if (!work.divisible) return { work, range };
      const { table } = work;
      const sink = new KeyRow(keyColumns(table));
      const sql = boundarySql(table, range, this.#chunkRows);
      await reader.rows(`dividing ${tableName(table)}`, sql, sink, signal);
      // Two rows: the last of the chunk, and one that is behind it.
      const [to] = sink.keys;
      return { work, range: sink.keys.length < 2 || to === undefined ? range : work.cut(range, to) };
    }
    return undefined;
  }
}
