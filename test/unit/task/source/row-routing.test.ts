import { describe, expect, test } from 'vitest';
import { RowRouting } from '../../../../runtime/task/source/row-routing.ts';
import { createChain, type TransformChain } from '../../../../runtime/transform/chain.ts';
import { RowBlock } from '../../../../runtime/record/row-block.ts';
import { sampleBlock, sampleLayout } from '../../convert/sample-rows.ts';

const route = {
  transforms: 'r,f',
  'transforms.r.type': 'RegexRouter',
  'transforms.r.regex': '(.*)',
  'transforms.r.replacement': 'out-$1',
  'transforms.f.type': 'Filter',
  'transforms.f.predicate': 'dropped',
  predicates: 'dropped',
  'predicates.dropped.type': 'TopicNameMatches',
  'predicates.dropped.pattern': 'out-dropped',
};

function chainOf(config: Record<string, string>): TransformChain {
  const chain = createChain(config);
  if (chain === null) throw new Error('no chain');
  return chain;
}

describe('rows under a chain that layouts tell all of', () => {
  const layout = sampleLayout();
  const routing = new RowRouting(chainOf(route));

  test('stay the same cells under another topic, the same layout each time', () => {
    const block = sampleBlock(layout, 10);
    const [first, second] = [routing.apply(block), routing.apply(block)];
    expect(first?.layout(3).topic).toBe(`out-${layout.topic}`);
    expect(second?.layout(3)).toBe(first?.layout(3));
    expect(first?.cells).toBe(block.cells);
    expect(block.layout(3)).toBe(layout);
    if (first === null || layout.value === null) throw new Error('no rows');
    expect(first.value(3, layout.value)).toEqual(block.value(3, layout.value));
  });

  test('are left out where their topic is dropped, their layout too', () => {
    const block = sampleBlock(layout, 4);
    const dropped = { ...layout, topic: 'dropped' };
    const mixed = new RowBlock(block.arena);
    for (const [row, own] of [layout, dropped, layout, dropped, dropped].entries()) {
      mixed.begin(own, row);
      for (let cell = 0; cell < own.cells; cell++)
        mixed.cell(block.cells[cell * 2] ?? 0, block.cells[cell * 2 + 1] ?? 0);
    }
    const kept = routing.apply(mixed);
    expect(kept?.count).toBe(2);
    expect(kept?.layouts.map(({ topic }) => topic)).toEqual([`out-${layout.topic}`]);
    expect([kept?.timestampMs[0], kept?.timestampMs[1]]).toEqual([0, 2]);
    expect([kept?.firstCell[0], kept?.firstCell[1]]).toEqual([0, 2 * layout.cells]);
  });

  test('become values where one layout of the block needs them, all of them: their order stays', () => {
    const block = sampleBlock(layout, 2);
    const tombstone = { ...layout, value: null };
    block.begin(tombstone, 2);
    for (let cell = 0; cell < layout.cells; cell++) block.cell(0, 1);
    const typed = {
      transforms: 'c',
      'transforms.c.type': 'TimestampConverter$Value',
      'transforms.c.target.type': 'string',
    };
    const late = {
      ...typed,
      'transforms.c.field': 'ts_ms',
      'transforms.c.format': 'yyyy',
      'transforms.c.predicate': 'empty',
    };
    const config = {
      ...late,
      'transforms.c.negate': 'true',
      predicates: 'empty',
      'predicates.empty.type': 'RecordIsTombstone',
    };
    expect(chainOf(config).layout(tombstone)).toEqual(tombstone);
    expect(chainOf(config).layout(layout)).toBe('values');
    expect(new RowRouting(chainOf(config)).apply(block)).toBeNull();
  });
});
