import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { canonicalText, hashedField, rowHash } from '../../../../runtime/app/verify/canonical-text.ts';
import { compareTable } from '../../../../runtime/app/verify/comparison.ts';
import type { TableEvent } from '../../../../runtime/app/verify/event-image.ts';
import { KeylessCounts } from '../../../../runtime/app/verify/keyless-counts.ts';
import { Truncates } from '../../../../runtime/app/verify/truncates.ts';
import { TableState, PassNeeded } from '../../../../runtime/app/verify/table-state.ts';
import type { SourceTruth, TruthColumn, TruthTable } from '../../../../runtime/connector/truth.ts';
import { Decimal } from '../../../../runtime/record/decimal.ts';
import { STRING } from '../../../../runtime/record/schema-builder.ts';
import { struct, type StructValue, type Value } from '../../../../runtime/record/value.ts';

const column = (name: string, missing: string | null = null): TruthColumn => ({
  name,
  form: 'text',
  schema: STRING,
  missing,
  mayBeLeftOut: name !== 'id',
});

const hashOf = (...texts: (string | null)[]): bigint => rowHash(texts.map(hashedField));

function truth(rows: Record<string, string>, key: readonly string[] = ['id']): TruthTable {
  const columns = [column('id'), column('name')];
  const all = Object.entries(rows).map(([id, name]) => ({ key: id, hash: hashOf(id, name) }));
  return {
    name: 'public.t',
    topic: 't',
    key,
    columns,
    notCompared: [],
    totals: async () => ({ rows: BigInt(all.length), checksum: all.reduce((sum, row) => sum + row.hash, 0n) }),
    async *rows() {
      yield* all;
    },
  };
}

const row = (id: string, name: string): Value => struct({ id, name });

let offset = 0n;

function event(op: string, key: string | null, before: Value, after: Value, extra: object = {}): TableEvent {
  return {
    partition: 0,
    offset: offset++,
    key: key === null ? null : { schema: null, value: struct({ id: key }) },
    value: { schema: null, value: struct({ op, before, after, source: struct(), ...extra }) },
    moved: false,
  };
}

/** Places of events are numbers `at`; equal ones are one change. */
const at = (source: StructValue): number => Number(source['at'] ?? 0);
const everything: Pick<SourceTruth, 'includes' | 'event' | 'precedes'> = {
  includes: () => true,
  event: (source) => (source['at'] === undefined ? null : String(at(source))),
  precedes: (one, other) => at(one) < at(other),
};
const source = (place: number) => ({ source: struct({ at: place }) });

describe('a table rebuilt from its events', () => {
  test('follows inserts, updates, deletes, key changes and tombstones', async () => {
    const state = new TableState(truth({ '1': 'b', '9': 'c' }), everything);
    state.apply(event('r', '1', null, row('1', 'a')));
    state.apply(event('u', '1', null, row('1', 'b')));
    state.apply(event('c', '2', null, row('2', 'x')));
    state.apply(event('d', '2', row('2', 'x'), null));
    state.apply({ ...event('d', '2', null, null), value: { schema: null, value: null } });
    state.apply(event('c', '3', null, row('3', 'c')));
    state.apply(event('d', '3', row('3', 'c'), null));
    state.apply(event('c', '9', null, row('9', 'c')));
    expect(await compareTable(state.table, 'hub', state)).toMatchObject({ equal: true, copyRows: 2n, differences: [] });
  });

  test('a truncate empties it', () => {
    const state = new TableState(truth({}), everything);
    state.apply(event('c', '1', null, row('1', 'a')));
    state.apply(event('t', null, null, null));
    expect(state.rows).toBe(0n);
    expect(state.checksum).toBe(0n);
  });

  test('without a key it counts equal rows', async () => {
    const state = new TableState(truth({ '1': 'a' }, []), everything);
    state.apply(event('c', null, null, row('1', 'a')));
    state.apply(event('c', null, null, row('1', 'a')));
    expect(state.rows).toBe(2n);
    state.apply(event('d', null, row('1', 'a'), null));
    expect(await compareTable(state.table, 'hub', state)).toMatchObject({ equal: true });
  });

  test('events later than the compared position are left out and counted', () => {
    const state = new TableState(truth({}), { ...everything, includes: () => false });
    state.apply(event('c', '1', null, row('1', 'a')));
    expect([state.rows, state.later]).toEqual([0n, 1]);
  });

  test('a value that an event leaves out is the one the row had', () => {
    const table = { ...truth({ '1': 'big' }), unavailable: '__unavailable' };
    const events = [event('c', '1', null, row('1', 'big')), event('u', '1', null, row('1', '__unavailable'))];
    expect(() => {
      const state = new TableState(table, everything);
      events.forEach((each) => state.apply(each));
    }).toThrow(PassNeeded);
    const state = new TableState(table, everything, { fields: true });
    events.forEach((each) => state.apply(each));
    expect(state.hashOf('1')).toBe(hashOf('1', 'big'));
  });

  test('a column that events of an older version lack has the value the source gives old rows', () => {
    const table = { ...truth({}), columns: [column('id'), column('name', 'default')] };
    const state = new TableState(table, everything);
    state.apply(event('c', '1', null, struct({ id: '1' })));
    expect(state.hashOf('1')).toBe(hashOf('1', 'default'));
  });
});

describe('the placeholder of a value left out', () => {
  const PLACEHOLDER = '__unavailable';
  const rebuilt = (source: Record<string, string>, events: readonly TableEvent[]): TableState => {
    const state = new TableState({ ...truth(source), unavailable: PLACEHOLDER }, everything, { fields: true });
    for (const each of events) state.apply(each);
    return state;
  };
  const compared = (source: Record<string, string>, events: readonly TableEvent[]) => {
    const state = rebuilt(source, events);
    return compareTable(state.table, 'hub', state);
  };

  test('inserted as a text is that text', async () => {
    const found = await compared({ '1': PLACEHOLDER }, [event('c', '1', null, row('1', PLACEHOLDER))]);
    expect(found).toMatchObject({ equal: true, inconclusive: [] });
  });

  test('is that text where the event shows another value before, or where NULL was', async () => {
    const events = [
      event('c', '1', null, row('1', 'a')),
      event('u', '1', row('1', 'a'), row('1', PLACEHOLDER)),
      event('c', '2', null, struct({ id: '2', name: null })),
      event('u', '2', null, row('2', PLACEHOLDER)),
    ];
    const found = await compared({ '1': PLACEHOLDER, '2': PLACEHOLDER }, events);
    expect(found).toMatchObject({ equal: true, inconclusive: [] });
  });

  test('is inconclusive where it may be either and the source holds the text', async () => {
    const events = [event('c', '1', null, row('1', 'a')), event('u', '1', null, row('1', PLACEHOLDER))];
    expect(await compared({ '1': PLACEHOLDER }, events)).toMatchObject({ equal: true, inconclusive: [{ key: ['1'] }] });
    expect(await compared({ '1': 'a' }, events)).toMatchObject({ equal: true, inconclusive: [] });
    expect(await compared({ '1': 'b' }, events)).toMatchObject({ differences: [{ key: ['1'], kind: 'stale' }] });
  });

  test('is not looked for in a column that is always sent', async () => {
    const whole = { ...column('name'), mayBeLeftOut: false };
    const table = { ...truth({ '1': PLACEHOLDER }), columns: [column('id'), whole], unavailable: PLACEHOLDER };
    const state = new TableState(table, everything);
    state.apply(event('c', '1', null, row('1', 'a')));
    state.apply(event('u', '1', null, row('1', PLACEHOLDER)));
    expect(await compareTable(table, 'hub', state)).toMatchObject({ equal: true, inconclusive: [] });
  });

  test('after a key change is the value of the old key, where its event is at hand', async () => {
    const moved = [
      event('c', '1', null, row('1', 'big')),
      event('d', '1', row('1', 'x'), null, source(5)),
      { ...event('c', '2', null, row('2', PLACEHOLDER), source(5)), moved: true },
    ];
    expect(await compared({ '2': 'big' }, moved)).toMatchObject({ equal: true, inconclusive: [] });
    expect(await compared({ '2': 'big' }, moved.slice(2))).toMatchObject({ inconclusive: [{ key: ['2'] }] });
  });
});

describe('a truncate in a topic of several partitions', () => {
  const truncated = { ...event('t', null, null, null, source(5)), partition: 0, offset: 3n };
  const before = { ...event('c', '1', null, row('1', 'a'), source(4)), partition: 1, offset: 90n };
  const after = { ...event('c', '2', null, row('2', 'b'), source(6)), partition: 1, offset: 91n };
  const same = { ...event('c', '3', null, row('3', 'c'), source(7)), partition: 0, offset: 2n };

  test('asks for another pass', () => {
    expect(() => new TableState(truth({}), everything, { partitions: 2 }).apply(truncated)).toThrow(PassNeeded);
  });

  test('takes away what the source wrote before it, in every partition', () => {
    const truncates = new Truncates(everything);
    truncates.add(0, 3n, struct({ at: 5 }));
    const state = new TableState(truth({}), everything, { partitions: 2, truncates });
    for (const each of [same, truncated, before, after]) state.apply(each);
    expect([...state.keys()]).toEqual(['2']);
  });
});

describe('a table without a key, told twice', () => {
  const counted = async (
    source: Record<string, string>,
    told: readonly [place: number | null, name: string, partition?: number][],
  ) => {
    const counts = new KeylessCounts(everything);
    for (const [place, name, partition = 0] of told) {
      const block = place === null ? struct() : struct({ at: place });
      const op = place === null ? 'r' : 'c';
      counts.add({
        op,
        before: null,
        after: hashOf('1', name),
        source: block,
        order: null,
        partition,
        offset: offset++,
      });
    }
    const copy = {
      rows: counts.rows,
      checksum: counts.checksum,
      hashOf: () => undefined,
      keys: () => [],
      recount: async () => counts,
    };
    const rows = Object.entries(source).flatMap(([name, count]) => Array.from({ length: Number(count) }, () => name));
    const table: TruthTable = {
      ...truth({}, []),
      totals: async () => ({
        rows: BigInt(rows.length),
        checksum: rows.reduce((sum, name) => sum + hashOf('1', name), 0n),
      }),
      async *rows() {
        for (const name of rows) yield { key: '', hash: hashOf('1', name) };
      },
    };
    return compareTable(table, 'hub', copy);
  };

  test('is equal where every repetition can be told from an event', async () => {
    const found = await counted({ a: '1', b: '1', c: '1' }, [
      [1, 'a'],
      [2, 'b'],
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ]);
    expect(found).toMatchObject({ equal: true, inconclusive: [] });
  });

  test('is inconclusive where equal rows written together cannot be told from repetitions', async () => {
    const found = await counted({ a: '1' }, [
      [1, 'a'],
      [1, 'a'],
    ]);
    expect(found).toMatchObject({ equal: true, inconclusive: [{ key: [] }] });
    expect(
      await counted({ a: '1' }, [
        [1, 'a'],
        [1, 'a', 1],
      ]),
    ).toMatchObject({ equal: true, inconclusive: [{ key: [] }] });
    expect(
      await counted({ a: '1' }, [
        [null, 'a'],
        [null, 'a'],
      ]),
    ).toMatchObject({ inconclusive: [{ key: [] }] });
  });

  test('differs where a row was lost, or is there without an event of its own', async () => {
    const told = [
      [1, 'a'],
      [1, 'a'],
      [2, 'b'],
    ] as const;
    expect(await counted({ a: '1', b: '2' }, [...told] as never)).toMatchObject({
      differences: [{ key: [], kind: 'missing' }],
    });
    expect(await counted({ a: '1' }, [...told] as never)).toMatchObject({ differences: [{ key: [], kind: 'extra' }] });
  });

  test('is inconclusive where updates do not say which row they were of', async () => {
    const counts = new KeylessCounts(everything);
    counts.add({ op: 'u', before: null, after: 1n, source: struct({ at: 1 }), order: null, partition: 0, offset: 0n });
    expect(counts.blind).toBe(true);
  });
});

test('missing, stale and extra rows are named', async () => {
  const state = new TableState(truth({ '1': 'a', '2': 'b', '3': 'c' }), everything);
  state.apply(event('c', '1', null, row('1', 'a')));
  state.apply(event('c', '2', null, row('2', 'old')));
  state.apply(event('c', '4', null, row('4', 'd')));
  const found = await compareTable(state.table, 'hub', state);
  expect(found.equal).toBe(false);
  expect(found.differences).toEqual([
    { key: ['2'], kind: 'stale' },
    { key: ['3'], kind: 'missing' },
    { key: ['4'], kind: 'extra' },
  ]);
  expect((await compareTable(state.table, 'hub', state, 1)).furtherDifferences).toBe(2);
});

const named = (name: string) => ({ type: 'int64' as const, optional: false, name });

test.each([
  ['decimal', null, new Decimal(1050n, 2), '10.5'],
  ['decimal', null, new Decimal(-100n, 2), '-1'],
  ['decimal', null, '7.000', '7'],
  ['decimal', null, '700', '700'],
  ['decimal', null, struct({ scale: 1, value: Uint8Array.of(0xff, 0x85) }), '-12.3'],
  ['micros', named('io.debezium.time.Timestamp'), 5n, '5000'],
  ['micros', named('io.debezium.time.MicroTimestamp'), 5n, '5'],
  ['micros', named('io.debezium.time.NanoTimestamp'), 5000n, '5'],
  ['micros', null, '2024-01-01T00:00:37.1Z', '1704067237100000'],
  ['micros', null, 'infinity', 'infinity'],
  ['double', null, -0, '8000000000000000'],
  ['double', null, 1.5, '3ff8000000000000'],
  ['float', null, 0.5, '3f000000'],
  ['bytes', null, Uint8Array.of(1, 255), '01ff'],
  ['bytes', null, 'Af8=', '01ff'],
  ['boolean', null, true, 'true'],
  ['integer', null, 9007199254740993n, '9007199254740993'],
] as const)('canonical text: %s', (form, schema, value, expected) => {
  expect(canonicalText(form, schema, value as Value)).toBe(expected);
});

test('a row hash is the first 60 bits of the MD5 that SQL computes as well', () => {
  const hex = createHash('md5').update('1:1n1:a').digest('hex');
  expect(hashOf('1', null, 'a').toString(16)).toBe(BigInt(`0x${hex.slice(0, 15)}`).toString(16));
});

test.each([
  [['\\N'], [null]],
  [['n'], [null]],
  [
    ['p\x1fq', 'r'],
    ['p', 'q\x1fr'],
  ],
  [['x'.repeat(400)], [createHash('md5').update('x'.repeat(400)).digest('hex')]],
  [
    ['', 'a'],
    ['a', ''],
  ],
] as const)('different rows have different hashes: %j and %j', (one, other) => {
  expect(hashOf(...one)).not.toBe(hashOf(...other));
});

describe('a topic that does not hold the change events of its table', () => {
  const bare = (value: Value): TableEvent => ({ ...event('c', '1', null, null), value: { schema: null, value } });

  test.each([
    ['rows without their envelope', row('1', 'a')],
    ['texts', 'Struct{op=c}'],
    ['events whose operation is masked', struct({ op: '', after: row('1', 'a'), source: struct() })],
  ])('cannot be compared: %s are not rows that were lost', async (_name, value) => {
    const state = new TableState(truth({ '1': 'a' }), everything);
    state.apply(bare(value));
    expect(await compareTable(state.table, 'hub', state)).toMatchObject({
      compared: false,
      equal: false,
      differences: [],
      inconclusive: [{ key: [], reason: 'none of its 1 records is a change event' }],
    });
  });

  test('in part, is compared where nothing differs, and not where something does', async () => {
    const state = new TableState(truth({ '1': 'a' }), everything);
    state.apply(event('c', '1', null, row('1', 'a')));
    state.apply(bare('something else'));
    expect(await compareTable(state.table, 'hub', state)).toMatchObject({ compared: true, equal: true });
    const table = truth({ '1': 'a', '2': 'b' });
    expect(await compareTable(table, 'hub', state)).toMatchObject({ compared: false, differences: [] });
  });

  test('is empty: then its rows are missing', async () => {
    const state = new TableState(truth({ '1': 'a' }), everything);
    expect(await compareTable(state.table, 'hub', state)).toMatchObject({ compared: true, equal: false });
  });
});

describe('a table that got another key', () => {
  const renamed = (op: string, id: string, before: Value, after: Value): TableEvent => ({
    ...event(op, null, before, after),
    key: { schema: null, value: struct({ name: id }) },
  });

  test('has its rows by the key it has now, those written before it too', async () => {
    const state = new TableState(truth({ '1': 'a', '3': 'C', '4': 'd2' }), everything);
    state.apply(renamed('c', 'a', null, row('1', 'a')));
    state.apply(renamed('c', 'b', null, row('2', 'b')));
    state.apply(renamed('c', 'c', null, row('3', 'c')));
    state.apply(renamed('c', 'd', null, row('9', 'd')));
    state.apply(renamed('u', 'd', null, row('4', 'd2'))); // what is the key now was none then
    state.apply(renamed('d', 'b', struct({ name: 'b', id: null }), null));
    state.apply(event('u', '3', null, row('3', 'C')));
    expect(await compareTable(state.table, 'hub', state)).toMatchObject({ equal: true, copyRows: 3n });
  });

  test('cannot be compared where its events are in several partitions and something differs', async () => {
    const state = new TableState(truth({ '1': 'b' }), everything, { partitions: 2 });
    state.apply(renamed('c', 'a', null, row('1', 'a')));
    expect(await compareTable(state.table, 'hub', state)).toMatchObject({ compared: false, differences: [] });
  });
});
