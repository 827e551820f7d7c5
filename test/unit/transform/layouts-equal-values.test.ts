import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changeLayouts, type ChangeColumn } from '../../../runtime/change/change-layouts.ts';
import { digits } from '../../../runtime/change/meta-codecs.ts';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { NO_TIMESTAMP, NULL_CELL, RowBlock, UNCHANGED_CELL } from '../../../runtime/record/row-block.ts';
import type { LayoutNode, RowLayout } from '../../../runtime/record/row-layout.ts';
import {
  BOOLEAN,
  field,
  INT32,
  INT64,
  optional,
  OPTIONAL_STRING,
  STRING,
  structOf,
  withDefault,
} from '../../../runtime/record/schema-builder.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import { META, META_CELLS, postgresEnvelope } from '../../../connectors/postgres/row/source-block.ts';
import { asRows, asValues, chainOf, type Config } from './row-chains.ts';
import { textCodec } from '../convert/sample-rows.ts';

const int32Codec: CellCodec = {
  ...digits,
  schema: INT32,
  value: (bytes, at, length) => Number(digits.value(bytes, at, length)),
};
const booleanCodec: CellCodec = {
  schema: BOOLEAN,
  json: () => (_bytes, _at, length, writer) => writer.ascii(length > 1 ? 'true' : 'false'),
  value: (_bytes, _at, length) => length > 1,
};

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

const worker: fc.Arbitrary<Config> = fc.tuple(fc.boolean(), fc.boolean()).map(([schemas, defaults]): Config => ({
  'value.converter': 'json',
  'value.converter.schemas.enable': String(schemas),
  'value.converter.replace.null.with.default': String(defaults),
  'key.converter': 'json',
  'key.converter.schemas.enable': String(!schemas),
}));

function cellValue(codec: CellCodec, nulls: boolean): fc.Arbitrary<string | null | undefined> {
  const some =
    codec.schema.type === 'string'
      ? fc.string({ unit: 'binary', maxLength: 8 }).map((made) => made.toWellFormed())
      : codec.schema.type === 'int64'
        ? fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)
        : fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map(String);
  if (nulls) return fc.option(some, { freq: 2, nil: null });
  return codec.unavailable === undefined ? some : fc.option(some, { freq: 3, nil: undefined });
}

/** Rows of texts: null is NULL, undefined unchanged. */
type Row = readonly (string | null | undefined)[];

function fill(block: RowBlock, layout: RowLayout, row: Row, timestampMs: number): void {
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
const paths = fc.uniqueArray(path, { minLength: 1, maxLength: 2 }).map((list) => list.join(','));
const side = fc.constantFrom('$Key', '$Value', '$Value', '$Value');
const flag = fc.boolean().map(String);

function link(
  type: string,
  options: Readonly<Record<string, fc.Arbitrary<string | undefined>>>,
  sided = true,
): fc.Arbitrary<Config> {
  return fc
    .record({
      ...options,
      side: sided ? side : fc.constant(''),
      'replace.null.with.default': flag,
      'field.syntax.version': fc.constantFrom('V1', 'V2', 'V2'),
    })
    .map(({ side: of, ...own }) => {
      const given = Object.entries(own).filter(([, value]) => value !== undefined);
      return { type: `${type}${of}`, ...Object.fromEntries(given) } as Config;
    });
}
const maybe = (some: fc.Arbitrary<string>): fc.Arbitrary<string | undefined> => fc.option(some, { nil: undefined });

const condition = fc.constantFrom(
  "value.op in ('c', 'r')",
  "value.op = 'u' and value.after.a > 5",
  'value.before is null or value.a.b is not null',
  'header.h is null',
  "not value.source.table = 'orders'",
  'partition >= 2',
  'key is null',
  'timestamp > 5',
);

const links: readonly fc.Arbitrary<Config>[] = [
  link('FilterWhere', { condition, keep: fc.constantFrom('matching', 'others') }, false),
  link(
    'RouteWhere',
    {
      condition: maybe(condition),
      topic: fc.constantFrom('to-${topic}', '${value.op}-${value.source.name}', '${value.b}'),
    },
    false,
  ),
  link('ReplaceField', {
    exclude: maybe(paths),
    include: maybe(paths),
    renames: maybe(fc.tuple(path, fc.constantFrom('x', 'a', 'b')).map(([from, to]) => `${from}:${to}`)),
  }),
  link('InsertField', {
    'static.field': path.map((name) => `${name}2`),
    'static.value': fc.constant('eu'),
    'topic.field': maybe(fc.constantFrom('t', 'a.t!')),
    'partition.field': maybe(fc.constantFrom('p', 'p!')),
    'timestamp.field': fc.option(fc.constant('ts'), { nil: undefined, freq: 10 }),
  }),
  link('HoistField', { field: path }),
  link('ExtractField', { field: path }),
  link('ValueToKey', { fields: paths }, false),
  link('SetSchemaMetadata', { 'schema.name': fc.constant('renamed'), 'schema.version': maybe(fc.constant('3')) }),
  link('RegexRouter', { regex: fc.constant('o(.*)'), replacement: fc.constantFrom('out-$1', 'orders') }, false),
  link('DropHeaders', { headers: fc.constantFrom('h', 'i,trace') }, false),
  link(
    'InsertHeader',
    { header: fc.constantFrom('h', 'trace'), 'value.literal': fc.constantFrom('text', '17', 'null') },
    false,
  ),
  link('HeaderFrom', {
    fields: path,
    headers: fc.constantFrom('h', 'from'),
    operation: fc.constantFrom('move', 'copy'),
  }),
  link('Flatten', { delimiter: fc.constantFrom('.', '_') }),
  link('MaskField', { fields: paths, replacement: maybe(fc.constantFrom('***', '12')) }),
  link('Filter', {}, false),
  link('Cast', {
    spec: fc
      .tuple(path, fc.constantFrom('string', 'int8', 'int32', 'int64', 'boolean', 'float64'))
      .map((two) => two.join(':')),
  }),
  link('Cast', { spec: fc.constantFrom('string', 'int64') }),
  link(
    'HeaderToValue',
    { headers: fc.constantFrom('h', 'h,i'), operation: fc.constantFrom('move', 'copy'), where: path },
    false,
  ),
  link(
    'ByLogicalTableRouter',
    { 'topic.regex': fc.constant('o(.*)'), 'topic.replacement': fc.constant('all-$1'), 'key.enforce.uniqueness': flag },
    false,
  ),
];

const PREDICATES: Config = {
  predicates: 'topic,empty,header,where',
  'predicates.where.type': 'Where',
  'predicates.where.condition': "value.op = 'u' or value.a = 'fixed' or topic matches 'it.*'",
  'predicates.topic.type': 'TopicNameMatches',
  'predicates.topic.pattern': 'o.*',
  'predicates.empty.type': 'RecordIsTombstone',
  'predicates.header.type': 'HasHeaderKey',
  'predicates.header.name': 'h',
};

function chain(of: readonly fc.Arbitrary<Config>[], maxLength: number): fc.Arbitrary<Config> {
  const one = fc
    .tuple(fc.oneof(...of), fc.option(fc.constantFrom('topic', 'empty', 'header', 'where'), { freq: 4 }), flag)
    .map(([own, named, negate]) => {
      const { where, ...config } = own;
      const fields = where === undefined ? {} : { fields: config['headers'] === 'h' ? where : `${where},i` };
      const predicate = named ?? (own['type'] === 'Filter' ? 'topic' : null);
      return { ...config, ...fields, ...(predicate === null ? {} : { predicate, negate }) };
    });
  return fc.array(one, { minLength: 1, maxLength }).map((list) => {
    const aliases = list.map((_, i) => `t${i}`);
    const entries = list.flatMap((own, i) =>
      Object.entries(own).map(([key, value]) => [`transforms.t${i}.${key}`, value]),
    );
    return { ...PREDICATES, transforms: aliases.join(','), ...Object.fromEntries(entries) };
  });
}

/** Compares both ways; false: the chain goes over values. */
async function same(block: RowBlock, config: Config, converters: Config): Promise<boolean> {
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
      { numRuns: 3000 },
    );
    expect(count.rows / count.all).toBeGreaterThan(0.25);
  });

  test('the rows of a table: the same bytes of every operation', async () => {
    const count = { rows: 0, all: 0 };
    await fc.assert(
      fc.asyncProperty(
        table,
        images,
        chain([...changeLinks, ...links], 3),
        worker,
        async (made, rows, config, converters) => {
          const block = new RowBlock(Buffer.alloc(0));
          for (const [kind, cells] of rows) {
            const own = made[kind];
            if (own !== null && own !== undefined) fill(block, own, cells, 3);
          }
          count.all++;
          if (await same(block, config, converters)) count.rows++;
        },
      ),
      { numRuns: 1500 },
    );
    expect(count.rows / count.all).toBeGreaterThan(0.25);
  });
});

const COLUMNS: readonly (readonly [string, CellCodec, Schema])[] = [
  ['a', digits, INT64],
  ['b', textCodec, OPTIONAL_STRING],
  ['c', textCodec, optional(withDefault(STRING, 'of the table'))],
  ['e', int32Codec, optional(INT32)],
];

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
const image = fc.tuple(...COLUMNS.map(([, codec], i) => cellValue(codec, i > 0)));
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
const changeLinks = [newState, newState, newState, newState, newState, newState, newState, newState];
