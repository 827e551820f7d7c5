import { NULL_CELL, UNCHANGED_CELL, type RowBlock } from '../../../runtime/record/row-block.ts';
import { brokenRows } from '../binlog/rows-event.ts';
import type { Table } from '../catalog/table.ts';
import { JSON_TEXT } from '../type/json-codec.ts';
import { applyJsonDiffs } from '../type/json-diff.ts';
import { PayloadReader } from '../wire/payload-reader.ts';
import type { MetaCells } from './meta-cells.ts';

const PARTIAL_JSON = 1;

/**
 * The new images of PARTIAL_UPDATE_ROWS events: `options:packed [bits of json columns]` comes before each; a
 * column whose bit is set holds changes to the old value.
 */
export class PartialJson {
  readonly #columns: readonly number[];
  /** Places of columns that hold changes, in the image to come. */
  readonly #changed: number[] = [];

  constructor({ columns }: Table) {
    this.#columns = columns.flatMap(({ type }, i) => (type === 'json' ? [i] : []));
  }

  /** Reads what comes before an image; returns where the image begins. */
  options(arena: Buffer, at: number, end: number): number {
    this.#changed.length = 0;
    if (at >= end) throw brokenRows('a partial update is cut off');
    const reader = new PayloadReader(arena, at, end);
    if ((reader.lengthEncoded() & PARTIAL_JSON) === 0) return reader.at;
    const bits = reader.skip((this.#columns.length + 7) >> 3);
    for (const [i, column] of this.#columns.entries()) {
      if (((arena[bits + (i >> 3)] ?? 0) & (1 << (i & 7))) !== 0) this.#changed.push(column);
    }
    return reader.at;
  }

  /** Puts the whole value, as text, in place of the changes. `before`, `after`: first cells of the images. */
  apply(block: RowBlock, before: number, after: number, meta: MetaCells): void {
    for (const column of this.#changed) {
      const slot = (after + column) * 2;
      const at = block.cells[slot] ?? 0;
      const length = block.cells[slot + 1] ?? NULL_CELL;
      if (length < 0) continue;
      const baseAt = block.cells[(before + column) * 2] ?? 0;
      const baseLength = block.cells[(before + column) * 2 + 1] ?? UNCHANGED_CELL;
      if (baseLength < 0) throw brokenRows('a partial update has no old value (binlog_row_image must be FULL)');
      const base = Buffer.from(block.arena.subarray(baseAt, baseAt + baseLength));
      const text = applyJsonDiffs(base, new PayloadReader(block.arena, at, at + length));
      const cell = meta.bytes(block, Buffer.concat([Buffer.from([JSON_TEXT]), Buffer.from(text, 'utf8')]));
      block.cells[slot] = cell;
      block.cells[slot + 1] = meta.at - cell;
    }
  }
}
