import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digits } from '../../../runtime/change/meta-codecs.ts';
import { NO_TIMESTAMP, RowBlock } from '../../../runtime/record/row-block.ts';
import type { LayoutNode, RowLayout } from '../../../runtime/record/row-layout.ts';
import {
  field,
  INT64,
  optional,
  OPTIONAL_STRING,
  STRING,
  structOf,
  withDefault,
} from '../../../runtime/record/schema-builder.ts';
import { textCodec } from '../convert/sample-rows.ts';
import { chain, linksOf } from './chain-arbitraries.ts';
import { asRows, asValues, chainOf } from './row-chains.ts';
import { booleanCodec, cellValue, fill, int32Codec, same, worker } from './row-arbitraries.ts';

/** Cells of a row: a codec, and whether they may be NULL or unchanged. */
const CELLS = [
  { codec: textCodec, nulls: false },
  { codec: textCodec, nulls: true },
  { codec: digits, nulls: false },
  { codec: digits, nulls: true },
  { codec: int32Codec, nulls: true },
  { codec: booleanCodec, nulls: true },
] as const;
const NAMES = ['a', 'b', 'c', 'd.e'] as const;

const leaf = fc.oneof(
  fc.constantFrom(...CELLS.keys()).chain((cell) => {
    const { codec, nulls } = CELLS[cell] ?? CELLS[0];
    const type = codec.schema;
    const shown = withDefault(
      type,
      type.type === 'string' ? 'default' : type.type === 'int64' ? 7n : type.type === 'boolean' ? true : 7,
    );
    const schemas = nulls ? [optional(type), optional(shown)] : [type, shown, optional(type)];
    return fc.constantFrom(...schemas).map((schema): LayoutNode => ({ kind: 'cell', cell, schema, codec }));
  }),
  fc.constantFrom<LayoutNode>(
    { kind: 'constant', schema: STRING, value: 'fixed' },
    { kind: 'constant', schema: OPTIONAL_STRING, value: null },
    { kind: 'constant', schema: optional(withDefault(INT64, 5n)), value: null },
  ),
);

function structOfNodes(
  parts: readonly (readonly [string, LayoutNode])[],
  presentIf: number | null,
  may: boolean,
): LayoutNode {
  const schema = structOf(
    parts.map(([name, node]) => field(name, node.schema)),
    { optional: may || presentIf !== null, name: 'made.up' },
  );
  return {
    kind: 'struct',
    schema,
    fields: parts.map(([, node]) => node),
    ...(presentIf === null ? {} : { presentIf }),
  };
}

const tree = fc.letrec<{ node: LayoutNode; struct: LayoutNode }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', maxDepth: 2 },
    { arbitrary: leaf, weight: 3 },
    { arbitrary: tie('struct'), weight: 2 },
  ),
  struct: fc
    .tuple(
      fc.uniqueArray(fc.tuple(fc.constantFrom(...NAMES), tie('node')), {
        minLength: 1,
        maxLength: 4,
        selector: ([name]) => name,
      }),
      fc.option(fc.nat(CELLS.length - 1), { freq: 5 }),
      fc.boolean(),
    )
    .map(([parts, presentIf, may]) => structOfNodes(parts, presentIf, may)),
}));
const topStruct = tree.struct.map((node): LayoutNode => {
  if (node.kind !== 'struct') return node;
  const { presentIf: _, ...present } = node;
  return present;
});

const layout: fc.Arbitrary<RowLayout> = fc
  .record({
    topic: fc.constantFrom('orders', 'items'),
    key: fc.option(fc.oneof(topStruct, leaf), { freq: 4 }),
    value: fc.option(fc.oneof({ arbitrary: topStruct, weight: 6 }, { arbitrary: tree.node, weight: 1 }), { freq: 6 }),
    headers: fc.array(fc.record({ key: fc.constantFrom('h', 'i'), node: leaf }), { maxLength: 2 }),
    partition: fc.option(fc.nat(3), { nil: undefined, freq: 3 }),
  })
  .map(({ partition, ...made }) => ({
    ...made,
    cells: CELLS.length,
    ...(partition === undefined ? {} : { partition }),
  }));

const row = fc.tuple(...CELLS.map(({ codec, nulls }) => cellValue(codec, nulls)));

const path = fc.oneof(fc.constantFrom(...NAMES), fc.constantFrom('a.b', 'b.a', 'a.b.c', 'c.`d.e`'));
const links = linksOf(path);

describe('a chain says of layouts what it does to values', () => {
  test('any layouts, any chain: the same bytes of key, value and headers, topic, partition and time', async () => {
    const count = { rows: 0, all: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(layout, { minLength: 1, maxLength: 2 }),
        fc.array(fc.tuple(row, fc.nat(1), fc.constantFrom(NO_TIMESTAMP, 17)), { minLength: 1, maxLength: 5 }),
        chain(links, 4),
        worker,
        async (layouts, rows, config, converters) => {
          const block = new RowBlock(Buffer.alloc(0));
          for (const [cells, at, time] of rows) fill(block, layouts[at] ?? (layouts[0] as RowLayout), cells, time);
          count.all++;
          if (await same(block, config, converters)) count.rows++;
        },
      ),
      { numRuns: 2000 },
    );
    expect(count.rows / count.all).toBeGreaterThan(0.25);
  });

  test('a NULL that its own schema forbids is refused either way: in rows by the converter', async () => {
    const schema = structOf([field('a', INT64), field('b', STRING)]);
    const [a, b] = [CELLS[3], CELLS[1]].map(({ codec }, cell): LayoutNode => ({
      kind: 'cell',
      cell,
      schema: codec.schema,
      codec,
    }));
    if (a === undefined || b === undefined) throw new Error('no cells');
    const value: LayoutNode = { kind: 'struct', schema, fields: [a, b] };
    const block = new RowBlock(Buffer.alloc(0));
    fill(block, { topic: 'orders', key: null, value, headers: [], cells: 2 }, [null, 'text'], 3);
    const renamed = { transforms: 't', 'transforms.t.type': 'ReplaceField$Value', 'transforms.t.renames': 'b:c' };
    const [rows, values] = [await asRows(block, chainOf(renamed), {}), await asValues(block, chainOf(renamed), {})];
    expect(rows).toMatchObject({ records: [], refused: ['VALUE_CONVERTER of orders'] });
    expect(values).toMatchObject({
      records: [],
      refused: [expect.stringContaining('null used for required field: "a"')],
    });
  });
});
