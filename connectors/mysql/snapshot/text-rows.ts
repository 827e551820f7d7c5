import { NO_TIMESTAMP, NULL_CELL, type RowBlock } from '../../../runtime/record/row-block.ts';
import type { RowSink } from '../connection.ts';
import { META } from '../row/source-block.ts';
import type { TableRows } from '../row/table-rows.ts';
import { BLOCK_BYTES, type BlockPool } from '../../../runtime/change/block-pool.ts';
import { MetaCells, type EventFacts } from '../stream/meta-cells.ts';
import type { PayloadReader } from '../wire/payload-reader.ts';
import { toArena } from '../binlog/rows-event.ts';

/** Takes finished blocks; resolves when there is room for the next one (I7). */
export type BlockSink = (block: RowBlock) => Promise<void>;

/**
 * The rows of one reader as blocks: cells are the text protocol's own bytes. A block goes on over the ends of
 * tables, so that the last row of all is at hand when it is known to be the last.
 */
export class TextRows implements RowSink {
  rows = 0;
  #block: RowBlock;
  #table: TableRows | undefined;
  #width = 0;
  #first: 'first' | 'first_in_data_collection' | undefined;
  readonly #meta = new MetaCells();
  readonly #pool: BlockPool;
  readonly #facts: EventFacts;
  readonly #sink: BlockSink;
  readonly #nowUs: () => bigint;

  constructor(pool: BlockPool, facts: EventFacts, sink: BlockSink, nowUs: () => bigint) {
    this.#pool = pool;
    this.#facts = facts;
    this.#sink = sink;
    this.#nowUs = nowUs;
    this.#block = pool.take();
    this.#begin();
  }

  /** The rows that follow are of this table. `first`: what its first row is, where it is a first one. */
  table(rows: TableRows, first: 'first' | 'first_in_data_collection' | undefined): void {
    this.#table = rows;
    this.#first = first;
    this.#width = rows.table.columns.length;
    this.rows = 0;
  }

  columns(names: readonly string[]): void {
    if (names.length === this.#width) return;
    throw new RangeError(`the SELECT gives ${names.length} columns, the table has ${this.#width}`);
  }

  /** Before the row, not after it: the last row of a table has to be at hand. */
  get full(): boolean {
    return this.#meta.at >= BLOCK_BYTES;
  }

  row(packet: PayloadReader): void {
    const layout = this.#table?.layouts.read ?? null;
    if (layout === null) return;
    const block = this.#block;
    const meta = this.#meta;
    block.begin(layout, NO_TIMESTAMP);
    meta.append(block, 0);
    this.#mark(this.rows === 0 ? (this.#first ?? 'true') : 'true');
    const shift = meta.at - packet.at;
    toArena(block, meta.at, packet.bytes, packet.at, packet.end);
    meta.at += packet.left;
    for (let i = 0; i < this.#width; i++) {
      const length = packet.lengthEncoded();
      if (length < 0) block.cell(0, NULL_CELL);
      else block.cell(packet.skip(length) + shift, length);
    }
    this.rows++;
  }

  /** Hands the block over. */
  async room(): Promise<void> {
    const block = this.#block;
    if (block.count === 0) return;
    this.#block = this.#pool.take();
    this.#begin();
    await this.#sink(block);
  }

  /** The table's last row was read. */
  tableEnd(): void {
    // The first row of all stays that, even where it is its table's last.
    if (this.rows === 1 && this.#first === 'first') return;
    if (this.rows > 0 && this.#block.count > 0) this.#mark('last_in_data_collection');
  }

  /** What is left; `last`: its last row is the last of all. */
  finish(last: boolean): RowBlock {
    if (last && this.#block.count > 0) this.#mark('last');
    return this.#block;
  }

  #begin(): void {
    this.#meta.reset();
    this.#meta.clock(this.#nowUs());
    this.#meta.event(this.#facts);
  }

  /** Sets what the last row begun is among the snapshot's. */
  #mark(text: string): void {
    const block = this.#block;
    const first = block.firstCell[block.count - 1] ?? 0;
    const at = this.#meta.text(block, text);
    const slot = (first + META.snapshot) * 2;
    block.cells[slot] = at;
    block.cells[slot + 1] = text.length;
  }
}
