import { Waiters } from '../../../runtime/change/waiters.ts';
import { RowBlock } from '../../../runtime/record/row-block.ts';
import type { RowLayout } from '../../../runtime/record/row-layout.ts';
import { tableName } from '../catalog/table.ts';
import type { Connection } from '../connection.ts';
import { META_CELLS } from '../row/source-block.ts';
import { CopyOut, CopyStatus } from '../wire/copy-out.ts';
import { copyChunk, type Chunk } from './chunk-sql.ts';
import { CopyRows, type BlockPool } from './copy-rows.ts';
import { MARKERS } from './read-meta.ts';
import type { TableWork } from './snapshot-plan.ts';

const BLOCK_BYTES = 1 << 20;
/** Blocks of one reader that are filled or under way (I7). */
const BLOCKS_PER_READER = 4;
/** An arena that one large row made grow is not kept. */
const KEEP_BYTES = 4 << 20;

/** A chunk to read. */
export interface ChunkJob {
  readonly work: TableWork;
  readonly chunk: Chunk;
  /** Its number in the table's plan. */
  readonly number: number;
  /** null: no record of its rows is wanted, and nothing is read. */
  readonly layout: RowLayout | null;
}

/** Rows of a chunk. Those of one chunk come in order; chunks of several readers mix. */
export interface ChunkRows {
  readonly job: ChunkJob;
  readonly block: RowBlock;
  /** The chunk is complete with these rows, or without any more. */
  readonly last: boolean;
  /** Where the arena has the text of a marker. */
  label(marker: string): number;
  release(): void;
}

export interface ChunkReadersOptions {
  /** In a transaction of their own each, at the same snapshot. */
  readonly connections: readonly Connection[];
  /** In the order they are begun. */
  readonly jobs: readonly ChunkJob[];
  /** Meta cells of the rows that are read now. */
  readonly meta: () => readonly (string | null)[];
  readonly timestampMs?: number;
}

/**
 * Reads chunks on several connections at once. What is read and not yet taken is bounded: a
 * reader without a free block leaves its socket alone until one is released (I7).
 */
export class ChunkReaders {
  readonly #options: ChunkReadersOptions;
  readonly #ready: ChunkRows[] = [];
  #next = 0;
  #running = 0;
  #failure: Error | undefined;
  readonly #waiters = new Waiters();
  readonly #copies = new Set<CopyOut>();

  constructor(options: ChunkReadersOptions) {
    this.#options = options;
    for (const connection of options.connections) {
      this.#running++;
      void this.#work(connection).then(
        () => this.#ended(undefined),
        (error: unknown) => this.#ended(error as Error),
      );
    }
  }

  /** The next rows; null: all chunks are read. Rejects with the first error of any reader. */
  async next(signal: AbortSignal): Promise<ChunkRows | null> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const rows = this.#ready.shift();
      if (rows !== undefined) return rows;
      if (this.#running === 0) return null;
      await this.#waiters.wait(signal);
    }
  }

  /** Gives up what is being read. */
  fail(error: Error): void {
    this.#failure ??= error;
    for (const copy of this.#copies) copy.fail(error);
  }

  async #work(connection: Connection): Promise<void> {
    const blocks = new ReaderBlocks();
    for (;;) {
      const job = this.#options.jobs[this.#next++];
      if (job === undefined || this.#failure !== undefined) return;
      await this.#read(connection, job, blocks);
    }
  }

  async #read(connection: Connection, job: ChunkJob, blocks: ReaderBlocks): Promise<void> {
    const { layout, work } = job;
    if (layout === null) {
      this.#push(nothingOf(job));
      return;
    }
    const status = new CopyStatus();
    const rows = this.#rows(job, layout, blocks, status);
    const sql = copyChunk(work.selection, job.chunk);
    const copy = CopyOut.start(connection, `reading ${tableName(work.table)}`, sql, rows, status);
    this.#copies.add(copy);
    blocks.freed = () => {
      try {
        if (!rows.proceed()) return;
        copy.settle();
        copy.resume();
      } catch (error) {
        copy.fail(error as Error);
      }
    };
    try {
      await copy.finished;
    } finally {
      blocks.freed = undefined;
      this.#copies.delete(copy);
    }
  }

  #rows(job: ChunkJob, layout: RowLayout, blocks: ReaderBlocks, status: CopyStatus): CopyRows {
    const pool: BlockPool = {
      take: () => blocks.take(),
      full: (block, last) => {
        this.#push({ job, block, last, label: (marker) => rows.label(marker), release: () => blocks.give(block) });
      },
    };
    const { meta, timestampMs } = this.#options;
    const options = {
      layout,
      meta,
      labels: MARKERS,
      cells: layout.cells - META_CELLS,
      fields: job.work.table.columns.length,
      blockBytes: BLOCK_BYTES,
      ...(timestampMs === undefined ? {} : { timestampMs }),
    };
    const rows = new CopyRows(options, pool, status);
    return rows;
  }

  #push(rows: ChunkRows): void {
    this.#ready.push(rows);
    this.#waiters.wake();
  }

  #ended(error: Error | undefined): void {
    this.#running--;
    this.#failure ??= error;
    this.#waiters.wake();
  }
}

/** The blocks of one reader. */
class ReaderBlocks {
  readonly #free: RowBlock[] = [];
  #made = 0;
  /** Called when a block was given back. */
  freed: (() => void) | undefined;

  take(): RowBlock | undefined {
    const block = this.#free.pop();
    if (block !== undefined || this.#made === BLOCKS_PER_READER) return block;
    this.#made++;
    return newBlock();
  }

  give(block: RowBlock): void {
    this.#free.push(block.arena.length > KEEP_BYTES ? newBlock() : block);
    this.freed?.();
  }
}

function newBlock(): RowBlock {
  return new RowBlock(Buffer.allocUnsafeSlow(BLOCK_BYTES), 8192, 1 << 17);
}

/** A table none of whose rows become records is read at once. */
function nothingOf(job: ChunkJob): ChunkRows {
  const block = new RowBlock(Buffer.alloc(0), 0, 0);
  return { job, block, last: true, label: () => 0, release: () => undefined };
}
