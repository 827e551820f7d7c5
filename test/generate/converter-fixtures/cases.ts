/** A value with its schema, as JsonConverter's envelope. */
export interface Envelope {
  readonly schema: object | null;
  readonly payload: unknown;
}

export interface ConverterCase {
  readonly class: string;
  readonly header?: true;
  readonly encode?: Envelope;
  /** Base 64; null: no bytes. */
  readonly decode?: string | null;
}

const PRIMITIVES = 'org.apache.kafka.connect.converters.';
const SIMPLE = 'org.apache.kafka.connect.storage.SimpleHeaderConverter';

const type = (name: string, optional = false): object => ({ type: name, optional });
const logical = (base: string, name: string, more = {}): object => {
  return { type: base, optional: false, name: `org.apache.kafka.connect.data.${name}`, version: 1, ...more };
};
const arrayOf = (items: object): object => ({ type: 'array', items, optional: false });
const mapOf = (keys: object, values: object): object => ({ type: 'map', keys, values, optional: false });

/** Values of each type, at its edges. */
const VALUES: readonly Envelope[] = [
  ...[-128, -1, 0, 127].map((payload) => ({ schema: type('int8'), payload })),
  ...[-32768, -1, 0, 32767].map((payload) => ({ schema: type('int16'), payload })),
  ...[-2147483648, -1, 0, 258, 2147483647].map((payload) => ({ schema: type('int32'), payload })),
  ...[-9007199254740991, -1, 0, 258, 9007199254740991].map((payload) => ({ schema: type('int64'), payload })),
  ...[0, -1.5, 0.1, 1e10, 1e-10, 3.4028234663852886e38, 1.401298464324817e-45].map((payload) => ({
    schema: type('float'),
    payload,
  })),
  ...[0, -1.5, 0.1, 100, 1e7, 1e-3, 1e21, 1.7976931348623157e308, 5e-324, 123456789012].map((payload) => ({
    schema: type('double'),
    payload,
  })),
  ...[true, false].map((payload) => ({ schema: type('boolean'), payload })),
  ...['', 'text', ' spaces ', 'ü €', '"quoted"', 'a\\b', 'null', '1'].map((payload) => ({
    schema: type('string'),
    payload,
  })),
  ...['', 'AAEC', '/w=='].map((payload) => ({ schema: type('bytes'), payload })),
  ...['int8', 'int16', 'int32', 'int64', 'float', 'double', 'boolean', 'string', 'bytes'].map((name) => {
    return { schema: type(name, true), payload: null };
  }),
  { schema: null, payload: null },
  ...[1, 1.5, true, 'text', [1, 'a', null], { a: 1, b: [true] }].map((payload) => ({ schema: null, payload })),
  ...[0, 1, 20000, -1].map((payload) => ({ schema: logical('int32', 'Date'), payload })),
  ...[0, 1, 45_296_789].map((payload) => ({ schema: logical('int32', 'Time'), payload })),
  ...[0, 1, 86_400_000, 1_769_863_696_789, -1].map((payload) => ({ schema: logical('int64', 'Timestamp'), payload })),
  { schema: logical('bytes', 'Decimal', { parameters: { scale: '2' } }), payload: 'MDk=' },
  { schema: logical('bytes', 'Decimal', { parameters: { scale: '0' } }), payload: 'MDk=' },
  { schema: arrayOf(type('int32')), payload: [] },
  { schema: arrayOf(type('int32', true)), payload: [1, null, 3] },
  { schema: arrayOf(type('string')), payload: ['a', 'b"c', 'd\\e', ''] },
  { schema: arrayOf(arrayOf(type('double'))), payload: [[1.5], []] },
  { schema: arrayOf(type('bytes')), payload: ['AAEC'] },
  { schema: mapOf(type('string'), type('int32')), payload: { k: 1 } },
  { schema: mapOf(type('int32'), type('string')), payload: [[1, 'x']] },
  { schema: mapOf(type('string'), type('boolean')), payload: {} },
  {
    schema: {
      type: 'struct',
      optional: false,
      fields: [
        { field: 'id', ...type('int32') },
        { field: 'name', ...type('string', true) },
        { field: 'none', ...type('string', true) },
        { field: 'tags', ...arrayOf(type('string')) },
      ],
    },
    payload: { id: 7, name: 'a "b"', none: null, tags: ['x'] },
  },
];

/** What a header may say. */
const TEXTS = [
  '', ' ', 'null', ' null ', 'NULL', 'true', 'TRUE', 'True', ' false ', 'truest', 'abc', 'a b', ' abc ', 'a:b', 'a,b',
  '0', '-0', '+0', '1', '-1', '+1', '127', '128', '-128', '-129', '32767', '32768', '-32769', '2147483647', '2147483648',
  '9223372036854775807', '9223372036854775808', '-9223372036854775809', '123456789012345678901234567890', '00', '0123', ' 42 ',
  '0.0', '1.0', '-1.0', '1.5', '0.1', '.5', '5.', '100.10', '1e3', '1E3', '1e+3', '1.5e3', '1e-3', '1e38', '1e39', '3.4e38', '1e308', '1e309', '1e400',
  '1e-400', '0.30000000000000004', '1.123456789', '123456789.123', '1.23456789012345678901', 'NaN', 'Infinity', '-Infinity', '0x10', '1_000', '1L', '1d', '1f',
  '--1', '1-', '1.2.3', '-', '+', '.', 'e5', '1e', '٣',
  '2026-01-31', '2026-02-31', '2026-13-01', '2026-1-31', '1960-01-01', '0001-01-01', '9999-12-31', '20260131', '12:34:56.789Z', '00:00:00.000Z', '24:00:00.000Z',
  '12:34:56Z', '12:34:56.789', '2026-01-31T12:34:56.789Z', '2026-01-31T12:34:56Z', '2026-01-31T12:34:56.789+01:00', '2026-01-31T25:34:56.789Z', '2026-01-31 12:34:56.789Z',
  '[]', '[ ]', '[1]', '[1,2,300]', '[1, 2]', '[1,"a"]', '[1,2.5]', '[1.5,2.5]', '["a","b"]', '["a", "b"]', '[true,false]', '[null]', '[1,null]', '[[1],[2]]', '[[1],[300]]', '[[],[]]', '[[1],["a"]]',
  '[1,2', '[a]', '[a,b]', '[1,]', '[,1]', '[,]', '["2026-01-31"]', '[2026-01-31]', '["1"]', '[1]x', 'x[1]', '[', ']', '[1,true]', '["a,b"]', '["a\\"b"]', '[{"a":1}]', '[127,128,32768,2147483648]', '[1e3]', '[9223372036854775808]',
  '{}', '{ }', '{"a":1}', '{"a": 1}', '{"a":1,"b":2}', '{"a":1,"b":300}', '{"a":1,"b":"x"}', '{a:1}', '{"a":{"b":1}}', '{1:2}', '{"a":[1,2]}', '{"a":null}', '{"a":1,"b":null}', '{"a":1,}', '{,}', '{"a"}', '{"a":}', '{:1}', '{"a":1', '{', '}', '{"a":"b:c"}', '{"k":"2026-01-31"}', '{"a":1}x', '{"a":true}', '{"a":1.5}',
  '"quoted"', '"a\\"b"', '"1"', '"true"', '"', "'a'", '\\,', 'a\\b', 'ü €', '12:34', 'http://a/b', 'a"b', '"a" b', '"a""b"',
]; // prettier-ignore

const BYTES = ['', 'AA==', 'AQ==', 'Ag==', '/w==', 'AAE=', '//8=', 'AAAB', 'AAAAAQ==', '/////w==', 'AAAAAAA=', 'AAAAAAAAAAE=', '//////////8=', 'f4AAAA==', 'f8AAAA==', 'f/AAAAAAAAA=', 'f/gAAAAAAAA=', 'P/gAAAAAAAA=', 'gAAAAAAAAAA=', 'AAAAAAAAAAAA']; // prettier-ignore

/** Of bytes a StringConverter writes the name of a Java object, another one in each run. */
function isNameless(name: string, schema: object | null, payload: unknown): boolean {
  return (
    name.endsWith('StringConverter') && payload !== null && /"bytes","optional":false\}/.test(JSON.stringify(schema))
  );
}

/** All cases, in the order of the fixture's lines. */
export function converterCases(): readonly ConverterCase[] {
  const primitives = ['Boolean', 'Short', 'Integer', 'Long', 'Float', 'Double'].map(
    (name) => `${PRIMITIVES}${name}Converter`,
  );
  const classes = [
    ...primitives,
    `${PRIMITIVES}ByteArrayConverter`,
    'org.apache.kafka.connect.storage.StringConverter',
  ];
  const decoded = [...BYTES, null];
  return [
    ...classes.flatMap((name) => [
      ...VALUES.filter(({ schema, payload }) => !isNameless(name, schema, payload)).map((encode) => ({
        class: name,
        encode,
      })),
      ...decoded.map((decode) => ({ class: name, decode })),
    ]),
    // As header converters these are the same classes by another interface.
    ...primitives.flatMap((name) => decoded.map((decode) => ({ class: name, header: true as const, decode }))),
    ...VALUES.map((encode) => ({ class: SIMPLE, header: true as const, encode })),
    ...TEXTS.map((text) => ({ class: SIMPLE, header: true as const, decode: Buffer.from(text).toString('base64') })),
    ...decoded.map((decode) => ({ class: SIMPLE, header: true as const, decode })),
  ];
}
