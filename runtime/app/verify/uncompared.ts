import type { Uncompared } from './comparison.ts';

/** Records under a key that the table had before, which this copy cannot bring together with later ones. */
export const FORMER_KEY: Uncompared = {
  reason: 'the table got another key since, and a row may lie under both',
  always: false,
};

/** Records that are no change events; undefined: there are none of them. */
export function foreignRecords(foreign: number, records: number): Uncompared | undefined {
  if (foreign === 0) return undefined;
  const some = `${foreign} of its ${records} records are no change events`;
  return {
    reason: foreign === records ? `none of its ${records} records is a change event` : some,
    always: foreign === records,
  };
}
