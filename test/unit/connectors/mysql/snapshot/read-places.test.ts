import { describe, expect, test } from 'vitest';
import type { StreamPlace } from '../../../../../connectors/mysql/offset.ts';
import {
  annotationOf,
  ReadPlaces,
  readPlaces,
  type ReadPlace,
} from '../../../../../connectors/mysql/snapshot/read-places.ts';
import type { TableRows } from '../../../../../connectors/mysql/row/table-rows.ts';

const A = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const B = '4e11fa47-71ca-11e1-9e33-c80aa9429562';
const bare = { key: [], collection: 'd.bare' };
const column = {} as TableRows['key'][number];

function read(more: Partial<ReadPlace> = {}): ReadPlace {
  return { file: 'b.000009', position: 500, gtids: '', server: 's', prepared: false, tables: ['d.bare'], ...more };
}

function transaction(gtid: string, file = 'b.000009', position = 100, xa = false) {
  return { gtid, file, position, xa };
}

function at(gtids: string, file = 'b.000009', position = 100): StreamPlace {
  return { file, position, gtids, event: 0, transaction: '' };
}

describe('a table that was read behind where the stream begins', () => {
  test.each([
    [`${A}:10`, true],
    [`${A}:11`, false],
    [`${B}:5`, true],
    [`${B}:6`, false],
  ])('leaves out transactions of MySQL that its set has: %s', (gtid, left) => {
    const places = new ReadPlaces('mysql', 's', [read({ gtids: `${A}:1-10,${B}:5` })]);
    expect(places.leavesOut(bare, transaction(gtid))).toBe(left);
    // Of whatever server they come from, and wherever they stand there.
    expect(places.leavesOut(bare, transaction(gtid, 'other.000001', 4))).toBe(left);
  });

  test.each([
    ['0-1-10', true],
    ['0-2-10', true],
    ['0-1-11', false],
    ['7-1-3', false],
  ])('leaves out transactions that its domain had come to: %s', (gtid, left) => {
    const places = new ReadPlaces('mariadb', '', [read({ gtids: '0-1-10', server: '' })]);
    expect(places.leavesOut(bare, transaction(gtid))).toBe(left);
  });

  test.each([
    ['b.000009', 499, true],
    ['b.000009', 500, false],
    ['b.000008', 9000, true],
    ['b.000010', 4, false],
    ['b.1000000', 4, false],
  ])('without GTIDs leaves out what begins before its place: %s:%i', (file, position, left) => {
    const places = new ReadPlaces('mysql', 's', [read()]);
    expect(places.leavesOut(bare, transaction('', file, position))).toBe(left);
  });

  test('leaves out nothing of other tables, of a version with a key, or after a change of server without GTIDs', () => {
    const places = new ReadPlaces('mysql', 's', [read()]);
    expect(places.leavesOut({ key: [], collection: 'd.other' }, transaction(''))).toBe(false);
    expect(places.leavesOut({ key: [column], collection: 'd.bare' }, transaction(''))).toBe(false);
    expect(new ReadPlaces('mysql', 'other', [read()]).leavesOut(bare, transaction(''))).toBe(false);
    // GTIDs were switched on or off in between.
    expect(places.leavesOut(bare, transaction(`${A}:1`))).toBe(false);
  });

  test('leaves out no XA transaction where some were prepared', () => {
    const xa = transaction(`${A}:3`, 'b.000009', 100, true);
    const some = new ReadPlaces('mysql', 's', [read({ gtids: `${A}:1-10`, prepared: true })]);
    const none = new ReadPlaces('mysql', 's', [read({ gtids: `${A}:1-10` })]);
    expect([some.leavesOut(bare, xa), none.leavesOut(bare, xa)]).toEqual([false, true]);
    expect(some.leavesOut(bare, { ...xa, xa: false })).toBe(true);
  });

  test('is kept until the stream has passed it, each for itself', () => {
    const [first, second] = [read({ gtids: `${A}:1-10` }), read({ gtids: `${A}:1-20`, tables: ['d.more'] })];
    const places = new ReadPlaces('mysql', 's', [first, second]);
    const kept = (gtids: string): readonly ReadPlace[] => readPlaces(places.annotation(at(gtids)));
    // In the order of commits others may be missing still.
    expect(kept(`${A}:1-8:10-15`)).toEqual([first, second]);
    expect(kept(`${A}:1-15`)).toEqual([second]);
    expect(places.places).toEqual([second]);
    expect(places.leavesOut(bare, transaction(`${A}:5`))).toBe(false);
    expect(kept(`${A}:1-20`)).toEqual([]);
    expect(places.annotation(at(''))).toBeUndefined();
  });

  test('is kept by domains, by files, and not for the sake of sources that do not count', () => {
    const domains = new ReadPlaces('mariadb', '', [read({ gtids: '0-1-10,1-1-5', server: '' })]);
    expect(domains.annotation(at('0-1-10,1-1-4'))).toBeDefined();
    expect(domains.annotation(at('0-2-11,1-1-5'))).toBeUndefined();
    const files = new ReadPlaces('mysql', 's', [read()]);
    expect(files.annotation(at('', 'b.000009', 499))).toBeDefined();
    expect(files.annotation(at('', 'b.000009', 500))).toBeUndefined();
    const sources = { rows: true, counts: (uuid: string): boolean => uuid === A };
    const some = new ReadPlaces('mysql', 's', [read({ gtids: `${A}:1-10,${B}:1-5` })], sources);
    expect(some.annotation(at(`${A}:1-9`))).toBeDefined();
    expect(some.annotation(at(`${A}:1-10`))).toBeUndefined();
  });

  test('is read from an offset as it was stored; an offset that has something else there is refused', () => {
    const places = [read(), read({ gtids: `${A}:1-10`, prepared: true })];
    expect(readPlaces(annotationOf(places))).toEqual(places);
    expect(readPlaces(undefined)).toEqual([]);
    expect(() => readPlaces({ 'millrace.read': '{' })).toThrow(/millrace\.read/);
    expect(() => readPlaces({ 'millrace.read': '3' })).toThrow(/millrace\.read/);
  });
});
