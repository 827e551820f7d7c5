import { describe, expect, test } from 'vitest';
import { struct } from '../../../../runtime/record/value.ts';
import { isAfter, sourcePlace } from '../../../../runtime/task/source/source-place.ts';

describe('the place of a change event', () => {
  test.each([
    ['an envelope', struct({ source: struct({ name: 'a', lsn: 7n }) }), { of: 'a', lsn: 7n }],
    [
      'JSON without a schema',
      new Map([
        [
          'source',
          new Map<string, string | number>([
            ['name', 'a'],
            ['lsn', 7],
          ]),
        ],
      ]),
      { of: 'a', lsn: 7n },
    ],
    ['an unwrapped row', struct({ id: 1, __lsn: 7n }), { of: undefined, lsn: 7n }],
    ['an unwrapped row with the whole name', struct({ __source_lsn: 7n }), { of: undefined, lsn: 7n }],
    ['an unwrapped row without it', struct({ id: 1 }), null],
    ['a snapshot of a source without LSN', struct({ source: struct({ name: 'a', lsn: null }) }), null],
    ['bytes', new Uint8Array(3), null],
    ['a list', [1n], null],
    ['nothing', null, null],
  ])('is read from %s', (_, value, place) => {
    expect(sourcePlace(value)).toEqual(place);
  });

  test('is later or not, where both are of one source', () => {
    const at = (lsn: bigint, of?: string) => ({ of, lsn });
    expect(isAfter(at(8n, 'a'), at(7n, 'a'))).toBe(true);
    expect(isAfter(at(7n, 'a'), at(7n, 'a'))).toBe(false);
    expect(isAfter(at(6n), at(7n, 'a'))).toBe(false);
    expect(isAfter(at(8n, 'b'), at(7n, 'a'))).toBe(null);
    expect(isAfter(null, at(7n, 'a'))).toBe(null);
  });
});
