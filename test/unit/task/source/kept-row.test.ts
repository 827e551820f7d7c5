import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NULL_CELL, RowBlock, UNCHANGED_CELL } from '../../../../runtime/record/row-block.ts';
import type { RowLayout } from '../../../../runtime/record/row-layout.ts';
import { keptRow, originOf, rowOf } from '../../../../runtime/task/source/kept-row.ts';
import { cell, textCodec } from '../../convert/sample-rows.ts';

type Cell = Uint8Array | typeof NULL_CELL | typeof UNCHANGED_CELL;

const layout: RowLayout = {
  topic: 't',
  key: cell(0, textCodec),
  value: cell(1, textCodec),
  headers: [{ key: 'h', node: cell(2, textCodec) }],
  cells: 4,
  origin: () => ({ table: 'orders', kind: 'create' }),
};

/** A block of one row, behind a row that is not asked for. */
function block(of: RowLayout, cells: readonly Cell[]): RowBlock {
  const made = new RowBlock(Buffer.alloc(0), 4, 16);
  const arena: Buffer[] = [Buffer.from('before')];
  let at = 6;
  made.begin(of, 1);
  for (let i = 0; i < of.cells; i++) made.cell(0, 6);
  made.begin(of, 1234);
  for (const one of cells) {
    made.cell(at, typeof one === 'number' ? one : one.length);
    if (typeof one === 'number') continue;
    arena.push(Buffer.from(one));
    at += one.length;
  }
  made.arena = Buffer.concat(arena);
  return made;
}

function cellsOf(made: RowBlock): readonly Cell[] {
  return Array.from({ length: made.cellCount }, (_, i) => {
    const [at = 0, length = 0] = made.cells.subarray(i * 2);
    return length < 0 ? (length as Cell) : new Uint8Array(made.arena.subarray(at, at + length));
  });
}

describe('a row that is kept raw', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.string({ unit: 'binary' }).map((text) => new Uint8Array(Buffer.from(text))),
    fc.constantFrom(NULL_CELL, UNCHANGED_CELL),
  );

  test('has the same cells again, whatever bytes they are', () => {
    fc.assert(
      fc.property(fc.tuple(bytes, bytes, bytes), ([a, b, c]) => {
        const cells: Cell[] = [a as Cell, b as Cell, c as Cell, NULL_CELL];
        const kept = keptRow(block(layout, cells), 1, layout);
        const again = rowOf(kept, layout, 1234);
        expect(cellsOf(again)).toEqual(cells);
        expect([again.count, again.layout(0), again.timestampMs[0]]).toEqual([1, layout, 1234]);
        expect(originOf(kept)).toEqual({ table: 'orders', kind: 'create' });
      }),
    );
  });

  test('keeps no cell that a record does not show, or not whole', () => {
    const hashed: RowLayout = { ...layout, value: cell(1, { ...textCodec, hides: true }) };
    const cells = ['key', 'hashed', 'header', 'left out'].map((text) => Buffer.from(text));
    const kept = keptRow(block(hashed, cells), 1, hashed);
    expect(JSON.parse(kept.toString())).toEqual({
      cells: ['key', { hidden: true }, 'header', { hidden: true }],
      origin: { table: 'orders', kind: 'create' },
    });
    const shown: RowLayout = { ...layout, value: cell(2, textCodec) };
    expect(rowOf(kept, shown, 0).isNull(0, 3)).toBe(true);
    expect(() => rowOf(kept, layout, 0)).toThrow('was hidden when the row was put aside');
  });

  test('is kept as the source made it, not as a chain shows it', () => {
    const made: RowLayout = { ...layout, topic: 'routed', value: null, from: layout };
    const cells = ['a', 'b', 'c', 'd'].map((text) => Buffer.from(text));
    expect(keptRow(block(layout, cells), 1, made)).toEqual(keptRow(block(layout, cells), 1, layout));
  });

  test('is refused where it has another shape than its layout', () => {
    const { origin: _, ...plain } = layout;
    const kept = keptRow(block(plain, [NULL_CELL, NULL_CELL, NULL_CELL, NULL_CELL]), 1, plain);
    expect(originOf(kept)).toBe(null);
    expect(() => rowOf(kept, { ...layout, cells: 5 }, 0)).toThrow('4 cells, not 5');
    expect(() => originOf(Buffer.from('no'))).toThrow('it is not JSON');
    expect(() => originOf(Buffer.from('{}'))).toThrow('it has no cells');
  });
});
