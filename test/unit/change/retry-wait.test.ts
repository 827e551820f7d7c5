import { expect, test } from 'vitest';
import { retryWait } from '../../../runtime/change/retry-wait.ts';

test('waits double up to the longest, and have a random part of up to a half', () => {
  expect([retryWait(0, 1000, 0), retryWait(0, 1000, 1), retryWait(60, 1000, 1)]).toEqual([50, 100, 1000]);
});
