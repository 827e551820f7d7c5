import { expect, test } from 'vitest';
import { invisibleIn } from '../../../../../connectors/postgres/snapshot/visibility.ts';

test('a transaction is invisible while it runs, and if it came later', () => {
  const invisible = invisibleIn('10:20:12,15');
  expect([9, 11, 12, 15, 19, 20, 25].filter(invisible)).toEqual([12, 15, 20, 25]);
});

test('transaction ids go round', () => {
  const invisible = invisibleIn(`${2n ** 32n - 5n}:${2n ** 32n + 10n}:${2n ** 32n - 3n}`);
  expect([2 ** 32 - 6, 2 ** 32 - 3, 2 ** 32 - 1, 3, 9, 10, 11].filter(invisible)).toEqual([2 ** 32 - 3, 10, 11]);
});
