import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changeLayouts, type ChangeColumn } from '../../../runtime/change/change-layouts.ts';
import { digits } from '../../../runtime/change/meta-codecs.ts';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { RowBlock } from '../../../runtime/record/row-block.ts';
import type { RowLayout } from '../../../runtime/record/row-layout.ts';
import {
  INT32,
  INT64,
  optional,
  OPTIONAL_STRING,
  STRING,
  withDefault,
} from '../../../runtime/record/schema-builder.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import { META, META_CELLS, postgresEnvelope } from '../../../connectors/postgres/row/source-block.ts';
import { arrayType, baseType, codecOf, columnOf, numericModifier } from '../connectors/postgres/type/columns.ts';
import { textCodec } from '../convert/sample-rows.ts';
import { chain, link, linksOf, maybe } from './chain-arbitraries.ts';
import { cellValue, fill, int32Codec, same, toasted, worker, type Row } from './row-arbitraries.ts';

const pg = (type: string, changes: Parameters<typeof columnOf>[1] = {}): CellCodec =>
  codecOf(columnOf(baseType(type), changes), { time: 'connect' });
const texts = arrayType(baseType('text'));
const COLUMNS: readonly (readonly [string, CellCodec, Schema, fc.Arbitrary<string>?])[] = [
  ['a', digits, INT64],
  ['b', textCodec, OPTIONAL_STRING],
  ['c', textCodec, optional(withDefault(STRING, 'of the table'))],
  ['e', int32Codec, optional(INT32)],
  ...(
    [
      ['f', pg('numeric', { typmod: numericModifier(10, 2) }), ['12.50', '-0.01', '0']],
      ['g', pg('float8'), ['1.5', '-1e300', '0', 'NaN']],
      ['h', pg('bytea'), ['\\x00ff', '\\x']],
      ['i', codecOf(columnOf(texts)), ['{a,NULL,"b c"}', '{}']],
      ['j', pg('timestamptz'), ['2024-01-02 03:04:05.678+00']],
      ['k', pg('date'), ['2024-01-02', '1970-01-01']],
      ['l', pg('point'), ['(1,2.5)']],
      ['m', pg('bool'), ['t', 'f']],
      ['n', pg('float4'), ['1.1', '0.1']],
    ] as const
  ).map(([name, codec, values]) => [name, codec, optional(codec.schema), fc.constantFrom(...values)] as const),
];
const changePath = fc
  .tuple(fc.constantFrom('', '', 'after.', 'before.'), fc.constantFrom(...COLUMNS.map(([name]) => name), 'z'))
  .map((two) => two.join(''));

const table = fc
  .record({ metadata: fc.boolean(), keyOnly: fc.boolean(), keyed: fc.boolean() })
  .map(({ metadata, keyOnly, keyed }) => {
    const columns = COLUMNS.map(([name, codec, schema], cell): ChangeColumn => ({ name, schema, codec, cell }));
    const layouts = changeLayouts(
      {
        topic: 'orders',
        name: 'shop.public.orders',
        sourceSchema: 'public',
        sourceTable: 'orders',
        metaCells: META_CELLS,
        width: COLUMNS.length,
        columns,
        key: keyed ? columns.slice(0, 1) : [],
        ...(keyOnly ? { oldCells: new Set([0]) } : {}),
      },
      postgresEnvelope({ version: '1', name: 'shop', database: 'shop' }, metadata),
      { tombstones: true, skipped: new Set(), headers: [] },
    );
    const { keyChange, envelope: _, keySchema: _key, ...plain } = layouts;
    return {
      ...plain,
      keyDelete: keyChange.delete,
      keyTombstone: keyChange.tombstone,
      keyCreate: keyChange.create,
    } as Readonly<Record<string, RowLayout | null>>;
  });

const KINDS = [
  'read',
  'create',
  'update',
  'updateWithBefore',
  'delete',
  'tombstone',
  'truncate',
  'keyDelete',
  'keyTombstone',
  'keyCreate',
];
const number = fc.nat(1e9).map((n) => String(n + 10_000));
const orNull = (some: fc.Arbitrary<string>): fc.Arbitrary<string | null> => fc.option(some, { freq: 3 });
const meta = fc.tuple(
  ...Array.from({ length: META_CELLS }, (_, at): fc.Arbitrary<string | null> => {
    if (at === META.sourceUs || at === META.eventUs || at === META.totalOrder || at === META.collectionOrder)
      return number;
    if (at === META.snapshot) return fc.constantFrom('true', 'last');
    return at === META.lsn || at === META.txId || at === META.xmin || at === META.originLsn
      ? orNull(number)
      : orNull(fc.string());
  }),
);
const image = fc.tuple(
  ...COLUMNS.map(([, codec, , given], i) =>
    given === undefined ? cellValue(codec, i > 0) : fc.option(toasted(codec, given), { freq: 3, nil: null }),
  ),
);
const images = fc.array(
  fc.tuple(
    fc.constantFrom(...KINDS),
    fc.tuple(meta, image, image).map((parts): Row => parts.flat()),
  ),
  { minLength: 1, maxLength: 6 },
);
const added = fc
  .uniqueArray(fc.constantFrom('op', 'lsn', 'table', 'source.ts_ms', 'source.snapshot', 'ts_ms:at', 'transaction.id'), {
    maxLength: 2,
  })
  .map((list) => list.join(','));
const newState = link(
  'ExtractNewRecordState',
  {
    'delete.tombstone.handling.mode': fc.constantFrom(
      'drop',
      'tombstone',
      'rewrite',
      'rewrite-with-tombstone',
      'delete-to-tombstone',
    ),
    'add.fields': maybe(added),
    'add.headers': maybe(added),
    'drop.fields.header.name': maybe(fc.constant('h')),
  },
  false,
);
const changeLinks = [...Array.from({ length: 8 }, () => newState), ...linksOf(changePath)];

test('the rows of a table: the same bytes of every operation', async () => {
  const count = { rows: 0, all: 0 };
  await fc.assert(
    fc.asyncProperty(table, images, chain(changeLinks, 3), worker, async (made, rows, config, converters) => {
      const block = new RowBlock(Buffer.alloc(0));
      for (const [kind, cells] of rows) {
        const own = made[kind];
        if (own !== null && own !== undefined) fill(block, own, cells, 3);
      }
      count.all++;
      if (await same(block, config, converters)) count.rows++;
    }),
    { numRuns: 800 },
  );
  expect(count.rows / count.all).toBeGreaterThan(0.25);
});
