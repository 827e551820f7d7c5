import type { Progress } from '../../../../runtime/connector/source.ts';
import type { RowBlock } from '../../../../runtime/record/row-block.ts';
import { grow } from '../../stream/meta-cells.ts';
import type { Injection } from '../../stream/stream-hooks.ts';
import { readMeta, type ReadOrigin } from '../read-meta.ts';

/** The rows of a window that go into the stream, with what is done after them. */
export function windowInjection(
  block: RowBlock,
  rows: readonly number[],
  origin: ReadOrigin,
  nowUs: bigint,
  progress: readonly Progress[],
): Injection {
  block.keep(rows);
  writeMeta(block, origin, nowUs);
  return { block, progress };
}

/** Their meta cells are known only now: they belong to the place in the stream. */
function writeMeta(block: RowBlock, origin: ReadOrigin, nowUs: bigint): void {
  const texts = readMeta(origin, 'incremental', nowUs);
  const need = texts.reduce((sum, text) => sum + (text?.length ?? 0), 0);
  let used = 0;
  const { cells, cellCount } = block;
  for (let i = 0; i < cellCount; i++) used = Math.max(used, (cells[i * 2] ?? 0) + Math.max(0, cells[i * 2 + 1] ?? 0));
  if (used + need > block.arena.length) grow(block, used, need);
  let at = used;
  for (const [cell, text] of texts.entries()) {
    const length = text === null ? -1 : block.arena.write(text, at, 'latin1');
    for (let row = 0; row < block.count; row++) {
      const slot = ((block.firstCell[row] ?? 0) + cell) * 2;
      cells[slot] = at;
      cells[slot + 1] = length;
    }
    if (length > 0) at += length;
  }
}
