import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { generatorSource } from '../../../../connectors/generator/connector.ts';
import { MadeUp } from '../../../../connectors/generator/made-up.ts';
import { generatorOptions } from '../../../../connectors/generator/options.ts';
import { RowMaker } from '../../../../connectors/generator/row-maker.ts';
import { parseOptions, type RawConfig } from '../../../../runtime/connector/options.ts';
import { JsonConverter } from '../../../../runtime/convert/json-converter.ts';
import { ByteWriter } from '../../../../runtime/record/byte-writer.ts';
import type { LayoutNode } from '../../../../runtime/record/row-layout.ts';

const options = (more: RawConfig) => parseOptions(generatorOptions, { topic: 't', ...more });
const texts = (more: object): RawConfig =>
  Object.fromEntries(Object.entries(more).map(([key, value]) => [key, String(value)]));

/** The JSON of the rows, as the hub would hold it. */
function written(more: RawConfig, task: number, from: number, count: number): { key: string | null; value: string }[] {
  const maker = new RowMaker(options(more), task);
  const block = maker.block();
  maker.fill(block, from, count);
  const converter = new JsonConverter({ 'schemas.enable': 'false' });
  return Array.from({ length: count }, (_, row) => {
    const layout = block.layout(row);
    const text = (node: LayoutNode): string => {
      const writer = new ByteWriter();
      converter.plan(layout, node).write(block, row, writer);
      return writer.view().toString();
    };
    if (layout.value === null) throw new Error('no value');
    return { key: layout.key === null ? null : text(layout.key), value: text(layout.value) };
  });
}

describe('the generator', () => {
  test('makes the records that its oracle computes from seed, task and number alone', () => {
    const config = fc.record({
      seed: fc.nat({ max: Number.MAX_SAFE_INTEGER - 1 }),
      keys: fc.integer({ min: 1, max: 1e12 }),
      'record.bytes': fc.integer({ min: 1, max: 3000 }),
      'key.shape': fc.constantFrom('string', 'int', 'none'),
      'value.shape': fc.constantFrom('struct', 'text'),
    });
    const property = fc.property(config, fc.nat(9), fc.nat(1e9), (made, task, from) => {
      const oracle = new MadeUp(options(texts(made)), task);
      const expected = Array.from({ length: 5 }, (_, i) => oracle.record(from + i));
      expect(written(texts(made), task, from, 5)).toEqual(expected);
    });
    fc.assert(property, { numRuns: 200 });
  });

  test('makes values of exactly record.bytes', () => {
    for (const { value } of written({ 'record.bytes': '200' }, 0, 95, 10)) expect(value).toHaveLength(200);
    for (const { value } of written({ 'record.bytes': '9', 'value.shape': 'text' }, 0, 0, 5))
      expect(JSON.parse(value)).toHaveLength(9);
  });

  test('uses all keys, about equally often, and other ones in another task', () => {
    const counts = new Map<number, number>();
    const made = new MadeUp(options({ keys: '10' }), 0);
    for (let n = 0; n < 10_000; n++) counts.set(made.keyNumber(n), (counts.get(made.keyNumber(n)) ?? 0) + 1);
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (const count of counts.values()) expect(count).toBeGreaterThan(800);
    const other = new MadeUp(options({ keys: '10' }), 1);
    for (let n = 0; n < 100; n++) expect(Math.floor(other.keyNumber(n) / 10)).toBe(1);
  });

  test('refuses offsets that are not its own', async () => {
    const call = {} as Parameters<NonNullable<typeof generatorSource.alterOffsets>>[0];
    await expect(generatorSource.alterOffsets?.(call, [{ partition: {}, offset: { record: -1 } }])).rejects.toThrow(
      'not an offset',
    );
    await generatorSource.alterOffsets?.(call, [
      { partition: {}, offset: { record: 5 } },
      { partition: {}, offset: null },
    ]);
  });
});
