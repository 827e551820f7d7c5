import { expect, it } from 'vitest';
import { shownOffsets, storedPartitions } from '../../../runtime/cluster/shown-offsets.ts';
import { Redactor } from '../../../runtime/observe/redactor.ts';

it('offsets are shown without what a variable stands for, and are found again by what was shown', () => {
  const redactor = new Redactor();
  redactor.learnParts('the-prefix');
  const stored = [
    { partition: { server: 'the-prefix', part: 0 }, offset: { lsn: 7 } },
    { partition: { server: 'other', part: 1 }, offset: { lsn: 8 } },
  ];
  const shown = shownOffsets({ offsets: stored }, redactor);
  expect(shown.offsets[0]).toEqual({ partition: { server: '[hidden]', part: 0 }, offset: { lsn: 7 } });
  const given = [
    { partition: { part: 0, server: '[hidden]' }, offset: { lsn: 1 } },
    { partition: { server: 'other', part: 1 }, offset: null },
    { partition: { server: '[hidden]', part: 9 }, offset: null },
  ];
  expect(storedPartitions(given, stored, redactor)).toEqual([
    { partition: { server: 'the-prefix', part: 0 }, offset: { lsn: 1 } },
    { partition: { server: 'other', part: 1 }, offset: null },
    { partition: { server: '[hidden]', part: 9 }, offset: null },
  ]);
  expect(storedPartitions(given, stored, undefined)).toEqual(given);
});
