import { expect, test } from 'vitest';
import { decideStart, type Start } from '../../../../../connectors/mysql/snapshot/decide.ts';
import type { SnapshotMode } from '../../../../../connectors/mysql/snapshot/snapshot-settings.ts';
import { MillraceError } from '../../../../../runtime/record/error.ts';

const fits = (): Promise<void> => Promise.resolve();
const gone = (): Promise<void> => Promise.reject(new MillraceError('MYSQL_BINLOG_PURGED', '', { kind: 'position' }));

test.each<[SnapshotMode, boolean, () => Promise<void>, Start]>([
  ['initial', false, fits, 'snapshot'],
  ['initial', true, fits, 'stored'],
  ['initial', true, gone, 'stored'],
  ['always', true, fits, 'snapshot'],
  ['initial_only', false, fits, 'snapshot'],
  ['initial_only', true, fits, 'end'],
  ['no_data', false, fits, 'now'],
  ['no_data', true, fits, 'stored'],
  ['when_needed', false, fits, 'snapshot'],
  ['when_needed', true, fits, 'stored'],
  ['when_needed', true, gone, 'snapshot'],
  ['recovery', true, fits, 'stored'],
])('%s with an offset %s begins with %s %s', async (mode, stored, check, start) => {
  expect(await decideStart(mode, stored, check)).toBe(start);
});

test('recovery without an offset is refused', async () => {
  await expect(decideStart('recovery', false, fits)).rejects.toMatchObject({ code: 'MYSQL_NOTHING_TO_RECOVER' });
});

test('a server that is away is no reason for a snapshot', async () => {
  const away = (): Promise<void> => Promise.reject(new MillraceError('MYSQL_UNAVAILABLE', '', { kind: 'unavailable' }));
  await expect(decideStart('when_needed', true, away)).rejects.toMatchObject({ code: 'MYSQL_UNAVAILABLE' });
});
