import { NO_TIMESTAMP, NULL_CELL, type RowBlock } from '../../../../runtime/record/row-block.ts';
import type { RowLayout } from '../../../../runtime/record/row-layout.ts';
import { toArena } from '../../binlog/rows-event.ts';
import type { Column } from '../../catalog/table.ts';
import type { RowSink } from '../../connection.ts';
import { META_CELLS } from '../../row/source-block.ts';
import type { TableRows } from '../../row/table-rows.ts';
import type { EventFacts } from '../../stream/meta-cells.ts';
import { MetaCells } from '../../stream/meta-cells.ts';
import type { PayloadReader } from '../../wire/payload-reader.ts';
import { keyColumns, keyText, type KeyTexts } from './key-sql.ts';
import { RowKeys } from './row-keys.ts';

/** Most bytes of a chunk that are held (I7). */
export const CHUNK_BYTES = 16 << 20;

/** The rows of one chunk, in one block; what comes behind the bound is left to the next chunk. */
export class ChunkRows implements RowSink {
  readonly full = false;
  /** Rows came that are not held. */
  cut = false;
  readonly keys: string[] = [];
  readonly block: RowBlock;
  readonly #table: TableRows;
  readonly #layout: RowLayout;
  readonly #meta = new MetaCells();
  readonly #keys: RowKeys;
  readonly #bound: number;

  constructor(
    block: RowBlock,
    table: TableRows,
    layout: RowLayout,
    facts: EventFacts,
    nowUs: bigint,
    bound = CHUNK_BYTES,
  ) {
    this.block = block;
    this.#table = table;
    this.#layout = layout;
    this.#bound = bound;
    const names = keyColumns(table.table).map(({ name }) => name);
    this.#keys = new RowKeys(table.table, names, 'text');
    this.#meta.clock(nowUs);
    this.#meta.event({ ...facts, snapshot: 'incremental' });
  }

  columns(): void {
    // As many as the table has: the SELECT names them.
  }

  row(packet: PayloadReader): void {
    const { block } = this;
    const meta = this.#meta;
    if (this.cut || (meta.at >= this.#bound && block.count > 0)) {
      this.cut = true;
      return;
    }
    block.begin(this.#layout, NO_TIMESTAMP);
    meta.append(block, 0);
    const image = block.cellCount;
    const shift = meta.at - packet.at;
    toArena(block, meta.at, packet.bytes, packet.at, packet.end);
    meta.at += packet.left;
    for (let i = 0; i < this.#table.table.columns.length; i++) {
      const length = packet.lengthEncoded();
      if (length < 0) block.cell(0, NULL_CELL);
      else block.cell(packet.skip(length) + shift, length);
    }
    this.keys.push(this.#keys.key(block, image) ?? '');
  }

  room(): Promise<void> {
    return Promise.resolve();
  }

  /** Key of the last row; undefined: there is none. */
  last(): KeyTexts | undefined {
    const { block } = this;
    if (block.count === 0) return undefined;
    const image = (block.firstCell[block.count - 1] ?? 0) + META_CELLS;
    return this.#table.table.key.map((cell) => {
      const slot = (image + cell) * 2;
      const at = block.cells[slot] ?? 0;
      const column = this.#table.table.columns[cell] as Column;
      return keyText(column, block.arena.subarray(at, at + (block.cells[slot + 1] ?? 0)));
    });
  }
}

/** A result of few rows: their cells as keys are kept. */
export class KeyRow implements RowSink {
  readonly full = false;
  readonly keys: KeyTexts[] = [];
  readonly #columns: readonly Column[];

  constructor(columns: readonly Column[]) {
    this.#columns = columns;
  }

  columns(): void {
    // As asked.
  }

  row(packet: PayloadReader): void {
    this.keys.push(
      this.#columns.map((column) => {
        const length = packet.lengthEncoded();
        const at = packet.skip(Math.max(0, length));
        return keyText(column, packet.bytes.subarray(at, at + Math.max(0, length)));
      }),
    );
  }

  room(): Promise<void> {
    return Promise.resolve();
  }
}
