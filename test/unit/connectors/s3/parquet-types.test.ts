import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Decimal } from '../../../../runtime/record/decimal.ts';
import { dateType, decimalType, timestampType, timeType } from '../../../../runtime/record/logical-types.ts';
import {
  arrayOf,
  BOOLEAN,
  BYTES,
  DOUBLE,
  field,
  FLOAT,
  INT16,
  INT32,
  INT64,
  INT8,
  mapOf,
  optional,
  OPTIONAL_INT32,
  OPTIONAL_INT64,
  OPTIONAL_STRING,
  STRING,
  structOf,
} from '../../../../runtime/record/schema-builder.ts';
import type { Schema } from '../../../../runtime/record/schema.ts';
import {
  dateOf,
  microTimeOf,
  microTimestampOf,
  nanoTimestampOf,
  timeOf,
  timestampOf,
  variableScaleDecimalOf,
  zonedTimestampOf,
} from '../../../../runtime/record/semantic-types.ts';
import type { Value } from '../../../../runtime/record/value.ts';
import { ParquetArchive, typed } from './parquet-archive.ts';

/** One column of a type, its values, and what DuckDB says of them. */
const EXACT: readonly (readonly [
  name: string,
  schema: Schema,
  type: string,
  values: readonly (readonly [Value, unknown])[],
])[] = [
  [
    'boolean',
    BOOLEAN,
    'BOOLEAN',
    [
      [true, true],
      [false, false],
    ],
  ],
  [
    'int8',
    INT8,
    'TINYINT',
    [
      [-128, -128],
      [127, 127],
    ],
  ],
  [
    'int16',
    INT16,
    'SMALLINT',
    [
      [-32768, -32768],
      [32767, 32767],
    ],
  ],
  [
    'int32',
    INT32,
    'INTEGER',
    [
      [-2147483648, -2147483648],
      [2147483647, 2147483647],
    ],
  ],
  [
    'int64',
    INT64,
    'BIGINT',
    [
      [-(2n ** 63n), '-9223372036854775808'],
      [2n ** 63n - 1n, '9223372036854775807'],
      [9007199254740993n, '9007199254740993'],
    ],
  ],
  [
    'float',
    FLOAT,
    'FLOAT',
    [
      [1.5, 1.5],
      [-0.25, -0.25],
    ],
  ],
  [
    'double',
    DOUBLE,
    'DOUBLE',
    [
      [0.1, 0.1],
      [-1e300, -1e300],
      [5e-324, 5e-324],
    ],
  ],
  [
    'text',
    STRING,
    'VARCHAR',
    [
      ['', ''],
      ['äß😀', 'äß😀'],
      ['a\u0000b', 'a\u0000b'],
    ],
  ],
  ['bytes', BYTES, 'BLOB', [[Buffer.from([0, 255, 65]), '\\x00\\xFFA']]],
  [
    'small decimal',
    decimalType(2, 9),
    'DECIMAL(9,2)',
    [
      [new Decimal(-1n, 2), '-0.01'],
      [new Decimal(999999999n, 2), '9999999.99'],
      [new Decimal(0n, 2), '0.00'],
      [new Decimal(5n, 0), '5.00'],
    ],
  ],
  [
    'large decimal',
    decimalType(10, 38),
    'DECIMAL(38,10)',
    [
      [new Decimal(12345678901234567890123456789012345678n, 10), '1234567890123456789012345678.9012345678'],
      [new Decimal(-1n, 10), '-0.0000000001'],
      [new Decimal(0n, 10), '0.0000000000'],
    ],
  ],
  ['decimal without precision', decimalType(4), 'DECIMAL(38,4)', [[new Decimal(-123456n, 4), '-12.3456']]],
  [
    'Connect date',
    dateType(),
    'DATE',
    [
      [0, '1970-01-01'],
      [-1, '1969-12-31'],
      [20000, '2024-10-04'],
    ],
  ],
  ['Connect time', timeType(), 'TIME', [[45296789, '12:34:56.789']]],
  ['Connect timestamp', timestampType(), 'TIMESTAMP WITH TIME ZONE', [[1700000000123n, '2023-11-14 22:13:20.123+00']]],
  ['date', dateOf(), 'DATE', [[-719162, '0001-01-01']]],
  ['time', timeOf(), 'TIME', [[1, '00:00:00.001']]],
  ['microsecond time', microTimeOf(), 'TIME', [[45296789012n, '12:34:56.789012']]],
  ['millisecond timestamp', timestampOf(), 'TIMESTAMP', [[1700000000123n, '2023-11-14 22:13:20.123']]],
  [
    'microsecond timestamp',
    microTimestampOf(),
    'TIMESTAMP',
    [
      [1700000000123456n, '2023-11-14 22:13:20.123456'],
      [-1n, '1969-12-31 23:59:59.999999'],
    ],
  ],
  [
    'nanosecond timestamp',
    nanoTimestampOf(),
    'TIMESTAMP_NS',
    [[1700000000123456789n, '2023-11-14 22:13:20.123456789']],
  ],
  [
    'timestamp with zone',
    zonedTimestampOf(),
    'VARCHAR',
    [
      ['2023-11-14T22:13:20.123456Z', '2023-11-14T22:13:20.123456Z'],
      ['infinity', 'infinity'],
    ],
  ],
  [
    'list',
    arrayOf(OPTIONAL_INT32),
    'INTEGER[]',
    [
      [
        [1, null, 3],
        [1, null, 3],
      ],
      [[], []],
    ],
  ],
  [
    'list of lists',
    arrayOf(arrayOf(STRING)),
    'VARCHAR[][]',
    [
      [
        [['a'], [], ['b', 'c']],
        [['a'], [], ['b', 'c']],
      ],
      [[], []],
    ],
  ],
  [
    'map',
    mapOf(STRING, OPTIONAL_INT64),
    'MAP(VARCHAR, BIGINT)',
    [
      [
        new Map([
          ['a', 1n],
          ['b', null],
        ]),
        [
          { key: 'a', value: '1' },
          { key: 'b', value: null },
        ],
      ],
      [new Map(), []],
    ],
  ],
  [
    'struct',
    structOf([field('a', INT32), field('b', OPTIONAL_STRING)]),
    'STRUCT(a INTEGER, b VARCHAR)',
    [
      [
        { a: 1, b: null },
        { a: 1, b: null },
      ],
    ],
  ],
  [
    'list of structs',
    arrayOf(structOf([field('a', OPTIONAL_INT32)])),
    'STRUCT(a INTEGER)[]',
    [
      [
        [{ a: 1 }, { a: null }],
        [{ a: 1 }, { a: null }],
      ],
    ],
  ],
  [
    'decimal of variable scale',
    variableScaleDecimalOf(),
    'STRUCT(scale INTEGER, "value" BLOB)',
    [
      [
        { scale: 3, value: Buffer.from([1]) },
        { scale: 3, value: '\\x01' },
      ],
    ],
  ],
];

describe('a column of a Parquet file, read by DuckDB', () => {
  let archive: ParquetArchive;
  beforeEach(async () => void (archive = await ParquetArchive.create()));
  afterEach(() => archive[Symbol.asyncDispose]());

  test.each(EXACT)('has %s exactly', async (_name, schema, type, values) => {
    const record = structOf([field('c', schema), field('n', optional(schema))]);
    const topic = typed(record, [
      ...values.map(([value]) => ({ c: value, n: value })),
      ...values.map(([value]) => ({ c: value, n: null })),
    ]);
    expect(await archive.write(topic)).toEqual({ rejected: 0, files: 1 });
    const shown = await archive.rows('c, n, typeof(c) AS type');
    expect(shown.map((row) => row['type'])).toEqual(topic.map(() => type));
    expect(shown.map((row) => row['c'])).toEqual([...values, ...values].map(([, text]) => text));
    expect(shown.map((row) => row['n'])).toEqual([...values.map(([, text]) => text), ...values.map(() => null)]);
  });

  test("has MySQL's times, which go beyond a day, as numbers", async () => {
    const source = structOf([field('db', STRING)], { name: 'io.debezium.connector.mysql.Source' });
    const event = structOf([field('after', structOf([field('c', microTimeOf())])), field('source', source)]);
    const times = [-3_020_399_000_000n, -1n, 36_000_000_000n, 3_020_399_000_000n];
    const topic = typed(
      event,
      times.map((c) => ({ after: { c }, source: { db: 'app' } })),
    );
    expect(await archive.write(topic)).toEqual({ rejected: 0, files: 1 });
    const shown = await archive.rows('"after".c AS c, typeof("after".c) AS type');
    expect(shown).toEqual(times.map((c) => ({ c: String(c), type: 'BIGINT' })));
  });

  test("rejects a time that is none of a day where Parquet's TIME is", async () => {
    const times = [-1n, 86_400_000_000n, 86_400_000_001n];
    const topic = typed(
      structOf([field('c', microTimeOf())]),
      times.map((c) => ({ c })),
    );
    expect(await archive.write(topic, { 'flush.size': '1' })).toEqual({ rejected: 2, files: 1 });
    expect(await archive.rows('c')).toEqual([{ c: '24:00:00' }]);
  });
});

/** Schemas with values that fit them, and what JSON from DuckDB looks like. */
const leaf = fc.oneof(
  fc.constant({ schema: INT32, value: fc.integer() as fc.Arbitrary<Value> }),
  fc.constant({ schema: INT64, value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) as fc.Arbitrary<Value> }),
  fc.constant({ schema: STRING, value: fc.string({ unit: 'grapheme' }) as fc.Arbitrary<Value> }),
  fc.constant({ schema: BOOLEAN, value: fc.boolean() as fc.Arbitrary<Value> }),
);
interface Typed {
  readonly schema: Schema;
  readonly value: fc.Arbitrary<Value>;
}
const { any } = fc.letrec<{ any: Typed; list: Typed; struct: Typed; nullable: Typed }>((tie) => ({
  any: fc.oneof({ maxDepth: 3 }, leaf, tie('list'), tie('struct'), tie('nullable')),
  list: tie('any').map(({ schema, value }) => ({
    schema: arrayOf(schema),
    value: fc.array(value, { maxLength: 3 }) as fc.Arbitrary<Value>,
  })),
  struct: fc.array(tie('any'), { minLength: 1, maxLength: 3 }).map((parts) => ({
    schema: structOf(parts.map(({ schema }, i) => field(`f${i}`, schema))),
    value: fc.record(Object.fromEntries(parts.map(({ value }, i) => [`f${i}`, value]))) as fc.Arbitrary<Value>,
  })),
  nullable: tie('any').map(({ schema, value }) => ({
    schema: optional(schema),
    value: fc.option(value) as fc.Arbitrary<Value>,
  })),
}));

function shown(value: Value): unknown {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map((item) => shown(item as Value));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shown(part as Value)]));
}

test('any nesting comes back as it was', { timeout: 60_000 }, async () => {
  const cases = any.chain(({ schema, value }) =>
    fc.record({ schema: fc.constant(schema), values: fc.array(value, { minLength: 1, maxLength: 8 }) }),
  );
  await fc.assert(
    fc.asyncProperty(cases, async ({ schema, values }) => {
      await using archive = await ParquetArchive.create();
      await archive.write(
        typed(
          structOf([field('c', schema)]),
          values.map((c) => ({ c })),
        ),
      );
      expect((await archive.rows('c')).map((row) => row['c'])).toEqual(values.map(shown));
    }),
    { numRuns: 60 },
  );
});
