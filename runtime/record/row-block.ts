import type { RowLayout, LayoutNode } from './row-layout.ts';
import { struct, type Value } from './value.ts';

/** Cell lengths below zero have a meaning of their own. */
export const NULL_CELL = -1;
/** The source did not send the value: unchanged since the row's previous version (TOAST). */
export const UNCHANGED_CELL = -2;

/** Record timestamp of a row that has none: the hub's producer stamps it. */
export const NO_TIMESTAMP = -1;

/**
 * A batch of rows as raw cells: the bytes in one arena, and per cell its place in it. No object is
 * made per row or per cell (D14). Rows are in source order and may mix layouts.
 *
 * The maker appends with {@link begin} and {@link cell}; the reader uses the arrays directly. Cells
 * may share bytes. A block belongs to its maker again after `SourceBatch.release`, which calls
 * {@link clear} and fills it anew.
 */
export class RowBlock {
  /** Bytes that cells point into. The maker may replace it by a larger one while it fills. */
  arena: Buffer;
  /** Distinct layouts; rows refer to them by index. */
  readonly layouts: RowLayout[] = [];
  /** Rows held. */
  count = 0;
  /** Per row: index into `layouts`. */
  layoutOf: Int32Array;
  /** Per row: index of its first cell. */
  firstCell: Int32Array;
  /** Per row: record timestamp, epoch milliseconds, or {@link NO_TIMESTAMP}. */
  timestampMs: Float64Array;
  /** Two per cell: start in the arena, then length, {@link NULL_CELL} or {@link UNCHANGED_CELL}. */
  cells: Int32Array;
  /** Cells used. */
  cellCount = 0;

  constructor(arena: Buffer, rows = 1024, cells = 16384) {
    this.arena = arena;
    this.layoutOf = new Int32Array(rows);
    this.firstCell = new Int32Array(rows);
    this.timestampMs = new Float64Array(rows);
    this.cells = new Int32Array(cells * 2);
  }

  /** Starts a row; its cells follow by {@link cell}, exactly as many as its layout has. */
  begin(layout: RowLayout, timestampMs: number): void {
    if (this.count === this.layoutOf.length) this.#growRows();
    const row = this.count++;
    this.layoutOf[row] = this.#layoutIndex(layout);
    this.firstCell[row] = this.cellCount;
    this.timestampMs[row] = timestampMs;
  }

  cell(at: number, length: number): void {
    const slot = this.cellCount * 2;
    if (slot === this.cells.length) this.#growCells();
    this.cells[slot] = at;
    this.cells[slot + 1] = length;
    this.cellCount++;
  }

  /** Forgets all rows and layouts; keeps the memory. */
  clear(): void {
    this.count = 0;
    this.cellCount = 0;
    this.layouts.length = 0;
    this.#lastLayout = undefined;
  }

  /** Leaves only these rows, which ascend. Their cells stay where they are. */
  keep(rows: readonly number[]): void {
    let to = 0;
    for (const from of rows) {
      this.layoutOf[to] = this.layoutOf[from] ?? 0;
      this.firstCell[to] = this.firstCell[from] ?? 0;
      this.timestampMs[to] = this.timestampMs[from] ?? 0;
      to++;
    }
    this.count = rows.length;
  }

  layout(row: number): RowLayout {
    const layout = row < this.count ? this.layouts[this.layoutOf[row] ?? -1] : undefined;
    if (layout === undefined) throw new RangeError(`row ${row} of ${this.count}`);
    return layout;
  }

  /** The value of a node in a row: for transforms, typed sinks and converters without a plan. */
  value(row: number, node: LayoutNode): Value {
    switch (node.kind) {
      case 'constant':
        return node.value;
      case 'cell': {
        const slot = ((this.firstCell[row] ?? 0) + node.cell) * 2;
        const at = this.cells[slot] ?? 0;
        const length = this.cells[slot + 1] ?? NULL_CELL;
        if (length >= 0) return node.codec.value(this.arena, at, length);
        return (length === UNCHANGED_CELL ? node.codec.unavailable : undefined) ?? node.whenNull ?? null;
      }
      case 'struct': {
        if (node.presentIf !== undefined && this.isNull(row, node.presentIf)) return null;
        const made = struct();
        const fields = node.schema.fields ?? [];
        for (let i = 0; i < fields.length; i++) {
          const field = fields[i];
          const part = node.fields[i];
          if (field !== undefined && part !== undefined) made[field.name] = this.value(row, part);
        }
        return made;
      }
    }
  }

  isNull(row: number, cell: number): boolean {
    return this.cells[((this.firstCell[row] ?? 0) + cell) * 2 + 1] === NULL_CELL;
  }

  #lastLayout: RowLayout | undefined;
  #lastIndex = 0;

  #layoutIndex(layout: RowLayout): number {
    if (layout === this.#lastLayout) return this.#lastIndex;
    let index = this.layouts.indexOf(layout);
    if (index < 0) index = this.layouts.push(layout) - 1;
    this.#lastLayout = layout;
    this.#lastIndex = index;
    return index;
  }

  #growRows(): void {
    const rows = this.layoutOf.length * 2;
    const layoutOf = new Int32Array(rows);
    layoutOf.set(this.layoutOf);
    const firstCell = new Int32Array(rows);
    firstCell.set(this.firstCell);
    const timestampMs = new Float64Array(rows);
    timestampMs.set(this.timestampMs);
    this.layoutOf = layoutOf;
    this.firstCell = firstCell;
    this.timestampMs = timestampMs;
  }

  #growCells(): void {
    const cells = new Int32Array(this.cells.length * 2);
    cells.set(this.cells);
    this.cells = cells;
  }
}
