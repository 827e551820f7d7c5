import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { canonicalText, hashedField, rowHash } from '../../../../runtime/app/verify/canonical-text.ts';
import { compareTable } from '../../../../runtime/app/verify/comparison.ts';
import { TableState, FieldsNeeded } from '../../../../runtime/app/verify/table-state.ts';
import { type TruthColumn, type TruthTable } from '../../../../runtime/connector/truth.ts';
import { Decimal } from '../../../../runtime/record/decimal.ts';
import { struct, type Value } from '../../../../runtime/record/value.ts';

const column = (name: string, missing: string | null = null): TruthColumn => ({ name, form: 'text', missing });

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

function event(op: string, key: string | null, before: Value, after: Value, extra: object = {}) {
  return {
    key: key === null ? null : { schema: null, value: struct({ id: key }) },
    value: { schema: null, value: struct({ op, before, after, source: struct(), ...extra }) },
  };
}

const everything = () => true;

describe('a table rebuilt from its events', () => {
  test('follows inserts, updates, deletes, key changes and tombstones', async () => {
    const state = new TableState(truth({ '1': 'b', '9': 'c' }), everything);
    state.apply(event('r', '1', null, row('1', 'a')));
    state.apply(event('u', '1', null, row('1', 'b')));
    state.apply(event('c', '2', null, row('2', 'x')));
    state.apply(event('d', '2', row('2', 'x'), null));
    state.apply({ key: { schema: null, value: struct({ id: '2' }) }, value: null });
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
    const state = new TableState(truth({}), () => false);
    state.apply(event('c', '1', null, row('1', 'a')));
    expect([state.rows, state.later]).toEqual([0n, 1]);
  });

  test('a value that an event leaves out is the one the row had', () => {
    const table = { ...truth({ '1': 'big' }), unavailable: '__unavailable' };
    const events = [event('c', '1', null, row('1', 'big')), event('u', '1', null, row('1', '__unavailable'))];
    expect(() => {
      const state = new TableState(table, everything);
      events.forEach((each) => state.apply(each));
    }).toThrow(FieldsNeeded);
    const state = new TableState(table, everything, true);
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
