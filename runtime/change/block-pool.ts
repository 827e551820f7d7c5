import { RowBlock } from '../record/row-block.ts';

/** A block is handed over once its arena holds this many bytes. */
export const BLOCK_BYTES = 1 << 20;
/** Room behind {@link BLOCK_BYTES} for what the socket brings in one read, and meta cells. */
const ARENA_BYTES = BLOCK_BYTES + (512 << 10);
/** Arenas grown beyond this by a large row are not kept. */
const KEEP_BYTES = 4 << 20;

/** Blocks to use again: bounded in number and bytes (I7). */
export class BlockPool {
  readonly #free: RowBlock[] = [];
  readonly #keep: number;

  constructor(keep: number) {
    this.#keep = keep;
  }

  /** An empty block whose arena holds at least `bytes`. */
  take(bytes = 0): RowBlock {
    const block = this.#free.pop() ?? new RowBlock(Buffer.allocUnsafeSlow(Math.max(ARENA_BYTES, bytes)), 4096, 65536);
    if (block.arena.length < bytes) block.arena = Buffer.allocUnsafeSlow(bytes);
    return block;
  }

  give(block: RowBlock): void {
    if (this.#free.length >= this.#keep || block.arena.length > KEEP_BYTES || block.cells.length > 1 << 21) return;
    block.clear();
    this.#free.push(block);
  }
}
