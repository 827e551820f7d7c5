import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connector } from '../../../../connectors/s3/index.ts';
import { Decimal } from '../../../../runtime/record/decimal.ts';
import { decimalType } from '../../../../runtime/record/logical-types.ts';
import {
  arrayOf,
  field,
  INT16,
  INT32,
  INT64,
  optional,
  OPTIONAL_BYTES,
  OPTIONAL_INT64,
  OPTIONAL_STRING,
  STRING,
  structOf,
} from '../../../../runtime/record/schema-builder.ts';
import type { Schema } from '../../../../runtime/record/schema.ts';
import type { Value } from '../../../../runtime/record/value.ts';
import { ParquetArchive, typed } from './parquet-archive.ts';
import { sinkRecord, taskStart } from './sink-records.ts';

let archive: ParquetArchive;
beforeEach(async () => void (archive = await ParquetArchive.create()));
afterEach(() => archive[Symbol.asyncDispose]());

describe('a Parquet file, read by DuckDB', () => {
  test.each(['none', 'snappy', 'gzip', 'zstd'])('is compressed by %s', async (codec) => {
    const schema = structOf([field('a', INT64), field('t', STRING)]);
    const topic = typed(
      schema,
      Array.from({ length: 1000 }, (_, i) => ({ a: BigInt(i), t: `text ${i % 7}` })),
    );
    await archive.write(topic, { 'parquet.codec': codec });
    expect(await archive.rows('count(*) AS n, sum(a) AS s, count(DISTINCT t) AS t')).toEqual([
      { n: '1000', s: '499500', t: '7' },
    ]);
  });

  test('has several row groups where the records are many', async () => {
    const schema = structOf([field('a', INT64), field('t', STRING)]);
    const topic = typed(
      schema,
      Array.from({ length: 3000 }, (_, i) => ({ a: BigInt(i), t: 'x'.repeat(60) })),
    );
    await archive.write(topic, { 'millrace.parquet.row.group.bytes': '65536' });
    expect(await archive.rows('count(*) AS n, sum(a) AS s')).toEqual([{ n: '3000', s: '4498500' }]);
    const meta = await archive.duck.runAndReadAll(
      `SELECT count(DISTINCT row_group_id) AS groups FROM parquet_metadata('${archive.glob}')`,
    );
    expect(Number(meta.getRowObjectsJson()[0]?.['groups'])).toBeGreaterThan(2);
  });

  test('nests the row images of a change event', async () => {
    const row = structOf([field('id', INT64), field('price', optional(decimalType(2, 10)))], {
      name: 'shop.public.orders.Value',
      optional: true,
    });
    const source = structOf([field('lsn', OPTIONAL_INT64), field('ts_ms', INT64)], {
      name: 'io.debezium.connector.postgresql.Source',
    });
    const schema = structOf([field('before', row), field('after', row), field('source', source), field('op', STRING)]);
    await archive.write(
      typed(schema, [
        { before: null, after: { id: 1n, price: new Decimal(1999n, 2) }, source: { lsn: 5n, ts_ms: 7n }, op: 'c' },
        { before: { id: 1n, price: null }, after: null, source: { lsn: null, ts_ms: 8n }, op: 'd' },
      ]),
    );
    expect(await archive.rows()).toEqual([
      { before: null, after: { id: '1', price: '19.99' }, source: { lsn: '5', ts_ms: '7' }, op: 'c' },
      { before: { id: '1', price: null }, after: null, source: { lsn: null, ts_ms: '8' }, op: 'd' },
    ]);
  });

  test('keeps keys, tombstones and headers in an envelope, whichever comes first', async () => {
    const schema = structOf([field('id', INT64)]);
    const keySchema = structOf([field('id', INT64)]);
    const keyDatum = { schema: keySchema, value: { id: 9n } };
    const headers = [{ key: 'h', value: Buffer.from([1]) }];
    const topic = [
      sinkRecord({ offset: 0, key: '9', keyDatum, json: null, timestampMs: 5 }),
      sinkRecord({ offset: 1, key: '9', keyDatum, valueDatum: { schema, value: { id: 9n } }, headers }),
      sinkRecord({ offset: 2, key: '9', keyDatum, json: null }),
    ];
    expect(await archive.write(topic, { 'millrace.envelope': 'true' })).toEqual({ rejected: 0, files: 1 });
    expect(await archive.rows('"offset", "key", "value", headers, epoch_ms("timestamp") AS ms')).toEqual([
      { offset: '0', key: { id: '9' }, value: null, headers: [], ms: '5' },
      { offset: '1', key: { id: '9' }, value: { id: '9' }, headers: [{ key: 'h', value: '\\x01' }], ms: '0' },
      { offset: '2', key: { id: '9' }, value: null, headers: [], ms: '0' },
    ]);
  });
});

describe('what Parquet cannot hold', () => {
  test('a value without a schema is rejected with the remedy', async () => {
    if (connector.kind !== 'sink') throw new Error('not a sink');
    const task = connector.createTask({
      'store.url': `file://${archive.root}`,
      'flush.size': '1',
      'format.class': 'ParquetFormat',
    });
    const start = taskStart();
    await task.open(start);
    await task.assign([{ partition: { topic: 'orders', partition: 0 }, offset: 0n }]);
    const { rejected } = await task.write([sinkRecord({ offset: 0, json: '{"a":1}' })], start.signal);
    expect(rejected?.[0]?.error).toMatchObject({ code: 'S3_PARQUET_SCHEMA_MISSING', kind: 'data' });
    expect(rejected?.[0]?.error).toHaveProperty('remedy', expect.stringContaining('millrace.schema.header'));
    await task.close();
  });

  test.each<[string, Schema, Value]>([
    ['null in a required field', INT32, null],
    ['too many digits', decimalType(2, 4), new Decimal(123456n, 2)],
    ['a finer scale', decimalType(2, 9), new Decimal(1n, 3)],
    ['an integer too large', INT16, 40000],
    ['a lone surrogate', STRING, '\ud800'],
    ['text in a number', INT64, 'x'],
    ['null in a list', arrayOf(INT32), [1, null]],
  ])('%s is rejected, and the rows around it are whole', async (_what, schema, bad) => {
    const fine: Record<string, Value> = { int32: 1, int16: 1, string: 'a', int64: 1n };
    const good = schema.type === 'array' ? [1, 2] : (fine[schema.type] ?? new Decimal(1n, 2));
    const record = structOf([field('first', OPTIONAL_BYTES), field('c', schema), field('last', STRING)]);
    const topic = typed(
      record,
      [good, bad, good].map((c, i) => ({ first: null, c, last: `row ${i}` })),
    );
    expect(await archive.write(topic, { 'flush.size': '2' })).toEqual({ rejected: 1, files: 1 });
    expect(await archive.rows('"last"')).toEqual([{ last: 'row 0' }, { last: 'row 2' }]);
  });

  test('a changed schema starts a new file', async () => {
    const before = structOf([field('a', INT32)]);
    const same = structOf([field('a', INT32)], { doc: 'the same again' });
    const after = structOf([field('a', INT32), field('b', OPTIONAL_STRING)]);
    const topic = [before, same, after].map((schema, offset) =>
      sinkRecord({ offset, valueDatum: { schema, value: { a: offset, b: 'x' } } }),
    );
    expect(
      await archive.write(
        [
          ...topic,
          ...[3, 4].map((offset) =>
            sinkRecord({ offset, valueDatum: { schema: after, value: { a: offset, b: null } } }),
          ),
        ],
        { 'flush.size': '3' },
      ),
    ).toEqual({ rejected: 0, files: 2 });
    expect((await archive.rows('a, b')).toSorted((l, r) => Number(l['a']) - Number(r['a']))).toEqual([
      { a: 0, b: null },
      { a: 1, b: null },
      { a: 2, b: 'x' },
      { a: 3, b: null },
      { a: 4, b: null },
    ]);
  });
});
