import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonConverter } from '../../../runtime/convert/json-converter.ts';
import { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import { NULL_CELL, RowBlock, UNCHANGED_CELL } from '../../../runtime/record/row-block.ts';
import type { LayoutNode, RowLayout } from '../../../runtime/record/row-layout.ts';
import {
  field,
  INT32,
  INT64,
  optional,
  STRING,
  structOf,
  withDefault,
} from '../../../runtime/record/schema-builder.ts';
import { cell, digitsCodec, sampleBlock, sampleLayout, structNode, textCodec } from './sample-rows.ts';

const NODE = { kind: 'constant', schema: optional(STRING), value: null } as const;

function layoutOf(value: LayoutNode, cells: number): RowLayout {
  return { topic: 't', key: null, value, headers: [], cells };
}

/** A block of one row; a text is a cell, null a NULL, undefined an unchanged one. */
function rowOf(layout: RowLayout, cells: readonly (string | null | undefined)[]): RowBlock {
  const block = new RowBlock(Buffer.from(cells.map((text) => text ?? '').join('')), 1, cells.length || 1);
  block.begin(layout, 0);
  let at = 0;
  for (const text of cells) {
    const size = Buffer.byteLength(text ?? '');
    block.cell(at, text === null ? NULL_CELL : text === undefined ? UNCHANGED_CELL : size);
    at += size;
  }
  return block;
}

function written(
  node: LayoutNode,
  cells: readonly (string | null | undefined)[],
  config: Record<string, string> = {},
): string {
  const layout = layoutOf(node, cells.length);
  const plan = new JsonConverter({ 'schemas.enable': 'false', ...config }).plan(layout, node);
  const writer = new ByteWriter(4);
  writer.ascii('>');
  expect(plan.write(rowOf(layout, cells), 0, writer)).toBe(true);
  return writer.view().toString('utf8').slice(1);
}

describe('the JSON plan of a layout', () => {
  /** Trees of nodes over three cells: the first two text, the third digits. */
  const node = fc.letrec<{ node: LayoutNode }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<LayoutNode>(
        cell(0, textCodec, optional(STRING)),
        cell(1, textCodec, optional(withDefault(STRING, 'it"s default'))),
        cell(2, digitsCodec, optional(INT64)),
        { kind: 'constant', schema: INT32, value: 42 },
        NODE,
      ),
      fc
        .tuple(
          fc.uniqueArray(fc.tuple(fc.string({ maxLength: 5 }), tie('node')), {
            maxLength: 4,
            selector: ([name]) => name,
          }),
          fc.option(fc.nat(2), { nil: undefined }),
        )
        .map(([parts, presentIf]): LayoutNode => ({
          kind: 'struct',
          schema: structOf(
            parts.map(([name, { schema }]) => field(name, schema)),
            { optional: true },
          ),
          fields: parts.map(([, part]) => part),
          ...(presentIf === undefined ? {} : { presentIf }),
        })),
    ),
  })).node;
  const text = fc.oneof(
    fc.string({ unit: 'binary' }).map((made) => made.toWellFormed()),
    fc.constantFrom(null, undefined),
  );
  const digits = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map(String), fc.constant(null));

  test.each(['false', 'true'])('writes what encode writes for the same values; schemas.enable=%s', (schemas) => {
    fc.assert(
      fc.property(node, fc.tuple(text, text, digits), fc.boolean(), (tree, cells, replace) => {
        const config = { 'schemas.enable': schemas, 'replace.null.with.default': String(replace) };
        const value = rowOf(layoutOf(tree, 3), cells).value(0, tree);
        const encoded = new JsonConverter(config).encode('t', { schema: tree.schema, value });
        expect(written(tree, cells, config)).toBe(Buffer.from(encoded ?? []).toString('utf8'));
      }),
      { numRuns: 300 },
    );
  });

  test('an unchanged cell is the codec’s placeholder, NULL its own', () => {
    const row = structNode('r', [
      ['a', cell(0, textCodec, optional(STRING))],
      ['b', cell(1, textCodec, optional(STRING))],
    ]);
    expect(written(row, [undefined, null])).toBe('{"a":"__unavailable_value","b":null}');
  });

  test('NULL where it is not allowed is a data error that names the field, and leaves no bytes', () => {
    const row = structNode('r', [['after', structNode('v', [['id', cell(0, digitsCodec)]])]]);
    const layout = layoutOf(row, 1);
    const writer = new ByteWriter();
    writer.ascii('before');
    const plan = new JsonConverter({}).plan(layout, row);
    expect(() => plan.write(rowOf(layout, [null]), 0, writer)).toThrow(
      expect.objectContaining({
        code: 'RECORD_VALUE',
        kind: 'data',
        message: expect.stringContaining('field after.id'),
      }),
    );
    expect(writer.view().toString()).toBe('before');
  });

  test('a struct that is not there is null, and what follows it is written', () => {
    const inner = structNode('i', [
      ['x', cell(0, digitsCodec)],
      ['y', cell(1, textCodec)],
    ]);
    const node = structNode('r', [
      ['s', { ...inner, schema: optional(inner.schema), presentIf: 0 } as LayoutNode],
      ['z', cell(1, textCodec, optional(STRING))],
    ]);
    expect(written(node, [null, 'v'])).toBe('{"s":null,"z":"v"}');
    expect(written(node, ['7', 'v'])).toBe('{"s":{"x":7,"y":"v"},"z":"v"}');
  });

  test('with schemas the envelope stands around the payload', () => {
    expect(written(cell(0, digitsCodec), ['7'], { 'schemas.enable': 'true' })).toBe(
      '{"schema":{"type":"int64","optional":false},"payload":7}',
    );
  });

  test('a change event is valid JSON of the expected size', () => {
    const layout = sampleLayout();
    const block = sampleBlock(layout, 3);
    const writer = new ByteWriter();
    if (layout.value === null) throw new Error('the sample has a value');
    new JsonConverter({ 'schemas.enable': 'false' }).plan(layout, layout.value).write(block, 2, writer);
    expect(JSON.parse(writer.view().toString())).toMatchObject({
      op: 'u',
      after: { id: 1234567 },
      source: { db: 'shop' },
    });
    expect(writer.length).toBeGreaterThan(650);
  });
});

async function measured(mode: string): Promise<{ bytesPerRow: number; collections: number; batches: number }> {
  const script = fileURLToPath(new URL('heap-per-row.ts', import.meta.url));
  const flags = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256'];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, mode]);
  return JSON.parse(stdout) as { bytesPerRow: number; collections: number; batches: number };
}

describe('heap bytes per row, from cells to record batches', () => {
  test.each(['plan', 'schemas'])(
    'are at most 64: no object is made per row or field (%s)',
    { timeout: 60_000 },
    async (mode) => {
      const { bytesPerRow, collections, batches } = await measured(mode);
      expect(collections).toBe(0);
      expect(batches).toBeGreaterThan(10);
      expect(bytesPerRow).toBeLessThanOrEqual(64);
    },
  );

  test('are thousands where rows become objects: the measure sees them', { timeout: 60_000 }, async () => {
    expect((await measured('values')).bytesPerRow).toBeGreaterThan(1000);
  });
});
