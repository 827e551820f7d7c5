import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MillraceError } from '../../../../runtime/record/error.ts';
import { backoffMs } from '../../../../runtime/task/error/backoff.ts';
import { retryClass } from '../../../../runtime/task/error/retry.ts';

describe('retry table', () => {
  test.each([
    ['unavailable', 'retry'],
    ['full', 'retry'],
    ['config', 'never'],
    ['fenced', 'never'],
    ['position', 'operator'],
    ['data', 'operator'],
    ['bug', 'operator'],
  ] as const)('%s → %s', (kind, expected) => {
    expect(retryClass(new MillraceError('X_Y', 'x', { kind }))).toBe(expected);
  });

  test('an error of unknown origin waits for the operator', () => {
    expect(retryClass(new Error('x'))).toBe('operator');
    expect(retryClass('x')).toBe('operator');
  });
});

describe('back-off', () => {
  test('doubles and stops at its maximum', () => {
    const waits = [1, 2, 3, 4, 5].map((attempt) => backoffMs(attempt, { firstMs: 300, maxMs: 2000 }, 0));
    expect(waits).toEqual([300, 600, 1200, 2000, 2000]);
  });

  test('stays between half and all of its step, for any attempt', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, random) => {
        const wait = backoffMs(attempt, { firstMs: 300, maxMs: 60_000 }, random);
        expect(wait).toBeGreaterThanOrEqual(150);
        expect(wait).toBeLessThanOrEqual(60_000);
      }),
    );
  });
});
