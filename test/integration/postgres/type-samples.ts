import fc from 'fast-check';

/** Extensions and types that the samples need, and the formats that sessions of the connector set. */
export const SESSION = `
CREATE EXTENSION IF NOT EXISTS hstore; CREATE EXTENSION IF NOT EXISTS citext; CREATE EXTENSION IF NOT EXISTS ltree;
DO $$ BEGIN CREATE TYPE mood AS ENUM ('sad', 'ok', 'very, "happy"'); EXCEPTION WHEN duplicate_object THEN END $$;
DO $$ BEGIN CREATE DOMAIN cents AS numeric(12,2); EXCEPTION WHEN duplicate_object THEN END $$;
DO $$ BEGIN CREATE DOMAIN grid AS int[][]; EXCEPTION WHEN duplicate_object THEN END $$;
DO $$ BEGIN CREATE DOMAIN year_range AS daterange; EXCEPTION WHEN duplicate_object THEN END $$;
SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET TimeZone = 'UTC'; SET bytea_output = 'hex';
SET extra_float_digits = 3; SET lc_monetary = 'C'`;

export interface TypeSample {
  /** SQL type. */
  readonly type: string;
  /** Input texts. */
  readonly values: fc.Arbitrary<string>;
}

const integer = (min: bigint, max: bigint): fc.Arbitrary<string> =>
  fc.oneof(fc.bigInt({ min, max }), fc.constantFrom(min, max, 0n, 1n, -1n < min ? min : -1n)).map(String);
const two = (value: number): string => String(value).padStart(2, '0');
/** Text without NUL, which Postgres refuses, and without lone surrogates. */
const text = fc
  .oneof(
    fc.string({ unit: 'grapheme', maxLength: 30 }),
    fc.string({ unit: 'binary-ascii', maxLength: 80 }),
    fc.string({ unit: fc.constantFrom('"', '\\', '\n', '{', '}', ',', '🚚', 'ü', ' ', 'N'), maxLength: 60 }),
    fc.constantFrom('', 'NULL', 'null', '{}', ' '),
  )
  .map((value) => value.replaceAll('\0', ''));
const digits = (max: number): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: max }).map((all) => all.join(''));
const decimal = (whole: number, fraction: number): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom('', '-'),
      digits(whole),
      fraction === 0 ? fc.constant('') : fc.option(digits(fraction), { nil: '' }),
    )
    .map(([sign, left, right]) => `${sign}${left}${right === '' ? '' : `.${right}`}`);
const year = fc.oneof(fc.integer({ min: 1, max: 9999 }), fc.integer({ min: 1900, max: 2100 }));
const bc = fc.boolean();
const day = fc
  .tuple(year, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }), bc)
  .map(([y, m, d, before]) => ({
    text: `${String(y).padStart(4, '0')}-${two(m)}-${two(d)}`,
    before: before && y < 4700,
  }));
const date = fc.oneof(
  day.map(({ text, before }) => text + (before ? ' BC' : '')),
  fc.constantFrom('infinity', '-infinity', '5874897-12-31', '4714-11-24 BC', '2024-02-29', '1970-01-01', '2000-01-01'),
);
const fraction = fc.oneof(
  fc.constant(''),
  fc.integer({ min: 0, max: 999_999 }).map((us) => `.${String(us).padStart(6, '0')}`),
);
const clock = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }), fc.integer({ min: 0, max: 59 }), fraction)
  .map(([h, m, s, f]) => `${two(h)}:${two(m)}:${two(s)}${f}`);
const time = fc.oneof(clock, fc.constantFrom('24:00:00', '00:00:00', '23:59:59.999999'));
const zone = fc.constantFrom('+00', '-08', '+05:30', '+13:45', '-03:30:15');
const timestamp = fc.oneof(
  fc.tuple(day, clock).map(([d, t]) => `${d.text} ${t}${d.before ? ' BC' : ''}`),
  fc.constantFrom(
    'infinity',
    '-infinity',
    '294276-12-31 23:59:59.999999',
    '4714-11-24 00:00:00 BC',
    '1969-12-31 23:59:59.999999',
  ),
);
const interval = fc.oneof(
  fc
    .tuple(
      fc.integer({ min: -3000, max: 3000 }),
      fc.integer({ min: -40000, max: 40000 }),
      fc.constantFrom('', '-'),
      clock,
    )
    .map(([months, days, sign, t]) => `${months} mons ${days} days ${sign}${t}`),
  fc.constantFrom(
    '0',
    '2562047788:00:54.775807',
    '-2562047788:00:54.775807',
    '178000000 years',
    'infinity',
    '-infinity',
  ),
);
/** Intervals of newer majors. */
const INTERVAL_SINCE: Readonly<Record<string, number>> = {
  '2562047788:00:54.775807': 15,
  '-2562047788:00:54.775807': 15,
  infinity: 17,
  '-infinity': 17,
};
/** Types of newer majors. */
const SINCE: Readonly<Record<string, number>> = { 'numeric(5,-2)': 15, 'numeric(4,8)': 15 };
const bytes = fc.uint8Array({ maxLength: 40 }).map((all) => `\\x${Buffer.from(all).toString('hex')}`);
const bits = (min: number, max: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom('0', '1'), { minLength: min, maxLength: max }).map((all) => all.join(''));
const double = fc.oneof(
  fc.double().map((value) => (Object.is(value, -0) ? '-0' : String(value))),
  fc.constantFrom('NaN', 'Infinity', '-Infinity', '1e20', '123456789', '0.1', '1e-7'),
);
const single = fc.oneof(
  fc.float().map((value) => (Object.is(value, -0) ? '-0' : String(value))),
  fc.constantFrom('NaN', 'Infinity', '-Infinity', '1e20', '16777216', '0.1', '1e-7', '33554432'),
);
const uuid = fc.uuid();
const json = fc.json({ maxDepth: 2 }).map((value) => value.replaceAll('\\u0000', ''));
const quoted = (value: string): string => `"${value.replace(/["\\]/g, '\\$&')}"`;
const hstore = fc
  .array(fc.tuple(text, fc.option(text)), { maxLength: 4 })
  .map((pairs) => pairs.map(([key, value]) => `${quoted(key)}=>${value === null ? 'NULL' : quoted(value)}`).join(', '));

/** One-dimensional arrays with NULLs and, now and then, other lower bounds. */
const array = (items: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(fc.array(fc.option(items), { maxLength: 6 }), fc.constantFrom(1, 1, 0, -5)).map(([all, lower]) => {
    const body = `{${all.map((item) => (item === null ? 'NULL' : quoted(item))).join(',')}}`;
    return lower === 1 || all.length === 0 ? body : `[${lower}:${lower + all.length - 1}]=${body}`;
  });
const matrix = (items: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 3 }))
    .chain(([rows, columns]) =>
      fc.array(fc.array(fc.option(items), { minLength: columns, maxLength: columns }), {
        minLength: rows,
        maxLength: rows,
      }),
    )
    .map(
      (rows) =>
        `{${rows.map((row) => `{${row.map((item) => (item === null ? 'NULL' : quoted(item))).join(',')}}`).join(',')}}`,
    );
const label = fc.constantFrom('sad', 'ok', 'very, "happy"');
const int4 = integer(-2147483648n, 2147483647n);

/** Those that a major version has. */
export function typeSamples(version: number): readonly TypeSample[] {
  const known = version >= 17 ? interval : interval.filter((value) => version >= (INTERVAL_SINCE[value] ?? 0));
  return allSamples(known).filter(({ type }) => version >= (SINCE[type] ?? 0));
}

function allSamples(interval: fc.Arbitrary<string>): readonly TypeSample[] {
  const point = fc.tuple(double, double).map(([x, y]) => `(${x},${y})`);
  return [
    { type: 'boolean', values: fc.constantFrom('t', 'f') },
    { type: 'smallint', values: integer(-32768n, 32767n) },
    { type: 'integer', values: int4 },
    { type: 'bigint', values: integer(-(2n ** 63n), 2n ** 63n - 1n) },
    { type: 'oid', values: integer(0n, 4294967295n) },
    { type: 'real', values: single },
    { type: 'double precision', values: double },
    {
      type: 'numeric',
      values: fc.oneof(decimal(40, 30), fc.constantFrom('NaN', 'Infinity', '-Infinity', '0', '1e20', '1e-30', '0.000')),
    },
    { type: 'numeric(10,2)', values: fc.oneof(decimal(8, 2), fc.constantFrom('NaN', '0')) },
    { type: 'numeric(5,0)', values: decimal(5, 0) },
    { type: 'numeric(38,20)', values: decimal(18, 20) },
    { type: 'numeric(16,2)', values: decimal(14, 2) },
    { type: 'numeric(5,-2)', values: decimal(6, 2) },
    { type: 'numeric(4,8)', values: fc.integer({ min: -9999, max: 9999 }).map((n) => `${n}e-8`) },
    { type: 'money', values: decimal(15, 2) },
    { type: 'text', values: text },
    { type: 'varchar(10)', values: text },
    { type: 'char(5)', values: text.map((value) => value.slice(0, 3)) },
    { type: 'name', values: text.map((value) => value.slice(0, 10)) },
    {
      type: '"char"',
      values: fc.string({ unit: 'binary-ascii', maxLength: 1 }).map((value) => value.replaceAll('\0', '')),
    },
    { type: 'citext', values: text },
    { type: 'json', values: json },
    { type: 'jsonb', values: json },
    { type: 'xml', values: text.map((value) => `<a>${value.replace(/[<>&\p{Cc}]|[^\x20-\x7e]/gu, '')}</a>`) },
    { type: 'uuid', values: uuid },
    { type: 'bytea', values: bytes },
    { type: 'bit', values: bits(1, 1) },
    { type: 'bit(5)', values: bits(5, 5) },
    { type: 'bit(17)', values: bits(17, 17) },
    { type: 'varbit', values: bits(0, 70) },
    { type: 'varbit(10)', values: bits(0, 10) },
    { type: 'date', values: date },
    { type: 'time', values: time },
    { type: 'time(3)', values: time },
    { type: 'timetz', values: fc.tuple(time, zone).map(([t, z]) => t + z) },
    { type: 'timestamp', values: timestamp },
    { type: 'timestamp(0)', values: timestamp.filter((value) => !value.startsWith('294276')) },
    { type: 'timestamp(3)', values: timestamp.filter((value) => !value.startsWith('294276')) },
    { type: 'timestamptz', values: timestamp },
    { type: 'timestamptz(3)', values: timestamp.filter((value) => !value.startsWith('294276')) },
    { type: 'interval', values: interval },
    { type: 'point', values: point },
    { type: 'hstore', values: hstore },
    { type: 'ltree', values: fc.constantFrom('', 'a', 'Top.Science.Physics') },
    { type: 'mood', values: label },
    { type: 'cents', values: decimal(10, 2) },
    {
      type: 'inet',
      values: fc.oneof(
        fc.ipV4(),
        fc.ipV6(),
        fc.ipV4().map((ip) => `${ip}/24`),
      ),
    },
    { type: 'int4range', values: fc.constantFrom('[1,10)', 'empty', '(,5)', '[3,)') },
    { type: 'int4[]', values: array(int4) },
    { type: 'int8[]', values: array(integer(-(2n ** 63n), 2n ** 63n - 1n)) },
    { type: 'int4[][]', values: matrix(int4) },
    { type: 'text[]', values: array(text) },
    { type: 'text[][]', values: matrix(text) },
    { type: 'varchar(5)[]', values: array(text.map((value) => value.slice(0, 3))) },
    { type: 'bool[]', values: array(fc.constantFrom('t', 'f')) },
    { type: 'numeric(6,2)[]', values: array(decimal(4, 2)) },
    { type: 'float8[]', values: array(double) },
    { type: 'uuid[]', values: array(uuid) },
    { type: 'date[]', values: array(date) },
    { type: 'timestamp[]', values: array(timestamp) },
    { type: 'timestamptz[]', values: array(timestamp) },
    { type: 'jsonb[]', values: array(json) },
    { type: 'bytea[]', values: array(bytes) },
    { type: 'interval[]', values: array(interval) },
    { type: 'hstore[]', values: array(hstore) },
    { type: 'mood[]', values: array(label) },
    { type: 'inet[]', values: array(fc.ipV4()) },
    { type: 'grid', values: matrix(int4) },
    { type: 'cidr', values: fc.constantFrom('10.0.0.0/8', '::/0', '192.168.1.5/32') },
    { type: 'macaddr', values: fc.constantFrom('08:00:2b:01:02:03', 'ff-ff-ff-ff-ff-ff') },
    { type: 'macaddr8', values: fc.constantFrom('08:00:2b:01:02:03:04:05') },
    { type: 'tsvector', values: fc.constantFrom('fat:2 cat:3A', "'it''s'", '') },
    { type: 'int8range', values: fc.constantFrom('[1,10)', 'empty', '(,)') },
    { type: 'numrange', values: fc.constantFrom('(1.5,2.50]', 'empty', '[-1,)') },
    { type: 'tsrange', values: fc.constantFrom('[2026-01-01,2026-01-02 12:00:00.5)', '(,infinity)') },
    { type: 'tstzrange', values: fc.constantFrom('[2026-01-01 00:00+02,)', 'empty') },
    { type: 'daterange', values: fc.constantFrom('[2026-01-01,2026-02-01)', '(,)') },
    { type: 'year_range', values: fc.constantFrom('[2026-01-01,2026-02-01)', 'empty') },
    { type: 'int2[]', values: array(integer(-32768n, 32767n)) },
    { type: 'real[]', values: array(single) },
    { type: 'oid[]', values: array(integer(0n, 4294967295n)) },
    { type: 'money[]', values: array(decimal(10, 2)) },
    { type: 'char(3)[]', values: array(text.map((value) => value.slice(0, 2))) },
    { type: 'name[]', values: array(text.map((value) => value.slice(0, 8))) },
    { type: 'citext[]', values: array(text) },
    { type: 'json[]', values: array(json) },
    { type: 'xml[]', values: array(fc.constantFrom('<a/>', '<a b="1">x</a>')) },
    { type: 'time(3)[]', values: array(time) },
    { type: 'timetz[]', values: array(fc.tuple(time, zone).map(([t, z]) => t + z)) },
    { type: 'bit(5)[]', values: array(bits(5, 5)) },
    { type: 'varbit[]', values: array(bits(0, 12)) },
    { type: 'point[]', values: array(point) },
    { type: 'ltree[]', values: array(fc.constantFrom('a', 'Top.Science')) },
    { type: 'int4range[]', values: array(fc.constantFrom('[1,10)', 'empty')) },
    { type: 'cents[]', values: array(decimal(6, 2)) },
    { type: 'timestamptz[][]', values: matrix(timestamp) },
  ];
}
