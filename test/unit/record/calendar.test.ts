import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import { daysOf, daysOfRecent, writeDays, writeRecentDays, writeTime } from '../../../runtime/record/calendar.ts';

function written(write: (writer: ByteWriter) => void): string {
  const writer = new ByteWriter(8);
  write(writer);
  return writer.view().toString();
}

test('dates are those of the platform, there and back', () => {
  fc.assert(
    fc.property(fc.integer({ min: -719_528, max: 2_932_896 }), (days) => {
      const date = new Date(days * 86_400_000);
      expect(written((writer) => writeDays(days, writer))).toBe(date.toISOString().slice(0, 10));
      expect(written((writer) => writeRecentDays(days, writer))).toBe(date.toISOString().slice(0, 10));
      const parts = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()] as const;
      expect([daysOf(...parts), daysOfRecent(...parts)]).toEqual([days, days]);
    }),
  );
});

test.each([
  [0, 0, '00:00:00'],
  [0, -1, '00:00:00'],
  [86_399_999_999, 6, '23:59:59.999999'],
  [86_399_120_000, 3, '23:59:59.120'],
  [86_399_120_000, -1, '23:59:59.12'],
  [359_999_000_000, 0, '99:59:59'],
  [360_000_000_000, 0, '100:00:00'],
  [3_020_399_000_001, -1, '838:59:59.000001'],
])('%d microseconds with %d digits are %s', (micros, digits, text) => {
  expect(written((writer) => writeTime(micros, digits, writer))).toBe(text);
});

test.each([
  [-719_529, '-0001-12-31'],
  [2_932_897, '+10000-01-01'],
])('day %d has a year of another length or sign: %s', (days, text) => {
  expect(written((writer) => writeDays(days, writer))).toBe(text);
});
