import { UNCHANGED_CELL, type RowBlock } from '../../../runtime/record/row-block.ts';

/**
 * REPLICA IDENTITY FULL sends the old value of an unchanged column: it is the new value too. True
 * where a column stays unknown.
 */
export function restoreUnchanged(block: RowBlock, before: number, after: number, width: number): boolean {
  const { cells } = block;
  let left = false;
  for (let i = 0; i < width; i++) {
    const to = (after + i) * 2;
    const from = (before + i) * 2;
    const length = cells[from + 1] ?? UNCHANGED_CELL;
    if (cells[to + 1] !== UNCHANGED_CELL) continue;
    if (length < 0) {
      left = true;
      continue;
    }
    cells[to] = cells[from] ?? 0;
    cells[to + 1] = length;
  }
  return left;
}
