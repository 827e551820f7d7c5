import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinKey, splitKey } from '../../../../../../connectors/postgres/snapshot/window/row-keys.ts';

test('the parts of a key come back, whatever is in them', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom('a', '1', ':', '\\', '\0', 'ü', '名', '🚚') }), {
        minLength: 1,
        maxLength: 4,
      }),
      (parts) => {
        const bytes = parts.map((part) => Buffer.from(part).toString('latin1'));
        expect(splitKey(joinKey(bytes), parts.length)).toEqual(parts);
      },
    ),
  );
});

test('different keys have different names', () => {
  expect(joinKey(['1', '1:1'])).not.toBe(joinKey(['11', ':1']));
  expect(joinKey(['a', ''])).not.toBe(joinKey(['', 'a']));
});
