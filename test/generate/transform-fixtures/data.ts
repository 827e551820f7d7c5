/** What the cases are made of: records as JSON, keys and values in JsonConverter's envelope. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type Object = { readonly [key: string]: Json };

export interface CaseRecord extends Object {
  readonly topic: string;
  readonly partition: number | null;
  readonly key: Json;
  readonly value: Json;
  readonly headers: Json;
  readonly timestamp: number | null;
  readonly offset: number;
}

export interface Case extends Object {
  readonly name: string;
  readonly class: string;
  readonly config: Object;
  readonly records: readonly CaseRecord[];
}

export function envelope(schema: Json, payload: Json): Json {
  return { schema, payload };
}

export function record(value: Json, more: Partial<CaseRecord> = {}): CaseRecord {
  return {
    topic: 'topic',
    partition: 3,
    key: null,
    value,
    headers: [],
    timestamp: 1709210096789,
    offset: 42,
    ...more,
  } as CaseRecord;
}

export function field(name: string, type: string, more: Object = {}): Object {
  return { type, optional: false, ...more, field: name };
}

export function structOf(fields: readonly Json[], more: Object = {}): Object {
  return { type: 'struct', fields, optional: false, ...more };
}

const connect = 'org.apache.kafka.connect.data.';
export const decimal = { name: `${connect}Decimal`, version: 1, parameters: { scale: '2' } };
export const date = { name: `${connect}Date`, version: 1 };
export const time = { name: `${connect}Time`, version: 1 };
export const timestamp = { name: `${connect}Timestamp`, version: 1 };

/** Every type once, a null and a default. */
const allTypes = structOf(
  [
    field('i8', 'int8'),
    field('i16', 'int16'),
    field('i32', 'int32'),
    field('i64', 'int64'),
    field('f32', 'float'),
    field('f64', 'double'),
    field('bool', 'boolean'),
    field('str', 'string'),
    field('bin', 'bytes'),
    field('dec', 'bytes', decimal),
    field('day', 'int32', date),
    field('clock', 'int32', time),
    field('at', 'int64', timestamp),
    field('list', 'array', { items: { type: 'int32', optional: false } }),
    field('map', 'map', { keys: { type: 'string', optional: false }, values: { type: 'int32', optional: false } }),
    field('none', 'string', { optional: true }),
    field('fallback', 'int32', { optional: true, default: 7 }),
    field('unset', 'int32', { optional: true, default: 8 }),
  ],
  { name: 'all.Types', version: 2, doc: 'all of them', parameters: { p: 'q' } },
);

const allValues: Object = {
  i8: -5,
  i16: 300,
  i32: 70000,
  i64: 9007199254740992,
  f32: 1.5,
  f64: -2.75,
  bool: true,
  str: '17',
  bin: 'AQID',
  dec: 'BNI=',
  day: 19782,
  clock: 45296789,
  at: 1709210096789,
  list: [1, 2],
  map: { k: 1 },
  none: null,
  fallback: 5,
  unset: null,
};

export const inner = structOf([field('x', 'int32'), field('y', 'string', { optional: true, default: 'dy' })], {
  name: 'in.Ner',
  optional: true,
});

/** Structs in structs. */
export const nested = structOf(
  [
    field('id', 'int32'),
    { ...inner, field: 'in' },
    { ...structOf([{ ...inner, field: 'deep' }, field('z', 'boolean')]), field: 'out' },
    field('a.b', 'string', { optional: true }),
  ],
  { name: 'nest.Ed', optional: true },
);

const nestedValues: Object = {
  id: 1,
  in: { x: 2, y: null },
  out: { deep: { x: 3, y: 'why' }, z: true },
  'a.b': 'dotted',
};

export const loose: Object = {
  a: 1,
  b: 'x',
  c: null,
  d: { e: 2.5, f: [1, 2], g: { h: true } },
  ts: 1709210096789,
  s: '2024-02-29 12:34:56',
  n: '12',
  t: true,
};

/** The inputs that every transform of keys or values sees. */
export const inputs: readonly (readonly [name: string, value: Json])[] = [
  ['all types', envelope(allTypes, allValues)],
  ['nested', envelope(nested, nestedValues)],
  ['nested, the inner null', envelope(nested, { ...nestedValues, in: null, out: { deep: null, z: false } })],
  ['a null struct', envelope(nested, null)],
  ['loose', envelope(null, loose)],
  ['a loose text', envelope(null, 'text')],
  ['a loose number', envelope(null, 5)],
  ['a loose double', envelope(null, 2.5)],
  ['a loose list', envelope(null, [1])],
  ['a text', envelope({ type: 'string', optional: true }, '5')],
  ['a number', envelope({ type: 'int64', optional: false, name: 'num', version: 3, doc: 'd' }, 1709210096789)],
  ['nothing', null],
];
