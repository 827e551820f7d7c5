import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readArchive } from '../../../../runtime/app/verify/archive-state.ts';
import { compareTable } from '../../../../runtime/app/verify/comparison.ts';
import { canonicalText, hashedField, rowHash } from '../../../../runtime/app/verify/canonical-text.ts';
import { OffsetRanges, type OffsetRange } from '../../../../runtime/app/verify/offset-ranges.ts';
import type { CanonicalForm, SourceTruth, TruthColumn, TruthTable } from '../../../../runtime/connector/truth.ts';
import { Decimal } from '../../../../runtime/record/decimal.ts';
import { decimalType } from '../../../../runtime/record/logical-types.ts';
import {
  field,
  INT64,
  OPTIONAL_INT64,
  OPTIONAL_STRING,
  STRING,
  structOf,
} from '../../../../runtime/record/schema-builder.ts';
import type { Schema } from '../../../../runtime/record/schema.ts';
import { variableScaleDecimalOf } from '../../../../runtime/record/semantic-types.ts';
import { struct, type Value } from '../../../../runtime/record/value.ts';
import { ParquetArchive } from '../../connectors/s3/parquet-archive.ts';
import { sinkRecord } from '../../connectors/s3/sink-records.ts';

const PLACEHOLDER = '__unavailable';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mr-archive-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function column(name: string, form: CanonicalForm = 'text', schema: Schema = STRING): TruthColumn {
  return { name, form, schema, missing: null, mayBeLeftOut: name !== 'id' };
}

function tableOf(columns: readonly TruthColumn[], key: readonly string[] = ['id']): TruthTable {
  return {
    name: 'public.t',
    topic: 't',
    key,
    columns,
    unavailable: PLACEHOLDER,
    notCompared: [],
    totals: async () => ({ rows: 0n, checksum: 0n }),
    async *rows() {},
  };
}

/** Places of events are numbers `at`; later than 100 is not included. */
const truth: SourceTruth = {
  position: '100',
  tables: [],
  covered: () => true,
  includes: (source) => Number(source['at'] ?? 0) <= 100,
  includedBy: ['at'],
  event: (source) => (source['at'] === undefined ? null : JSON.stringify(source['at'])),
  precedes: (one, other) => Number(one['at']) < Number(other['at']),
  placedBy: ['at'],
  close: async () => undefined,
};

interface Line {
  readonly op: string;
  readonly id?: string | null;
  readonly before?: object | null;
  readonly after?: object | null;
  readonly at?: number;
  readonly partition?: number;
  readonly moved?: boolean;
}

let offset = 0;

function line({ op, id = null, before = null, after = null, at = 1, partition = 0, moved = false }: Line): object {
  const headers = moved ? [{ key: '__debezium.oldkey', value: '{"id":"0"}' }] : [];
  const key = id === null ? null : { id };
  return { topic: 't', partition, offset: offset++, key, value: { op, before, after, source: { at } }, headers };
}

async function read(table: TruthTable, lines: readonly object[], expected: readonly OffsetRange[] = []) {
  const file = join(folder, 't+0+0.json');
  writeFileSync(file, lines.map((each) => `${JSON.stringify(each)}\n`).join(''));
  return readArchive({ files: [file], format: 'json', table, truth, expected });
}

const hashOf = (...texts: (string | null)[]): bigint => rowHash(texts.map(hashedField));
const plain = tableOf([column('id'), column('name')]);
const row = (id: string, name: string | null) => ({ id, name });

describe('a table rebuilt from its archive', () => {
  test('holds the last event of each key up to the position', async () => {
    const copy = await read(plain, [
      line({ op: 'c', id: '1', after: row('1', 'a') }),
      line({ op: 'u', id: '1', after: row('1', 'b') }),
      line({ op: 'u', id: '1', after: row('1', 'too late'), at: 101 }),
      line({ op: 'c', id: '2', after: row('2', 'x') }),
      line({ op: 'd', id: '2', before: row('2', 'x') }),
      { topic: 't', partition: 0, offset: offset++, key: { id: '2' }, value: null, headers: [] },
    ]);
    expect([...copy.keys()]).toEqual(['1']);
    expect(copy.hashOf('1')).toBe(hashOf('1', 'b'));
    expect(copy.checksum).toBe(hashOf('1', 'b'));
  });

  test('names records that it has twice, tombstones too', async () => {
    const event = line({ op: 'c', id: '1', after: row('1', 'a') });
    const tombstone = { topic: 't', partition: 0, offset: offset++, key: { id: '2' }, value: null, headers: [] };
    const copy = await read(plain, [event, event, tombstone, tombstone]);
    expect(copy.records?.map(({ key }) => key)).toEqual([['1'], ['2']]);
    expect(copy.rows).toBe(1n);
  });

  test('names records of the hub that it lacks, though the row is as it should be', async () => {
    const ranges = new OffsetRanges();
    const first = offset;
    const lines = [
      line({ op: 'c', id: '1', after: row('1', 'a') }),
      line({ op: 'u', id: '1', after: row('1', 'b') }),
      line({ op: 'u', id: '1', after: row('1', 'c'), at: 101 }),
    ];
    for (const at of [first, first + 1, first + 2]) ranges.add(0, BigInt(at));
    ranges.add(0, BigInt(first + 5));
    ranges.add(1, 0n);
    const copy = await read(plain, lines.slice(1), ranges.all());
    expect(copy.hashOf('1')).toBe(hashOf('1', 'b'));
    expect(copy.records).toEqual([
      { key: [], kind: 'lost', record: `t-0@${first}` },
      { key: [], kind: 'lost', record: `t-0@${first + 5}` },
      { key: [], kind: 'lost', record: 't-1@0' },
    ]);
  });

  test('a truncate in one partition empties the others by the order of the source', async () => {
    const copy = await read(plain, [
      line({ op: 'c', id: '1', after: row('1', 'a'), at: 4, partition: 1 }),
      line({ op: 'c', id: '2', after: row('2', 'b'), at: 6, partition: 1 }),
      line({ op: 'c', id: '3', after: row('3', 'c'), at: 3 }),
      line({ op: 't', at: 5 }),
      line({ op: 'c', id: '4', after: row('4', 'd'), at: 7 }),
    ]);
    expect([...copy.keys()].toSorted()).toEqual(['2', '4']);
  });

  test('a value left out is the one that stayed, or may be the placeholder itself', async () => {
    const copy = await read(plain, [
      line({ op: 'c', id: '1', after: row('1', 'big') }),
      line({ op: 'u', id: '1', after: row('1', PLACEHOLDER) }),
      line({ op: 'c', id: '2', after: row('2', PLACEHOLDER) }),
      line({ op: 'c', id: '3', after: row('3', null) }),
      line({ op: 'u', id: '3', after: row('3', PLACEHOLDER) }),
      line({ op: 'c', id: '4', after: row('4', PLACEHOLDER), moved: true }),
    ]);
    expect(copy.hashOf('1')).toBe(hashOf('1', 'big'));
    expect(copy.mayBe?.('1', hashOf('1', PLACEHOLDER))).toBe(true);
    expect(copy.mayBe?.('1', hashOf('1', 'other'))).toBe(false);
    expect(copy.hashOf('2')).toBe(hashOf('2', PLACEHOLDER));
    expect(copy.hashOf('3')).toBe(hashOf('3', PLACEHOLDER));
    expect(copy.mayBe?.('4', hashOf('4', 'what the other key had'))).toBe(true);
  });

  test('without a key its rows are counted, repeated events once', async () => {
    const told = line({ op: 'c', after: row('1', 'a'), at: 4 });
    const between = line({ op: 'c', after: row('2', 'b'), at: 5 });
    const again = line({ op: 'c', after: row('1', 'a'), at: 4 });
    const copy = await read(tableOf(plain.columns, []), [told, between, again]);
    expect(copy.rows).toBe(3n);
    expect((await copy.recount?.())?.counts()).toEqual(
      new Map([
        [hashOf('1', 'a'), { least: 1, most: 1 }],
        [hashOf('2', 'b'), { least: 1, most: 1 }],
      ]),
    );
  });

  test('an archive of values alone is refused', async () => {
    await expect(read(plain, [{ op: 'c', after: row('1', 'a') }])).rejects.toMatchObject({
      code: 'VERIFY_ARCHIVE_VALUES',
    });
  });

  test('of something else than change events, cannot be compared', async () => {
    const bare = (value: unknown) => ({ topic: 't', partition: 0, offset: offset++, key: { id: '1' }, value });
    const none = await read(plain, [bare(row('1', 'a')), bare('text')]);
    expect(none.uncompared).toEqual({ reason: 'none of its 2 records is a change event', always: true });
    const some = await read(plain, [bare(row('1', 'a')), line({ op: 'c', id: '1', after: row('1', 'a') })]);
    expect(some.uncompared).toMatchObject({ always: false });
    expect((await read(plain, [line({ op: 'c', id: '1', after: row('1', 'a') })])).uncompared).toBeUndefined();
  });

  test('that has a damaged file, cannot be compared, with the reason', async () => {
    const event = line({ op: 'c', id: '1', after: row('1', 'a') });
    writeFileSync(join(folder, 't+0+1.json'), `${JSON.stringify(event).slice(0, -10)}\n`);
    writeFileSync(join(folder, 't+0+0.json'), `${JSON.stringify(event)}\n`);
    const files = [join(folder, 't+0+0.json'), join(folder, 't+0+1.json')];
    const copy = await readArchive({ files, format: 'json', table: plain, truth });
    expect(copy.uncompared).toMatchObject({ always: true, reason: expect.stringContaining('t+0+1.json') });
    const comparison = await compareTable(plain, 'lake', copy);
    expect(comparison).toMatchObject({ compared: false, equal: false, differences: [] });
    expect(comparison.inconclusive[0]?.reason).toMatch(/^its archive cannot be read: [^\n]+$/);
  });

  test('with a line of 80 MB, is read', async () => {
    const name = 'x'.repeat(80_000_000);
    const copy = await read(plain, [line({ op: 'c', id: '1', after: row('1', name) })]);
    expect(copy.uncompared).toBeUndefined();
    expect(copy.hashOf('1')).toBe(hashOf('1', name));
  });

  test('under a key that the table had before, shows its rows by the present one', async () => {
    const former = (op: string, after: object) => ({ ...line({ op, after }), key: { name: 'a' } });
    const copy = await read(plain, [former('c', row('1', 'a')), line({ op: 'c', id: '2', after: row('2', 'b') })]);
    expect([...copy.keys()].toSorted()).toEqual(['1', '2']);
    expect(copy.uncompared).toMatchObject({ always: false });
  });
});

describe('a Parquet archive', () => {
  const DATE: Schema = { type: 'int32', optional: true, name: 'io.debezium.time.Date' };
  const MICROS: Schema = { ...OPTIONAL_INT64, name: 'io.debezium.time.MicroTimestamp' };
  const ZONED: Schema = { ...OPTIONAL_STRING, name: 'io.debezium.time.ZonedTimestamp' };

  async function fromParquet(form: CanonicalForm, schema: Schema, value: Value) {
    await using archive = await ParquetArchive.create();
    const row = structOf([field('id', STRING), field('x', schema), field('d', DATE)], { optional: true });
    const envelope = structOf([
      field('op', STRING),
      field('before', row),
      field('after', row),
      field('source', structOf([field('at', INT64)])),
    ]);
    const key = { schema: structOf([field('id', STRING)]), value: struct({ id: '1' }) };
    const after = struct({ id: '1', x: value, d: 2_147_483_647 });
    const event = struct({ op: 'c', before: null, after, source: struct({ at: 1n }) });
    const record = sinkRecord({ offset: 0, keyDatum: key, valueDatum: { schema: envelope, value: event } });
    await archive.write([record], { 'millrace.envelope': 'true' });
    const files = readdirSync(archive.root, { recursive: true, encoding: 'utf8' }).filter((one) =>
      one.endsWith('.parquet'),
    );
    const table = tableOf([column('id'), column('x', form, schema), column('d', 'days', DATE)]);
    const paths = files.map((one) => join(archive.root, one));
    return await readArchive({ files: paths, format: 'parquet', table, truth });
  }

  test.each([
    ['days', DATE, 0],
    ['days', DATE, 2_147_483_647],
    ['days', DATE, -2_147_483_648],
    ['days', DATE, -2_440_550], // 4713-01-01 BC
    ['days', DATE, 2_145_042_905], // 5874897-12-31
    ['micros', MICROS, 1n],
    ['micros', MICROS, -210_863_520_000_000_000n],
    ['micros', MICROS, 9_223_371_331_199_999_999n],
    ['micros', MICROS, 9_223_372_036_825_200_000n], // infinity
    ['micros', MICROS, -9_223_372_036_832_400_000n],
    ['micros', ZONED, '2024-01-01T00:00:37.1Z'],
    ['micros', ZONED, '-4712-01-01T00:00:00Z'],
    ['micros', ZONED, '+294276-12-31T23:59:59.999999Z'],
    ['micros', ZONED, 'infinity'],
  ] as const)('holds %s as the hub does at the ends of time: %#', async (form, schema, value) => {
    const copy = await fromParquet(form, schema, value);
    expect(copy.hashOf('1')).toBe(hashOf('1', canonicalText(form, schema, value), '2147483647'));
  });
});

describe('a Parquet archive with instants and a tombstone', () => {
  const MICROS: Schema = { ...OPTIONAL_INT64, name: 'io.debezium.time.MicroTimestamp' };
  const row = structOf([field('id', STRING), field('at', MICROS)], { optional: true });
  const sourceBlock = structOf([field('at', INT64)]);
  const envelope = structOf([
    field('op', STRING),
    field('before', row),
    field('after', row),
    field('source', sourceBlock),
  ]);
  const columns = tableOf([column('id'), column('at', 'micros', MICROS)]);
  const checksum = BigInt.asUintN(64, hashOf('1', '1') + hashOf('3', '3'));
  const table: TruthTable = {
    ...columns,
    totals: async () => ({ rows: 2n, checksum }),
    async *rows() {
      yield { key: '1', hash: hashOf('1', '1') };
      yield { key: '3', hash: hashOf('3', '3') };
    },
  };

  function event(offset: number, op: 'c' | 'd', id: string) {
    const image = struct({ id, at: BigInt(id) });
    const [before, after] = op === 'd' ? [image, null] : [null, image];
    const value = struct({ op, before, after, source: struct({ at: 1n }) });
    return sinkRecord({ offset, ...keyed(id), valueDatum: { schema: envelope, value } });
  }

  function keyed(id: string) {
    return { key: id, keyDatum: { schema: structOf([field('id', STRING)]), value: struct({ id }) } };
  }

  /** Files of two records each; the last one is left out where `lost`. */
  async function compared(lost: boolean) {
    await using archive = await ParquetArchive.create();
    const tombstone = sinkRecord({ offset: 3, ...keyed('2') });
    const events = [event(0, 'c', '1'), event(1, 'c', '2'), event(2, 'd', '2'), tombstone, event(4, 'c', '3')];
    await archive.write([...events, event(5, 'c', '3')], { 'millrace.envelope': 'true', 'flush.size': '2' });
    const files = readdirSync(archive.root, { recursive: true, encoding: 'utf8' })
      .filter((one) => one.endsWith('.parquet'))
      .toSorted()
      .map((one) => join(archive.root, one));
    expect(files).toHaveLength(3);
    return compareTable(
      table,
      'lake',
      await readArchive({ files: lost ? files.slice(0, -1) : files, format: 'parquet', table, truth }),
    );
  }

  test('is equal when it is whole', async () => {
    expect(await compared(false)).toMatchObject({ compared: true, equal: true, copyRows: 2n, inconclusive: [] });
  });

  test('names the row that a removed file held', async () => {
    expect(await compared(true)).toMatchObject({
      compared: true,
      equal: false,
      differences: [{ key: ['3'], kind: 'missing' }],
      inconclusive: [],
    });
  });
});

function unscaled(value: bigint, bytes = 15): string {
  const hex = BigInt.asUintN(bytes * 8, value)
    .toString(16)
    .padStart(bytes * 2, '0');
  return Buffer.from(hex, 'hex').toString('base64');
}

test.each([
  ['decimal', decimalType(2), unscaled(-1050n), new Decimal(-1050n, 2)],
  ['decimal', decimalType(2), unscaled(5n), new Decimal(5n, 2)],
  ['decimal', decimalType(0), unscaled(10n ** 34n), new Decimal(10n ** 34n, 0)],
  ['decimal', decimalType(30), unscaled(-(10n ** 34n) - 7n), new Decimal(-(10n ** 34n) - 7n, 30)],
  ['decimal', decimalType(2), 'AIA=', new Decimal(128n, 2)],
  ['decimal', decimalType(2), '/w==', new Decimal(-1n, 2)],
  ['decimal', decimalType(2), '', new Decimal(0n, 2)],
  ['decimal', decimalType(2), 12.5, new Decimal(125n, 1)],
  ['decimal', decimalType(2), unscaled(10n ** 36n, 16), new Decimal(10n ** 36n, 2)],
  ['decimal', decimalType(30), unscaled(-(10n ** 65n) + 7n, 28), new Decimal(-(10n ** 65n) + 7n, 30)],
  ['decimal', decimalType(1), unscaled(10n ** 3000n + 1n, 1300), new Decimal(10n ** 3000n + 1n, 1)],
  [
    'decimal',
    variableScaleDecimalOf(),
    { scale: -2, value: unscaled(-(10n ** 40n) - 1n, 17) },
    new Decimal(-(10n ** 40n) - 1n, -2),
  ],
  ['decimal', variableScaleDecimalOf(), { scale: 3, value: 'BNI=' }, new Decimal(1234n, 3)],
  ['decimal', STRING, '7.100', '7.100'],
  ['bytes', STRING, 'Af8=', Uint8Array.of(1, 255)],
  ['double', STRING, 'NaN', Number.NaN],
  ['double', STRING, -0.5, -0.5],
  ['float', STRING, 0.1, 0.1],
  ['micros', { ...INT64, name: 'io.debezium.time.Timestamp' }, 5, 5n],
  ['micros', { ...INT64, name: 'io.debezium.time.MicroTimestamp' }, -5, -5n],
  ['micros', { ...INT64, name: 'io.debezium.time.NanoTimestamp' }, 5000, 5000n],
  ['micros', STRING, '2024-01-01T00:00:37.1Z', '2024-01-01T00:00:37.1Z'],
  ['micros', STRING, 'infinity', 'infinity'],
] as const)('DuckDB prints %s as the hub does: %#', async (form, schema, archived, value) => {
  const table = tableOf([column('id'), column('x', form, schema)]);
  const copy = await read(table, [line({ op: 'c', id: '1', after: { id: '1', x: archived } })]);
  expect(copy.hashOf('1')).toBe(hashOf('1', canonicalText(form, schema, value)));
});

test.each(['100000000000000005.1234567890', '0.100000000000000005', '-1.50', '99999999999999999999999999.0', '7'])(
  'DuckDB reads every digit of %s, a decimal that is a number',
  async (digits) => {
    const table = tableOf([column('id', 'decimal', decimalType(10)), column('name', 'text', STRING)]);
    const written = line({ op: 'c', id: 'ID', after: { id: 'ID', name: '1.25 "\\ -3 \\"' } });
    const file = join(folder, 't+0+0.json');
    writeFileSync(file, `${JSON.stringify(written).replaceAll('"ID"', digits)}\n`);
    const copy = await readArchive({ files: [file], format: 'json', table, truth });
    const id = canonicalText('decimal', decimalType(10), Decimal.parse(digits));
    expect([...copy.keys()]).toEqual([id]);
    expect(copy.checksum).toBe(hashOf(id, '1.25 "\\ -3 \\"'));
  },
);
