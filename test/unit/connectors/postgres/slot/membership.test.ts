import { expect, test } from 'vitest';
import {
  alteredOptions,
  gainedOperations,
  isNamed,
  keptPublished,
} from '../../../../../connectors/postgres/slot/membership.ts';

const NEEDED = new Set(['c', 'u', 'd'] as const);

test.each([
  ['the same', '5:1,2:9:cud', '5:1,2:9:cud', true],
  ['one of its entries is left', '5:1,2:9:cud', '5:2:9:cud', true],
  ['of all tables', '5::9:cud', '5::9:cud', true],
  ['the publication was made anew', '5:1:9:cud', '6:1:9:cud', false],
  ['its entry was made anew', '5:1:9:cud', '5:3:9:cud', false],
  ['it was not published', '', '5:1:9:cud', false],
  ['it is not published', '5:1:9:cud', '', false],
  ['an operation is missing', '5:1:9:cud', '5:1:10:cu', false],
  ['an operation is missing that is not needed', '5:1:9:cudt', '5:1:10:cud', true],
  ['an operation came', '5:1:9:cu', '5:1:10:cud', true],
  ['stored by an earlier version', '5:1', '5:1:9:c', true],
])('a table was published all the time or not: %s', (_, before, now, kept) => {
  expect(keptPublished(before, now, NEEDED)).toBe(kept);
});

test('altered options show, whatever they are now', () => {
  expect(alteredOptions('5:1:9:cud', '5:1:10:cud')).toBe(true);
  expect(alteredOptions('5:1:9:cud', '5:1:9:cud')).toBe(false);
  expect(alteredOptions('5:1', '5:1:9:cud')).toBe(false);
});

test('an operation is gained where it is needed and was not published', () => {
  expect(gainedOperations('5:1:9:cu', '5:1:10:cud', NEEDED)).toBe(true);
  expect(gainedOperations('5:1:9:cud', '5:1:10:cudt', NEEDED)).toBe(false);
  expect(gainedOperations('5:1', '5:1:10:cud', NEEDED)).toBe(false);
});

test('a publication of all tables names none', () => {
  expect([isNamed('5::9:cud'), isNamed(''), isNamed('5:1:9:cud')]).toEqual([false, false, true]);
});
