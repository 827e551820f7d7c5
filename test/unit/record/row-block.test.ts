import { describe, expect, test } from 'vitest';
import { NULL_CELL, RowBlock, UNCHANGED_CELL } from '../../../runtime/record/row-block.ts';
import type { RowLayout } from '../../../runtime/record/row-layout.ts';
import { optional, STRING } from '../../../runtime/record/schema-builder.ts';
import { cell, digitsCodec, structNode, textCodec } from '../convert/sample-rows.ts';

const node = structNode('row', [
  ['id', cell(0, digitsCodec)],
  ['note', cell(1, textCodec, optional(STRING))],
]);

function layout(topic: string): RowLayout {
  return { topic, key: null, value: node, headers: [], cells: 2 };
}

describe('a row block', () => {
  test('grows with its rows and cells, and keeps layouts apart', () => {
    const block = new RowBlock(Buffer.from('12345'), 1, 1);
    const [a, b] = [layout('a'), layout('b')];
    for (let row = 0; row < 100; row++) {
      block.begin(row % 3 === 0 ? a : b, row);
      block.cell(row % 5, 1);
      block.cell(0, row % 2 === 0 ? NULL_CELL : UNCHANGED_CELL);
    }
    expect(block.count).toBe(100);
    expect(block.layouts).toEqual([a, b]);
    expect(block.layout(99)).toBe(a);
    expect(block.value(98, node)).toEqual({ id: 4n, note: null });
    expect(block.value(99, node)).toEqual({ id: 5n, note: '__unavailable_value' });
    expect(block.timestampMs[99]).toBe(99);
    expect(() => block.layout(100)).toThrow(RangeError);
  });

  test('keeps only the rows it is told, with their cells, layouts and times', () => {
    const block = new RowBlock(Buffer.from('12345'));
    const [a, b] = [layout('a'), layout('b')];
    for (let row = 0; row < 5; row++) {
      block.begin(row < 3 ? a : b, row * 10);
      block.cell(row, 1);
      block.cell(0, NULL_CELL);
    }
    block.keep([1, 4]);
    expect(block.count).toBe(2);
    expect([block.layout(0), block.layout(1)]).toEqual([a, b]);
    expect([block.value(0, node), block.value(1, node)]).toEqual([
      { id: 2n, note: null },
      { id: 5n, note: null },
    ]);
    expect([block.timestampMs[0], block.timestampMs[1]]).toEqual([10, 40]);
    block.keep([]);
    expect(block.count).toBe(0);
  });

  test('is empty after clear, with new layouts', () => {
    const block = new RowBlock(Buffer.from('1'));
    block.begin(layout('a'), 0);
    block.cell(0, 1);
    block.cell(0, NULL_CELL);
    block.clear();
    expect([block.count, block.cellCount, block.layouts.length]).toEqual([0, 0, 0]);
    const next = layout('c');
    block.begin(next, 1);
    expect(block.layout(0)).toBe(next);
  });

  test('fields may have any name', () => {
    const odd = structNode('odd', [
      ['__proto__', cell(0, digitsCodec)],
      ['constructor', cell(0, digitsCodec)],
    ]);
    const block = new RowBlock(Buffer.from('7'));
    block.begin({ ...layout('a'), value: odd, cells: 1 }, 0);
    block.cell(0, 1);
    const made = block.value(0, odd) as Record<string, unknown>;
    expect(Object.keys(made)).toEqual(['__proto__', 'constructor']);
    expect(made['__proto__']).toBe(7n);
    expect('toString' in made).toBe(false);
  });
});
