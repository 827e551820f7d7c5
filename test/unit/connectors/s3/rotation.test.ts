import { describe, expect, test } from 'vitest';
import {
  isDue,
  nextSchedule,
  rotateAfter,
  rotateBefore,
  type OpenSpan,
  type RotationRules,
} from '../../../../connectors/s3/partition/rotation.ts';
import { zoneOffset } from '../../../../connectors/s3/partition/zone.ts';

const NO_RULES: RotationRules = {
  flushSize: null,
  bytes: null,
  intervalMs: null,
  onPartitionChange: true,
  scheduleMs: null,
  maxOpenFiles: 2,
};
const SPAN: OpenSpan = {
  count: 5,
  bytes: 500,
  baseTimestampMs: 1000,
  encodedPartition: 'a',
  openFiles: 1,
  dueAtMs: null,
};
const RECORD = { timestampMs: 1500, encodedPartition: 'a', opensFile: false, schemaChanged: false };

describe('before a record is taken, what is open is closed', () => {
  test.each([
    ['not without a reason', {}, {}, {}, null],
    ['when the span of record time is reached', {}, { timestampMs: 2000 }, { intervalMs: 1000 }, 'time'],
    ['not a millisecond before', {}, { timestampMs: 1999 }, { intervalMs: 1000 }, null],
    ['not for a record that is older', {}, { timestampMs: 0 }, { intervalMs: 1000 }, null],
    ['when the time partition changes', {}, { encodedPartition: 'b' }, { intervalMs: 1000 }, 'partition'],
    [
      'not then if that is switched off',
      {},
      { encodedPartition: 'b' },
      { intervalMs: 1000, onPartitionChange: false },
      null,
    ],
    ['not then without an interval', {}, { encodedPartition: 'b' }, {}, null],
    ['when the schedule is due', { dueAtMs: 99 }, {}, {}, 'schedule'],
    ['not before it is due', { dueAtMs: 101 }, {}, {}, null],
    ['when the schema changes', {}, { schemaChanged: true }, {}, 'schema'],
    ['when too many files are open', { openFiles: 2 }, { opensFile: true }, {}, 'open files'],
    ['not while one more may be opened', {}, { opensFile: true }, {}, null],
    [
      'never while nothing is open',
      { count: 0, dueAtMs: 0 },
      { timestampMs: 9000, schemaChanged: true },
      { intervalMs: 1 },
      null,
    ],
  ] as const)('%s', (_what, span, record, rules, reason) => {
    expect(rotateBefore({ ...SPAN, ...span }, { ...RECORD, ...record }, { ...NO_RULES, ...rules }, 100)).toBe(reason);
  });
});

describe('after a record was taken, what is open is closed', () => {
  test.each([
    ['not without a limit', {}, null],
    ['when the records are enough', { flushSize: 5 }, 'records'],
    ['not one record before', { flushSize: 6 }, null],
    ['when the bytes are enough', { bytes: 500 }, 'bytes'],
    ['not one byte before', { bytes: 501 }, null],
  ] as const)('%s', (_what, rules, reason) => {
    expect(rotateAfter(SPAN, { ...NO_RULES, ...rules })).toBe(reason);
  });
});

describe('the schedule', () => {
  test.each([
    ['counts from midnight', '2026-01-02T03:04:05Z', 3_600_000, 'UTC', '2026-01-02T04:00:00Z'],
    ['is a whole interval after a multiple', '2026-01-02T03:00:00Z', 3_600_000, 'UTC', '2026-01-02T04:00:00Z'],
    ['counts from the local midnight', '2026-01-02T03:04:05Z', 5 * 3_600_000, 'Asia/Kolkata', '2026-01-02T04:30:00Z'],
    ['begins anew each day', '2026-01-02T23:30:00Z', 7 * 3_600_000, 'UTC', '2026-01-03T04:00:00Z'],
  ])('%s', (_what, now, intervalMs, zone, next) => {
    expect(new Date(nextSchedule(Date.parse(now), intervalMs, zoneOffset(zone))).toISOString()).toBe(
      new Date(Date.parse(next)).toISOString(),
    );
  });

  test('is due only while something is open', () => {
    expect(isDue({ ...SPAN, dueAtMs: 5 }, 5)).toBe(true);
    expect(isDue({ ...SPAN, dueAtMs: 5, count: 0 }, 5)).toBe(false);
    expect(isDue(SPAN, 5)).toBe(false);
  });
});
