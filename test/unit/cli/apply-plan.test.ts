import { expect, it } from 'vitest';
import { printOutputs } from '../../../runtime/cli/apply-plan.ts';

function printed(...outputs: Parameters<typeof printOutputs>[1]['outputs'][]): string[] {
  const lines: string[] = [];
  for (const one of outputs) {
    const sample = one === undefined ? {} : { outputs: one };
    printOutputs({ out: (line) => void lines.push(line.trim()), colour: false }, sample);
  }
  return lines;
}

it('a plan shows files that would hold other records, or end elsewhere, though their names stay', () => {
  const same = { name: 'a+0', records: 7, complete: true };
  const before = [same, { name: 'a+7', records: 40, complete: false }, { name: 'b+0', records: 5, complete: false }];
  const after = [
    same,
    { name: 'a+7', records: 20, complete: true },
    { name: 'a+27', records: 20, complete: true },
    { name: 'b+0', records: 5, complete: true },
  ];
  expect(printed({ before, after })).toEqual([
    'writes, as if it began with the sample’s first record:',
    '- a+7 (40 records, open)',
    '- b+0 (5 records, open)',
    '+ a+7 (20 records)',
    '+ a+27 (20 records)',
    '+ b+0 (5 records)',
  ]);
  expect(printed({ before: after, after }, undefined)).toEqual([]);
});
