import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { daysOf } from '../../../../../runtime/record/calendar.ts';
import { baseType, codecOf, columnOf, jsonOf, valueOf } from './columns.ts';

const date = baseType('date');
const time = baseType('time');
const timestamp = baseType('timestamp');
const timestamptz = baseType('timestamptz');
const DATES = { min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true };

describe('dates', () => {
  it.each([
    ['1970-01-01', '0'],
    ['2026-11-24', '20781'],
    ['0001-01-01', '-719162'],
    ['0044-03-15 BC', '-735160'],
    ['9999-12-31', '2932896'],
    ['5874897-12-31', '2145042905'],
    ['infinity', '2147483647'],
    ['-infinity', '-2147483648'],
  ])('%s is day %s', (cell, days) => {
    expect(jsonOf(codecOf(columnOf(date)), cell)).toBe(days);
  });

  it('agree with the platform’s calendar', () => {
    fc.assert(
      fc.property(fc.date(DATES), (day) => {
        const [y, m, d] = [day.getUTCFullYear(), day.getUTCMonth() + 1, day.getUTCDate()];
        expect(daysOf(y, m, d)).toBe(Math.floor(day.getTime() / 86_400_000));
      }),
    );
  });

  it.each([
    ['2026-11-24', '"2026-11-24Z"'],
    ['0044-03-15 BC', '"-0043-03-15Z"'],
    ['10000-01-01', '"+10000-01-01Z"'],
    ['-infinity', '"-infinity"'],
  ])('%s is %s as ISO text', (cell, iso) => {
    expect(jsonOf(codecOf(columnOf(date), { time: 'isostring' }), cell)).toBe(iso);
  });
});

describe('times', () => {
  it.each([
    ['adaptive', -1, '24:00:00', '86400000000'],
    ['adaptive', -1, '13:14:15.123456', '47655123456'],
    ['adaptive', 3, '13:14:15.123', '47655123'],
    ['adaptive_time_microseconds', 0, '13:14:15', '47655000000'],
    ['connect', -1, '13:14:15.123456', '47655123'],
    ['microseconds', 3, '13:14:15.1', '47655100000'],
    ['nanoseconds', -1, '13:14:15.123456', '47655123456000'],
    ['isostring', -1, '13:14:15.12', '"13:14:15.12Z"'],
  ] as const)('%s, precision %i: %s is %s', (mode, typmod, cell, json) => {
    expect(jsonOf(codecOf(columnOf(time, { typmod }), { time: mode }), cell)).toBe(json);
  });

  it.each([
    ['13:14:15.123456+02', '"11:14:15.123456Z"'],
    ['00:30:00+02', '"22:30:00Z"'],
    ['13:14:15-03:30:15', '"16:44:30Z"'],
    ['24:00:00+00', '"24:00:00Z"'],
  ])('with zone: %s is %s', (cell, json) => {
    expect(jsonOf(codecOf(columnOf(baseType('timetz'))), cell)).toBe(json);
  });
});

describe('timestamps', () => {
  it.each([
    ['adaptive', -1, '2026-11-24 13:14:15.123456', '1795526055123456'],
    ['adaptive', 3, '2026-11-24 13:14:15.123', '1795526055123'],
    ['connect', -1, '1969-12-31 23:59:59.999999', '-1'],
    ['adaptive', -1, '1969-12-31 23:59:59.999999', '-1'],
    ['adaptive', -1, '9999-12-31 23:59:59.999999', '253402300799999999'],
    ['adaptive', -1, '0044-03-15 01:02:03 BC', '-63517820277000000'],
    ['adaptive', -1, 'infinity', '9223372036825200000'],
    ['connect', -1, 'infinity', '9223372036825200'],
    ['nanoseconds', -1, '2026-11-24 13:14:15.123456', '1795526055123456000'],
    ['nanoseconds', -1, '-infinity', '-9223372036854775808'],
    ['isostring', -1, '2026-11-24 13:14:15.1', '"2026-11-24T13:14:15.1Z"'],
  ] as const)('%s, precision %i: %s is %s', (mode, typmod, cell, json) => {
    const codec = codecOf(columnOf(timestamp, { typmod }), { time: mode });
    expect(jsonOf(codec, cell)).toBe(json);
    const value = valueOf(codec, cell);
    expect(typeof value === 'string' ? JSON.stringify(value) : String(value)).toBe(json);
  });

  it('agree with the platform’s calendar to the microsecond', () => {
    const codec = codecOf(columnOf(timestamp));
    fc.assert(
      fc.property(fc.date(DATES), fc.integer({ min: 0, max: 999 }), (instant, micros) => {
        const cell = `${instant.toISOString().replace('T', ' ').replace('Z', '')}${String(micros).padStart(3, '0')}`;
        const expected = BigInt(instant.getTime()) * 1000n + BigInt(micros);
        expect(jsonOf(codec, cell)).toBe(expected.toString());
        expect(valueOf(codec, cell)).toBe(expected);
      }),
    );
  });

  it.each([
    [-1, '2026-11-24 11:14:15.123456+00', '"2026-11-24T11:14:15.123456Z"'],
    [3, '2026-11-24 13:14:15.123+00', '"2026-11-24T13:14:15.123Z"'],
    [0, '2026-11-24 13:14:15+00', '"2026-11-24T13:14:15Z"'],
    [-1, '1900-01-01 00:00:00+00', '"1900-01-01T00:00:00.000000Z"'],
    [-1, '2026-01-01 00:30:00+05:30', '"2025-12-31T19:00:00.000000Z"'],
    [-1, '0044-03-15 01:02:03+00 BC', '"-0043-03-15T01:02:03.000000Z"'],
    [-1, '-infinity', '"-infinity"'],
  ] as const)('with zone, precision %i: %s is %s', (typmod, cell, json) => {
    expect(jsonOf(codecOf(columnOf(timestamptz, { typmod })), cell)).toBe(json);
  });

  it('that an int64 of their unit cannot hold are refused', () => {
    const far = '294276-12-31 23:59:59';
    expect(() => jsonOf(codecOf(columnOf(timestamp)), far)).toThrow(
      expect.objectContaining({ code: 'POSTGRES_TIMESTAMP_RANGE' }),
    );
    expect(() => jsonOf(codecOf(columnOf(timestamp), { time: 'nanoseconds' }), '2300-01-01 00:00:00')).toThrow(
      /too far/,
    );
    expect(jsonOf(codecOf(columnOf(timestamp), { time: 'connect' }), far)).toBe('9224318015999000');
  });
});

describe('intervals', () => {
  const interval = columnOf(baseType('interval'));
  it.each([
    ['1 year 2 mons 3 days 04:05:06.789', '37091106789000', 'P1Y2M3DT4H5M6.789S'],
    ['-1 mons +2 days -03:00:00.000001', '-2467800000001', 'P0Y-1M2DT-3H0M-0.000001S'],
    ['36:00:00', '129600000000', 'P0Y0M0DT36H0M0S'],
    ['00:00:00', '0', 'P0Y0M0DT0H0M0S'],
    ['-1 years -2 mons', '-36817200000000', 'P-1Y-2M0DT0H0M0S'],
    ['infinity', '9223372036854775807', 'infinity'],
    ['-2562047788:00:54.775807', '-9223372036854775807', 'P0Y0M0DT-2562047788H0M-54.775807S'],
  ])('%s is %s microseconds and %s', (cell, micros, iso) => {
    expect(jsonOf(codecOf(interval), cell)).toBe(micros);
    expect(valueOf(codecOf(interval, { interval: 'string' }), cell)).toBe(iso);
  });

  it('longer than an int64 of microseconds are refused as numbers', () => {
    expect(() => jsonOf(codecOf(interval), '178000000 years')).toThrow(
      expect.objectContaining({ code: 'POSTGRES_INTERVAL_RANGE' }),
    );
  });
});
