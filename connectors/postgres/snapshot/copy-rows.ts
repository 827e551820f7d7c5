import { NO_TIMESTAMP, NULL_CELL, type RowBlock } from '../../../runtime/record/row-block.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { RowLayout } from '../../../runtime/record/row-layout.ts';
import type { CopyReader, CopyStatus } from '../wire/copy-out.ts';
import { FRAME_BYTES } from '../wire/copy-out.ts';
import { backend } from '../wire/taken-socket.ts';

// Inside the CopyData bodies ("COPY", Binary Format):
//
//     header  := "PGCOPY\n\377\r\n\0" · flags Int32 · extension length Int32 · extension
//     tuple   := fields Int16 · { length Int32 (-1: NULL) · bytes } …
//     trailer := Int16 -1
//
// The header shares the CopyData of the first tuple, or of nothing.

const HEADER_BYTES = 19;
const TRAILER = 0xffff;

/** Where the rows of a COPY go. */
export interface BlockPool {
  /** An empty block, or undefined: none is free now, and `CopyRows.proceed` will be called when one is. */
  take(): RowBlock | undefined;
  /** A filled block; more of the same COPY follow unless `last`. */
  full(block: RowBlock, last: boolean): void;
}

export interface CopyRowsOptions {
  readonly layout: RowLayout;
  /** Text of the meta cells; null: NULL. Asked once per block. */
  readonly meta: () => readonly (string | null)[];
  /** Texts that lie at the start of each arena, for cells that the taker of a block sets itself: {@link CopyRows.label}. */
  readonly labels?: readonly string[];
  /** Columns of a row in the COPY; the first `cells` of them become cells. */
  readonly fields: number;
  readonly cells: number;
  /** A block is handed over once it holds this many bytes. */
  readonly blockBytes: number;
  /** Blocks may grow to this many bytes before that. */
  readonly maxBlockBytes?: number;
  /** Record timestamp of every row, epoch milliseconds. */
  readonly timestampMs?: number;
  /** Called with the place of each field behind the cells: keys of a window. Given per row, in order. */
  readonly extra?: (row: number, field: number, arena: Buffer, at: number, length: number) => void;
}

/**
 * Turns the bytes of a binary COPY into rows of blocks. The socket's bytes are copied once, frames
 * and all, into the block's arena; cells point into them. No object is made per row (D14). What is
 * held is one block and at most one chunk of the socket (I7).
 */
export class CopyRows implements CopyReader {
  readonly #options: CopyRowsOptions;
  readonly #pool: BlockPool;
  readonly #status: CopyStatus;
  readonly #cells: number;
  readonly #labels = new Map<string, number>();
  #block: RowBlock | undefined;
  /** Bytes of the arena that are filled, and parsed. */
  #filled = 0;
  #parsed = 0;
  #meta = new Int32Array(0);
  #headerRead = false;
  /** Bytes of the socket that found no room. */
  #kept: Buffer | undefined;
  #rows = 0;
  #trailer = false;

  constructor(options: CopyRowsOptions, pool: BlockPool, status: CopyStatus) {
    this.#options = options;
    this.#pool = pool;
    this.#status = status;
    this.#cells = options.cells;
    let at = 0;
    for (const label of options.labels ?? []) {
      this.#labels.set(label, at);
      at += label.length;
    }
  }

  /** Rows read so far. */
  get rows(): number {
    return this.#rows;
  }

  /** Where a label lies in the arena of every block. */
  label(text: string): number {
    return this.#labels.get(text) ?? 0;
  }

  chunk(bytes: Buffer): boolean {
    if (!this.#room(bytes.length)) {
      this.#kept = Buffer.concat(this.#kept === undefined ? [bytes] : [this.#kept, bytes]);
      return false;
    }
    this.#append(bytes);
    return true;
  }

  /** A block is free again: takes the kept bytes. False: still no room. */
  proceed(): boolean {
    const kept = this.#kept;
    if (kept === undefined) return true;
    if (!this.#room(kept.length)) return false;
    this.#kept = undefined;
    this.#append(kept);
    return true;
  }

  #append(bytes: Buffer): void {
    const block = this.#block;
    if (block === undefined) throw new RangeError('no block');
    bytes.copy(block.arena, this.#filled);
    this.#filled += bytes.length;
    this.#parse(block);
    if (this.#status.ended) this.#finish(block);
  }

  /** Makes sure that `count` more bytes fit; hands a full block over and begins the next. */
  #room(count: number): boolean {
    let block = this.#block;
    if (block !== undefined && this.#filled + count <= block.arena.length) return true;
    if (block !== undefined && (block.count === 0 || this.#mayGrow(block, count))) {
      this.#grow(block, count);
      return true;
    }
    const next = this.#pool.take();
    if (next === undefined) return false;
    // The beginning of a message that is not complete moves on into the next block.
    const from = this.#parsed;
    const rest = block === undefined ? 0 : this.#filled - from;
    this.#begin(next, rest + count);
    if (block !== undefined) {
      block.arena.copy(next.arena, this.#filled, from, from + rest);
      this.#filled += rest;
      this.#pool.full(block, false);
    }
    block = next;
    this.#block = block;
    return true;
  }

  /** A row larger than a block makes it grow, whatever the bound. */
  #mayGrow(block: RowBlock, count: number): boolean {
    return block.arena.length + count <= (this.#options.maxBlockBytes ?? 0);
  }

  #begin(block: RowBlock, bytes: number): void {
    const { blockBytes } = this.#options;
    const meta = this.#options.meta();
    block.clear();
    const need = Math.max(blockBytes, bytes + 1024);
    if (block.arena.length < need) block.arena = Buffer.allocUnsafeSlow(need);
    let at = 0;
    for (const label of this.#labels.keys()) at += block.arena.write(label, at, 'latin1');
    this.#meta = new Int32Array(meta.length * 2);
    for (const [i, text] of meta.entries()) {
      const length = text === null ? NULL_CELL : block.arena.write(text, at, 'latin1');
      this.#meta[i * 2] = at;
      this.#meta[i * 2 + 1] = length;
      if (length > 0) at += length;
    }
    this.#filled = at;
    this.#parsed = at;
  }

  #grow(block: RowBlock, count: number): void {
    const arena = Buffer.allocUnsafeSlow(Math.max(block.arena.length * 2, this.#filled + count));
    block.arena.copy(arena, 0, 0, this.#filled);
    block.arena = arena;
  }

  #parse(block: RowBlock): void {
    const { arena } = block;
    const filled = this.#filled;
    let at = this.#parsed;
    while (at + FRAME_BYTES <= filled) {
      const end = at + 1 + int32(arena, at + 1);
      if (end > filled) break;
      const code = arena[at];
      if (code === backend.copyData) this.#data(block, arena, at + FRAME_BYTES, end);
      else this.#status.message(code as number, arena, at + FRAME_BYTES, end);
      at = end;
    }
    this.#parsed = at;
  }

  #data(block: RowBlock, arena: Buffer, from: number, end: number): void {
    let at = from;
    if (!this.#headerRead) {
      this.#headerRead = true;
      at += HEADER_BYTES + int32(arena, at + HEADER_BYTES - 4);
      if (at >= end) return;
    }
    const fields = ((arena[at] as number) << 8) | (arena[at + 1] as number);
    if (fields === TRAILER) {
      this.#trailer = true;
      return;
    }
    if (fields !== this.#options.fields) throw protocol(`${fields} fields in a row of ${this.#options.fields}`);
    const stop = this.#row(block, arena, at + 2);
    if (stop !== end) throw protocol('a row that does not end with its message');
  }

  /** Adds a row; returns where it ends. */
  #row(block: RowBlock, arena: Buffer, from: number): number {
    const meta = this.#meta;
    block.begin(this.#options.layout, this.#options.timestampMs ?? NO_TIMESTAMP);
    for (let i = 0; i < meta.length; i += 2) block.cell(meta[i] as number, meta[i + 1] as number);
    let at = from;
    const cells = this.#cells;
    for (let i = 0; i < cells; i++) {
      const length = int32(arena, at);
      at += 4;
      block.cell(at, length);
      if (length > 0) at += length;
    }
    const { fields, extra } = this.#options;
    for (let i = cells; i < fields; i++) {
      const length = int32(arena, at);
      at += 4;
      extra?.(this.#rows, i - cells, arena, at, length);
      if (length > 0) at += length;
    }
    this.#rows++;
    return at;
  }

  /** The COPY is over: what is left is the last block, even if it has no rows. */
  #finish(block: RowBlock): void {
    if (this.#status.error === undefined && !this.#trailer) throw protocol('an end without a trailer');
    this.#block = undefined;
    if (this.#status.error === undefined) this.#pool.full(block, true);
  }
}

/** The unsigned top bit aside, as the protocol has it: big-endian. */
function int32(bytes: Buffer, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

function protocol(problem: string): MillraceError {
  return new MillraceError('POSTGRES_PROTOCOL', `binary COPY: ${problem}`, { kind: 'bug' });
}
