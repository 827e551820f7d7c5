import { imageChanged, keyChanged } from '../../../runtime/change/change-layouts.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { NO_TIMESTAMP, NULL_CELL, UNCHANGED_CELL, type RowBlock } from '../../../runtime/record/row-block.ts';
import type { RowLayout } from '../../../runtime/record/row-layout.ts';
import type { RowsKind } from '../binlog/event-type.ts';
import { RowReader } from '../binlog/row-reader.ts';
import { tableName } from '../catalog/table.ts';
import { META_CELLS } from '../row/source-block.ts';
import type { TableRows } from '../row/table-rows.ts';
import type { MetaCells } from './meta-cells.ts';
import { PartialJson } from './partial-json.ts';
import type { TransactionRecords } from './transaction-records.ts';

/** A rows event's rows, in the block's arena. */
export interface RowsPlace {
  /** Where the bits of columns present begin, of the (old) image and of an update's new one. */
  readonly present: number;
  readonly presentNew: number;
  readonly rows: number;
  readonly end: number;
}

/** Turns the rows of one table's events into rows of a block. */
export class RowWriter {
  readonly table: TableRows;
  readonly #reader: RowReader;
  readonly #partial: PartialJson;
  readonly #meta: MetaCells;
  readonly #transactions: TransactionRecords | undefined;
  readonly #skipUnchanged: boolean;

  constructor(table: TableRows, meta: MetaCells, transactions: TransactionRecords | undefined, skipUnchanged: boolean) {
    this.table = table;
    this.#reader = new RowReader(table.table.columns.map(({ size }) => size));
    this.#partial = new PartialJson(table.table);
    this.#meta = meta;
    this.#transactions = transactions;
    this.#skipUnchanged = skipUnchanged;
  }

  get width(): number {
    return this.#reader.width;
  }

  /** Appends all rows of an event; returns how many. */
  write(block: RowBlock, kind: RowsKind, place: RowsPlace): number {
    let { rows: at } = place;
    let row = 0;
    for (; at < place.end; row++) {
      if (kind.op === 'update') this.#update(block, at, row, kind, place);
      else this.#one(block, at, row, kind.op, place);
      at = this.#reader.at;
    }
    return row;
  }

  #one(block: RowBlock, at: number, row: number, op: 'insert' | 'delete', place: RowsPlace): void {
    const { layouts } = this.table;
    const layout = op === 'insert' ? layouts.create : layouts.delete;
    const first = this.#begin(block, layout, row);
    this.#reader.image(block, at, place.end, place.present);
    if (this.#reader.partial) this.#fill(block, first + META_CELLS, -1);
    if (layout === null) block.cellCount = first;
    else this.#add(block, layout, first);
    if (op === 'delete') this.#add(block, layouts.tombstone, first);
  }

  #update(block: RowBlock, at: number, row: number, kind: RowsKind, place: RowsPlace): void {
    const { layouts, key, columns } = this.table;
    const layout = layouts.updateWithBefore;
    const first = this.#begin(block, layout, row);
    const before = first + META_CELLS;
    const after = before + this.width;
    const reader = this.#reader;
    reader.image(block, at, place.end, place.present);
    const partialBefore = reader.partial;
    let next = reader.at;
    if (kind.partial) next = this.#partial.options(block.arena, next, place.end);
    reader.image(block, next, place.end, place.presentNew);
    const partialAfter = reader.partial;
    if (layout === null) {
      block.cellCount = first;
      return;
    }
    if (kind.partial) this.#partial.apply(block, before, after, this.#meta);
    if (partialAfter) this.#fill(block, after, before);
    if (partialBefore) this.#fill(block, before, -1);
    if (keyChanged(block, before, after, key)) this.#keyChange(block, first, row);
    else if (this.#skipUnchanged && !imageChanged(block, before, after, columns)) block.cellCount = first;
    else this.#add(block, layout, first);
  }

  #begin(block: RowBlock, layout: RowLayout | null, row: number): number {
    const first = block.cellCount;
    if (layout === null) {
      for (let i = 0; i < META_CELLS; i++) block.cell(0, NULL_CELL);
      return first;
    }
    this.#transactions?.count(this.table.collection, block, this.#meta);
    this.#meta.append(block, row);
    return first;
  }

  /** A record whose cells begin at `first`; several records may share cells. */
  #add(block: RowBlock, layout: RowLayout | null, first: number): void {
    if (layout === null) return;
    block.begin(layout, NO_TIMESTAMP);
    block.firstCell[block.count - 1] = first;
  }

  #keyChange(block: RowBlock, first: number, row: number): void {
    const { keyChange } = this.table.layouts;
    this.#add(block, keyChange.delete, first);
    this.#add(block, keyChange.tombstone, first);
    if (this.#transactions === undefined) {
      this.#add(block, keyChange.create, first);
      return;
    }
    // The same images under meta cells of their own: the record counts as another event.
    const end = block.cellCount;
    const again = this.#begin(block, keyChange.create, row);
    for (let cell = first + META_CELLS; cell < end; cell++) {
      block.cell(block.cells[cell * 2] ?? 0, block.cells[cell * 2 + 1] ?? 0);
    }
    this.#add(block, keyChange.create, again);
  }

  /**
   * Values the binlog left out: an update's unchanged ones are those of the old image; others are shown by the
   * placeholder, and where a type has none, nothing is made up (I6).
   */
  #fill(block: RowBlock, image: number, other: number): void {
    const { cells } = block;
    const { unavailable, table } = this.table;
    for (let i = 0; i < this.width; i++) {
      const slot = (image + i) * 2;
      if (cells[slot + 1] !== UNCHANGED_CELL) continue;
      const length = other < 0 ? UNCHANGED_CELL : (cells[(other + i) * 2 + 1] ?? UNCHANGED_CELL);
      if (length !== UNCHANGED_CELL) {
        cells[slot] = cells[(other + i) * 2] ?? 0;
        cells[slot + 1] = length;
      } else if (unavailable[i] === undefined) cells[slot + 1] = NULL_CELL;
      else if (unavailable[i] === null) throw leftOut(`${tableName(table)}.${table.columns[i]?.name ?? ''}`);
    }
  }
}

function leftOut(column: string): MillraceError {
  return new MillraceError('MYSQL_ROW_IMAGE', `the binlog leaves out the value of ${column}`, {
    kind: 'config',
    key: 'database.hostname',
    remedy:
      'SET GLOBAL binlog_row_image = FULL; and see that no session sets it otherwise. To go on, alter the offset to a place behind this change, or take a new snapshot.',
  });
}
