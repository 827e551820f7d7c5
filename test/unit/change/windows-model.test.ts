import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KEYS, WindowsModel, type Step } from './windows-model.ts';

const key = fc.nat(KEYS - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      op: fc.oneof(
        { weight: 20, arbitrary: fc.constantFrom('insert', 'update', 'touch', 'move', 'delete') },
        { weight: 1, arbitrary: fc.constant('truncate') },
      ) as fc.Arbitrary<(Step & { kind: 'write' })['op']>,
      key,
      to: key,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('show' as const), which: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('stream' as const, 'connector' as const) }) },
);

describe('windows against a model', () => {
  test('leave every key as the source has it, whole, and never let a key go back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
        fc.uniqueArray(key),
        fc.array(step, { maxLength: 120 }),
        (done, start, steps) => {
          const model = new WindowsModel(done, start);
          for (const each of steps) {
            if (each.kind === 'write') model.write(each);
            else if (each.kind === 'show') model.show(each.which);
            else model[each.kind]();
          }
          model.settle();
          expect(model.finished).toBe(true);
          const expected = [...model.current].sort(([a], [b]) => a - b);
          expect([...model.consumer].sort(([a], [b]) => a - b)).toEqual(expected);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
