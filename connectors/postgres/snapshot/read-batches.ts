import type { Progress, SourceBatch } from '../../../runtime/connector/source.ts';
import type { RowBlock } from '../../../runtime/record/row-block.ts';
import { META } from '../row/source-block.ts';
import type { ChunkJob, ChunkRows } from './chunk-readers.ts';
import type { ReadMarker } from './read-meta.ts';
import { tableProgress, type TableProgress } from './state.ts';

/** Where rows of chunks come from. */
export interface RowsSource {
  next(signal: AbortSignal): Promise<ChunkRows | null>;
}

/** What is kept of a chunk's rows. */
interface Part {
  readonly job: ChunkJob;
  readonly last: boolean;
  /** undefined: there are none, and their block is the reader's again. */
  readonly rows: ChunkRows | undefined;
}

interface Done {
  readonly chunks: Set<number>;
  /** Of the chunks that are done. */
  rows: number;
  /** Rows of it have been handed over. */
  begun: boolean;
  /** As of the last chunk that was done. */
  progress: Progress | undefined;
}

export interface ReadBatchesOptions {
  readonly server: string;
  /** Progress of tables of which some chunks were read before. */
  readonly before: ReadonlyMap<string, TableProgress>;
  /** Chunks of each table that make it complete. */
  readonly chunks: ReadonlyMap<string, number>;
  /** Added to the progress of a table that is complete. */
  readonly finished: Partial<TableProgress>;
  readonly taken: (rows: ChunkRows) => void;
}

/**
 * Makes batches of what the chunk readers read. Every batch of a chunk carries its table's progress,
 * the last one with the chunk among those that are done: so the done mark is never durable before
 * all of the chunk's rows are (I3).
 *
 * A batch is held back, because only the next one with rows tells whether its last row is the table's, or
 * the snapshot's, last (`source.snapshot`).
 */
export class ReadBatches {
  readonly #source: RowsSource;
  readonly #options: ReadBatchesOptions;
  readonly #tables = new Map<string, Done>();
  readonly #chunkRows = new Map<ChunkJob, number>();
  /** The last rows read, and ends of chunks without rows that came after them. */
  #held: Part[] = [];
  readonly #out: SourceBatch[] = [];
  #first = true;
  #ended = false;

  constructor(source: RowsSource, options: ReadBatchesOptions) {
    this.#source = source;
    this.#options = options;
    for (const [table, { done, rows }] of options.before) {
      this.#tables.set(table, { chunks: new Set(done), rows, begun: rows > 0, progress: undefined });
    }
  }

  /** The next batch; null: everything was handed over. */
  async next(signal: AbortSignal): Promise<SourceBatch | null> {
    for (;;) {
      const batch = this.#out.shift();
      if (batch !== undefined) return batch;
      if (this.#ended) return null;
      const rows = await this.#source.next(signal);
      if (rows === null) {
        this.#ended = true;
        this.#flush('last');
        continue;
      }
      this.#options.taken(rows);
      this.#take(rows);
    }
  }

  #take(rows: ChunkRows): void {
    const { job, last, block } = rows;
    if (block.count > 0) {
      this.#flush(undefined);
      this.#held = [{ job, last, rows }];
      return;
    }
    // The next rows may be many chunks away, and a reader without blocks would never come to them (I7).
    rows.release();
    const end: Part = { job, last, rows: undefined };
    if (this.#held.length > 0) this.#held.push(end);
    else this.#out.push(this.#batch(end, undefined));
  }

  /** Makes batches of what is held: rows, and ends of chunks without rows. */
  #flush(end: 'last' | undefined): void {
    const [first] = this.#held;
    if (first === undefined) return;
    const own = this.#held.filter(({ job }) => job.work === first.job.work);
    const mark = end ?? (this.#completes(own) ? 'last_in_data_collection' : undefined);
    this.#out.push(...this.#held.map((part) => this.#batch(part, part === first ? mark : undefined)));
    this.#held = [];
  }

  #done({ job }: Part): Done {
    const name = job.work.plan.table;
    let done = this.#tables.get(name);
    if (done === undefined) {
      done = { chunks: new Set(), rows: 0, begun: false, progress: undefined };
      this.#tables.set(name, done);
    }
    return done;
  }

  /** Whether these, which are of one table, end the last of its chunks. */
  #completes(held: readonly Part[]): boolean {
    const [first] = held;
    if (first === undefined) return false;
    const chunks = new Set(this.#done(first).chunks);
    for (const { last, job } of held) if (last) chunks.add(job.number);
    return chunks.size >= this.#total(first);
  }

  #total({ job }: Part): number {
    return this.#options.chunks.get(job.work.plan.table) ?? 1;
  }

  #batch(part: Part, end: 'last' | 'last_in_data_collection' | undefined): SourceBatch {
    const { job, last, rows } = part;
    const done = this.#done(part);
    if (rows !== undefined) this.#mark(rows, done, end);
    const read = (this.#chunkRows.get(job) ?? 0) + (rows?.block.count ?? 0);
    this.#chunkRows.set(job, read);
    if (last) {
      done.chunks.add(job.number);
      done.rows += read;
      done.progress = undefined;
      this.#chunkRows.delete(job);
    }
    done.progress ??= this.#progress(part, done);
    const progress = [done.progress];
    return rows === undefined
      ? { records: [], progress }
      : { records: rows.block, progress, release: () => rows.release() };
  }

  #mark(rows: ChunkRows, done: Done, end: 'last' | 'last_in_data_collection' | undefined): void {
    const { block } = rows;
    if (!done.begun) this.#set(rows, 0, this.#first ? 'first' : 'first_in_data_collection');
    const only = block.count === 1 && this.#first && end === 'last_in_data_collection';
    // A table's only row is its last, the snapshot's first row stays its first.
    if (end !== undefined && !only) this.#set(rows, block.count - 1, end);
    done.begun = true;
    this.#first = false;
  }

  #set(rows: ChunkRows, row: number, marker: ReadMarker): void {
    setMarker(rows.block, row, rows.label(marker), marker);
  }

  #progress(part: Part, done: Done): Progress {
    const { server, finished } = this.#options;
    const { plan } = part.job.work;
    const complete = done.chunks.size >= this.#total(part);
    return tableProgress(server, plan.table, {
      plan: plan.plan,
      done: new Set(done.chunks),
      again: [],
      rows: done.rows,
      finished: complete,
      ...(complete ? finished : {}),
    });
  }
}

function setMarker(block: RowBlock, row: number, at: number, marker: ReadMarker): void {
  const cell = ((block.firstCell[row] ?? 0) + META.snapshot) * 2;
  block.cells[cell] = at;
  block.cells[cell + 1] = marker.length;
}
