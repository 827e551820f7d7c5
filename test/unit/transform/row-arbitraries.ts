import fc from 'fast-check';
import { expect } from 'vitest';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { NULL_CELL, UNCHANGED_CELL, type RowBlock } from '../../../runtime/record/row-block.ts';
import type { RowLayout } from '../../../runtime/record/row-layout.ts';
import { BOOLEAN, INT32 } from '../../../runtime/record/schema-builder.ts';
import { digits } from '../../../runtime/change/meta-codecs.ts';
import { asRows, asValues, chainOf, type Config } from './row-chains.ts';

export const int32Codec: CellCodec = {
  ...digits,
  schema: INT32,
  value: (bytes, at, length) => Number(digits.value(bytes, at, length)),
};
export const booleanCodec: CellCodec = {
  schema: BOOLEAN,
  json: () => (_bytes, _at, length, writer) => writer.ascii(length > 1 ? 'true' : 'false'),
  value: (_bytes, _at, length) => length > 1,
};

/** Of the converters. */
export const worker: fc.Arbitrary<Config> = fc.tuple(fc.boolean(), fc.boolean()).map(([schemas, defaults]): Config => ({
  'value.converter': 'json',
  'value.converter.schemas.enable': String(schemas),
  'value.converter.replace.null.with.default': String(defaults),
  'key.converter': 'json',
  'key.converter.schemas.enable': String(!schemas),
}));

/** Texts of a cell. */
export function cellValue(codec: CellCodec, nulls: boolean): fc.Arbitrary<string | null | undefined> {
  const some =
    codec.schema.type === 'string'
      ? fc.string({ unit: 'binary', maxLength: 8 }).map((made) => made.toWellFormed())
      : codec.schema.type === 'int64'
        ? fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)
        : fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map(String);
  if (nulls) return fc.option(some, { freq: 2, nil: null });
  return codec.unavailable === undefined ? some : fc.option(some, { freq: 3, nil: undefined });
}

/** Values of a column, unchanged ones too where its type can have them. */
export function toasted(codec: CellCodec, some: fc.Arbitrary<string>): fc.Arbitrary<string | undefined> {
  return codec.unavailable === undefined ? some : fc.option(some, { freq: 3, nil: undefined });
}

/** Rows of texts: null is NULL, undefined unchanged. */
export type Row = readonly (string | null | undefined)[];

/** Adds a row to a block. */
export function fill(block: RowBlock, layout: RowLayout, row: Row, timestampMs: number): void {
  const bytes = Buffer.from(row.map((cell) => cell ?? '').join(''));
  let at = block.arena.length;
  block.arena = Buffer.concat([block.arena, bytes]);
  block.begin(layout, timestampMs);
  for (const cell of row.slice(0, layout.cells)) {
    const length = cell === null ? NULL_CELL : cell === undefined ? UNCHANGED_CELL : Buffer.byteLength(cell);
    block.cell(at, length);
    at += Math.max(0, length);
  }
}

/** Compares both ways; false: the chain goes over values. */
export async function same(block: RowBlock, config: Config, converters: Config): Promise<boolean> {
  let made;
  try {
    made = await asRows(block, chainOf(config), converters);
  } catch (error) {
    if ((error as { kind?: string }).kind === 'config') return false;
    throw error;
  }
  if (made === null) return false;
  const { records, refused } = await asValues(block, chainOf(config), converters);
  expect(made.records).toEqual(records);
  expect(made.refused).toEqual(refused);
  return true;
}
