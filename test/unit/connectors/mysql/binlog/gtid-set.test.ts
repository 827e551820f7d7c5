import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GtidSet } from '../../../../../connectors/mysql/binlog/gtid-set.ts';
import { MariadbGtids } from '../../../../../connectors/mysql/binlog/mariadb-gtid.ts';

const A = '1afb3520-e915-11f1-939b-02fc00000001';
const B = 'ffffffff-e915-11f1-939b-02fc00000002';

const numbers = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 40 });

function setOf(members: readonly number[], source = A): GtidSet {
  const set = new GtidSet();
  for (const member of members) set.add(source, BigInt(member));
  return set;
}

describe('sets of GTIDs', () => {
  test.each([`${A}:1-17`, `${A}:1`, `${A}:1-3:5-9:11`, `${A}:1-3,${B}:7`, `${A}:1-3:tag:4-5`, ''])(
    'are written as they are read: %s',
    (text) => {
      expect(GtidSet.parse(text).toString()).toBe(text);
    },
  );

  test('are put in order', () => {
    expect(GtidSet.parse(`${B}:7,\n ${A.toUpperCase()}:5-9:1-3:4`).toString()).toBe(`${A}:1-9,${B}:7`);
  });

  test.each(['abc', A, `${A}:0`, `${A}:5-4`, `${A}:1-`, `${A}:1;2`])('refuse %s', (text) => {
    expect(() => GtidSet.parse(text)).toThrow(expect.objectContaining({ code: 'MYSQL_GTID_SET' }) as Error);
  });

  test('hold and lack what sets of numbers do', () => {
    fc.assert(
      fc.property(numbers, numbers, (left, right) => {
        const minus = setOf(left).minus(setOf(right));
        for (let n = 1; n <= 60; n++) {
          expect(setOf(left).has(A, BigInt(n))).toBe(left.includes(n));
          expect(minus.has(A, BigInt(n))).toBe(left.includes(n) && !right.includes(n));
        }
        expect(GtidSet.parse(setOf(left).toString()).toString()).toBe(setOf(left).toString());
      }),
    );
  });

  test('have the binary form of COM_BINLOG_DUMP_GTID', () => {
    expect(GtidSet.parse(`${A}:1-3:5`).encode().toString('hex')).toBe(
      [
        '0100000000000000',
        A.replaceAll('-', ''),
        '0200000000000000',
        '0100000000000000',
        '0400000000000000',
        '0500000000000000',
        '0600000000000000',
      ].join(''),
    );
  });
});

test('MariaDB’s position has the last transaction of each domain', () => {
  const position = MariadbGtids.parse('1-7-5,0-1-100');
  position.set(0, 2, 101n);
  expect(position.toString()).toBe('0-2-101,1-7-5');
  expect(position.sequence(1)).toBe(5n);
  expect(() => MariadbGtids.parse('0-1')).toThrow('not a list');
});
