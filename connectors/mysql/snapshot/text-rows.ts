import { NO_TIMESTAMP, NULL_CELL, type RowBlock } from '../../../runtime/record/row-block.ts';
import type { RowSink } from '../connection.ts';
import { META } from '../row/source-block.ts';
import type { TableRows } from '../row/table-rows.ts';
import { BLOCK_BYTES, type BlockPool } from '../../../runtime/change/block-pool.ts';
import { MetaCells, type EventFacts } from '../stream/meta-cells.ts';
import type { PayloadReader } from '../wire/payload-reader.ts';
import { toArena } from '../binlog/rows-event.ts';

/** What a row is among all, where it is one of the first or last. */
type Mark = 'first' | 'first_in_data_collection' | 'last_in_data_collection' | 'last';

const FIRST = 'first_in_data_collection';
const LAST = 'last_in_data_collection';
const MARKS = Buffer.from(FIRST + LAST);

/** Rows of one table that go out together. */
export class ReadRows {
  readonly block: RowBlock;
  readonly #marks: number;

  /** `marks`: where in the arena their texts are. */
  constructor(block: RowBlock, marks: number) {
    this.block = block;
    this.#marks = marks;
  }

  /** As Debezium counts: the last row of all is `last` even where it is the first, the first of all before its table's last. */
  mark(first: Mark | undefined, last: Mark | undefined): void {
    const end = this.block.count - 1;
    if (end < 0) return;
    if (first !== undefined) this.#set(0, first);
    if (last !== undefined && (last === 'last' || end > 0 || first !== 'first')) this.#set(end, last);
  }

  #set(row: number, mark: Mark): void {
    const { block } = this;
    const slot = ((block.firstCell[row] ?? 0) + META.snapshot) * 2;
    // `first` begins `first_in_data_collection`, and `last` the other.
    block.cells[slot] = this.#marks + (mark.startsWith('first') ? 0 : FIRST.length);
    block.cells[slot + 1] = mark.length;
  }
}

/** Takes rows; resolves when there is room for the next ones (I7). */
export type RowsSink = (rows: ReadRows) => Promise<void>;

/** The rows of one reader as blocks: cells are the text protocol's own bytes. */
export class TextRows implements RowSink {
  rows = 0;
  #block: RowBlock;
  #table: TableRows | undefined;
  #width = 0;
  readonly #meta = new MetaCells();
  readonly #pool: BlockPool;
  readonly #facts: EventFacts;
  readonly #sink: RowsSink;
  readonly #nowUs: () => bigint;

  constructor(pool: BlockPool, facts: EventFacts, sink: RowsSink, nowUs: () => bigint) {
    this.#pool = pool;
    this.#facts = { ...facts, snapshot: 'true' };
    this.#sink = sink;
    this.#nowUs = nowUs;
    this.#block = pool.take();
    this.#begin();
  }

  /** The rows that follow are of this table. */
  table(rows: TableRows): void {
    this.#table = rows;
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

  /** Hands the rows over. */
  async room(): Promise<void> {
    if (this.#block.count > 0) await this.#sink(this.take());
  }

  /** The rows that are at hand. */
  take(): ReadRows {
    const block = this.#block;
    const rows = new ReadRows(block, this.#meta.bytes(block, MARKS));
    this.#block = this.#pool.take();
    this.#begin();
    return rows;
  }

  #begin(): void {
    this.#meta.reset();
    this.#meta.clock(this.#nowUs());
    this.#meta.event(this.#facts);
  }
}
