import fc from 'fast-check';

/** How a column is compared. */
export type Kind =
  | 'integer'
  | 'float'
  | 'double'
  | 'decimal'
  | 'bit'
  | 'text'
  | 'bytes'
  | 'label'
  | 'labels'
  | 'temporal'
  | 'timestamp'
  | 'json'
  | 'point';

export interface RandomColumn {
  readonly name: string;
  readonly type: string;
  readonly kind: Kind;
  /** Of numbers without a sign: bits of the type. */
  readonly unsigned?: number;
  /** Of text that is not UTF-8: how its bytes are read. */
  readonly charset?: string;
  /** Bytes of binary(n). */
  readonly width?: number;
  readonly labels?: readonly string[];
}

interface Shape extends Omit<RandomColumn, 'name'> {
  /** A literal. */
  readonly value: fc.Arbitrary<string>;
  readonly only?: 'mysql' | 'mariadb';
}

const LABELS = ['a', 'b c', 'ü', '', 'x y z'].filter((label) => label !== '');
const signed = (bits: bigint): fc.Arbitrary<string> =>
  edged(fc.bigInt({ min: -(2n ** (bits - 1n)), max: 2n ** (bits - 1n) - 1n }), -(2n ** (bits - 1n)), -1n, 0n);
const unsigned = (bits: bigint): fc.Arbitrary<string> =>
  edged(fc.bigInt({ min: 0n, max: 2n ** bits - 1n }), 2n ** bits - 1n, 2n ** (bits - 1n), 0n);

function edged(usual: fc.Arbitrary<bigint>, ...edges: readonly bigint[]): fc.Arbitrary<string> {
  return fc.oneof(usual, fc.constantFrom(...edges)).map(String);
}

const quoted = (text: string): string => `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
const hex = (bytes: Uint8Array): string => `x'${Buffer.from(bytes).toString('hex')}'`;
const textOf = (alphabet: string, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...Array.from(alphabet)), maxLength }).map(quoted);
const utf8 = `abc XYZ'"\\\n\tüß漢字🚚\u0001`;
const latin1 = 'abc éÿß€\'"';

const digits = (whole: number, fraction: number): fc.Arbitrary<string> =>
  fc.tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** BigInt(whole + fraction) - 1n })).map(([minus, unscaled]) => {
    const text = String(unscaled).padStart(whole + fraction + 1, '0');
    const point = fraction === 0 ? '' : `.${text.slice(-fraction)}`;
    return `${minus ? '-' : ''}${fraction === 0 ? text : text.slice(0, -fraction)}${point}`;
  });

const two = (n: number): string => String(n).padStart(2, '0');
const fractionOf = (micros: number, places: number): string =>
  places === 0 ? '' : `.${String(micros).padStart(6, '0').slice(0, places)}`;
const micros = fc.oneof(fc.integer({ min: 0, max: 999_999 }), fc.constantFrom(0, 1, 999_999, 500_000));
const date = fc
  .tuple(fc.integer({ min: 1000, max: 9999 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }))
  .map(([year, month, day]) => `${year}-${two(month)}-${two(day)}`);
const clock = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }), fc.integer({ min: 0, max: 59 }))
  .map((parts) => parts.map(two).join(':'));
const datetime = (places: number): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 9, arbitrary: fc.tuple(date, clock, micros).map(([d, c, us]) => `'${d} ${c}${fractionOf(us, places)}'`) },
    { weight: 1, arbitrary: fc.constant("'0000-00-00 00:00:00'") },
  );
const time = (places: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.boolean(), fc.integer({ min: 0, max: 838 }), clock, micros)
    .map(([minus, hours, c, us]) => `'${minus ? '-' : ''}${two(hours)}${c.slice(2)}${fractionOf(us, places)}'`)
    .map((text) => (text.includes('838:59:59') ? "'838:00:00'" : text));
/** Seconds of 1970 to 2038. */
const timestamp = (places: number): fc.Arbitrary<string> =>
  fc.tuple(fc.integer({ min: 1, max: 2 ** 31 - 2 }), micros).map(([seconds, us]) => {
    const text = new Date(seconds * 1000).toISOString();
    return `'${text.slice(0, 10)} ${text.slice(11, 19)}${fractionOf(us, places)}'`;
  });

const json = fc
  .letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(
        null,
        true,
        false,
        '',
        'ü🚚 "q"',
        0,
        -1,
        32_767,
        -32_769,
        70_000,
        -2_147_483_649,
        1.5,
        -0.25,
        'y'.repeat(200),
      ),
      fc.integer(),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'key ü', 'k'.repeat(30)), tie('value'), { maxKeys: 4 }),
    ),
  }))
  .value.map((value) => quoted(JSON.stringify(value)));

const float = fc.float({ noNaN: true, noDefaultInfinity: true }).map((n) => (n === 0 ? '0' : String(n)));
const double = fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (n === 0 ? '0' : String(n)));
const coordinate = fc.integer({ min: -1800, max: 1800 }).map((n) => n / 8);

const INTEGERS: readonly (readonly [type: string, bits: number])[] = [
  ['tinyint', 8],
  ['smallint', 16],
  ['mediumint', 24],
  ['int', 32],
  ['bigint', 64],
];

const SHAPES: readonly Shape[] = [
  ...INTEGERS.flatMap(([type, bits]): Shape[] => [
    { type, kind: 'integer', value: signed(BigInt(bits)) },
    { type: `${type} unsigned`, kind: 'integer', unsigned: bits, value: unsigned(BigInt(bits)) },
  ]),
  { type: 'float', kind: 'float', value: float },
  { type: 'double', kind: 'double', value: double },
  { type: 'decimal(1,0)', kind: 'decimal', value: digits(1, 0) },
  { type: 'decimal(10,2)', kind: 'decimal', value: digits(8, 2) },
  { type: 'decimal(18,9)', kind: 'decimal', value: digits(9, 9) },
  { type: 'decimal(65,30)', kind: 'decimal', value: digits(35, 30) },
  { type: 'decimal(20,20)', kind: 'decimal', value: digits(0, 20) },
  ...[1, 7, 17, 64].map((bits): Shape => ({
    type: `bit(${bits})`,
    kind: 'bit',
    value: fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n }).map((n) => `b'${n.toString(2)}'`),
  })),
  { type: 'year', kind: 'integer', value: fc.integer({ min: 1901, max: 2155 }).map(String) },
  { type: 'char(12)', kind: 'text', value: textOf(utf8.replace(' ', ''), 12) },
  { type: 'char(200)', kind: 'text', value: textOf(utf8.replace(' ', ''), 60) },
  { type: 'varchar(40)', kind: 'text', value: textOf(utf8, 40) },
  { type: 'varchar(400)', kind: 'text', value: textOf(utf8, 300) },
  { type: 'varchar(30) character set latin1', kind: 'text', charset: 'windows-1252', value: textOf(latin1, 30) },
  { type: 'tinytext', kind: 'text', value: textOf(utf8, 50) },
  { type: 'longtext', kind: 'text', value: textOf(utf8, 400) },
  { type: 'binary(5)', kind: 'bytes', width: 5, value: fc.uint8Array({ maxLength: 5 }).map(hex) },
  { type: 'varbinary(300)', kind: 'bytes', value: fc.uint8Array({ maxLength: 300 }).map(hex) },
  { type: 'blob', kind: 'bytes', value: fc.uint8Array({ maxLength: 400 }).map(hex) },
  {
    type: `enum(${LABELS.map(quoted).join(',')})`,
    kind: 'label',
    labels: LABELS,
    value: fc.constantFrom(...LABELS).map(quoted),
  },
  {
    type: `set(${LABELS.map(quoted).join(',')})`,
    kind: 'labels',
    labels: LABELS,
    value: fc.subarray([...LABELS]).map((labels) => quoted(labels.join(','))),
  },
  {
    type: 'date',
    kind: 'temporal',
    value: fc
      .oneof({ weight: 9, arbitrary: date }, { weight: 1, arbitrary: fc.constant('0000-00-00') })
      .map((text) => `'${text}'`),
  },
  ...[0, 1, 3, 6].flatMap((places): Shape[] => [
    { type: `time(${places})`, kind: 'temporal', value: time(places) },
    { type: `datetime(${places})`, kind: 'temporal', value: datetime(places) },
    { type: `timestamp(${places}) null`, kind: 'timestamp', value: timestamp(places) },
  ]),
  { type: 'json', kind: 'json', only: 'mysql', value: json },
  // Last: MariaDB counts it among the columns with a character set, zongji does not; mysqlbinlog does not know it.
  {
    type: 'point',
    kind: 'point',
    only: 'mariadb',
    value: fc.tuple(coordinate, coordinate).map(([x, y]) => `point(${x}, ${y})`),
  },
];

export interface RandomHistory {
  readonly columns: readonly RandomColumn[];
  readonly statements: readonly string[];
}

/** A table `app.t` of every type, and so many statements that fill and change it; what a seed gives, it gives again. */
export function randomHistoryOf(family: 'mysql' | 'mariadb', seed: number, count: number): RandomHistory {
  const shapes = SHAPES.filter(({ only = family }) => only === family);
  const columns = shapes.map(({ value: _value, only: _only, ...column }, i): RandomColumn => ({
    ...column,
    name: `c${i}`,
  }));
  const cell = (shape: Shape): fc.Arbitrary<string> =>
    fc.oneof({ weight: 5, arbitrary: shape.value }, { weight: 1, arbitrary: fc.constant('null') });
  const row = fc.tuple(...shapes.map(cell));
  const change = fc.record({
    what: fc.constantFrom('insert', 'insert', 'update', 'update', 'delete'),
    id: fc.integer({ min: 1, max: 20 }),
    rows: fc.array(row, { minLength: 1, maxLength: 3 }),
    picks: fc.uniqueArray(fc.integer({ min: 0, max: shapes.length - 1 }), { minLength: 1, maxLength: 6 }),
  });
  let made = 100;
  const statements = fc.sample(change, { seed, numRuns: count }).map(({ what, id, rows, picks }) => {
    const [first = []] = rows;
    const sets = picks.map((at) => `c${at} = ${first[at] ?? 'null'}`).join(', ');
    if (what === 'delete') return `delete from app.t where id = ${id}`;
    if (what === 'update') return `update app.t set ${sets} where id between ${id} and ${id + 5}`;
    return `insert into app.t values ${rows.map((values, i) => `(${i === 0 && made % 3 === 0 ? id + 1000 * made++ : made++}, ${values.join(', ')})`).join(', ')}`;
  });
  const rows = fc.sample(row, { seed, numRuns: 20 }).map((values, i) => `(${i + 1}, ${values.join(', ')})`);
  return {
    columns,
    statements: [
      `create table app.t (id int primary key, ${columns.map(({ name, type }) => `${name} ${type}`).join(', ')})`,
      `insert into app.t values ${rows.join(', ')}`,
      ...statements,
    ],
  };
}
