import { describe, expect, test } from 'vitest';
import { partitionAndOffset } from '../../../../connectors/s3/partition/names-of-topic.ts';
import { objectName } from '../../../../connectors/s3/partition/naming.ts';
import { defaultPartitioner, timePartitioner } from '../../../../connectors/s3/partition/partitioner.ts';
import { recordTime } from '../../../../connectors/s3/partition/record-time.ts';
import { compileTimePattern } from '../../../../connectors/s3/partition/time-pattern.ts';
import { isZone } from '../../../../connectors/s3/partition/zone.ts';
import { timestampType } from '../../../../runtime/record/logical-types.ts';
import { field, INT64, STRING, structOf } from '../../../../runtime/record/schema-builder.ts';
import { microTimestampOf } from '../../../../runtime/record/semantic-types.ts';
import { sinkRecord } from './sink-records.ts';

const at = (text: string): number => Date.parse(text);

describe('a time pattern prints', () => {
  const time = at('2026-03-05T07:08:09.045Z');
  test.each([
    ["'year'=YYYY/'month'=MM/'day'=dd/'hour'=HH", 'year=2026/month=03/day=05/hour=07'],
    ['yyyy-MM-dd', '2026-03-05'],
    ['yy.M.d', '26.3.5'],
    ['DDD', '064'],
    ['H:m:s', '7:8:9'],
    ['HHmmssSSS', '070809045'],
    ['S', '0'],
    ['hh k K', '07 7 7'],
    ["xxxx-'W'ww-e", '2026-W10-4'],
    ["''yyyy''", "'2026'"],
    ["'it''s' yyyy", "it's 2026"],
    ['dt=', null],
    ['MMM', null],
    ['EEE', null],
    ['z', null],
    ["'open", null],
    ['', null],
  ])('%s', (pattern, text) => {
    if (text === null) expect(() => compileTimePattern(pattern)).toThrow(RangeError);
    else expect(compileTimePattern(pattern)(time)).toBe(text);
  });

  test.each([
    ['2027-01-01', '2026-53'],
    ['2024-12-30', '2025-01'],
    ['2021-01-03', '2020-53'],
  ])('the ISO week of %s', (day, week) => {
    expect(compileTimePattern('xxxx-ww')(at(`${day}T00:00:00Z`))).toBe(week);
  });
});

describe('a record goes to the folder', () => {
  const hourly = { pathFormat: 'yyyy-MM-dd-HH', durationMs: 3_600_000 };
  test.each([
    ['of its hour', hourly, 'UTC', '2026-01-02T03:59:59.999Z', '2026-01-02-03'],
    ['of its local hour', hourly, 'America/New_York', '2026-01-02T03:30:00Z', '2026-01-01-22'],
    ['of its local hour in a zone of half hours', hourly, 'Asia/Kolkata', '2026-01-02T00:10:00Z', '2026-01-02-05'],
    ['before a clock is put forward', hourly, 'Europe/Berlin', '2026-03-29T00:59:59Z', '2026-03-29-01'],
    ['after it', hourly, 'Europe/Berlin', '2026-03-29T01:00:00Z', '2026-03-29-03'],
    ['in both hours when it is put back', hourly, 'Europe/Berlin', '2026-10-25T00:30:00Z', '2026-10-25-02'],
    ['in the second of them', hourly, 'Europe/Berlin', '2026-10-25T01:30:00Z', '2026-10-25-02'],
    ['before 1970', hourly, 'UTC', '1969-12-31T23:30:00Z', '1969-12-31-23'],
    [
      'of its local day',
      { pathFormat: 'yyyy-MM-dd', durationMs: 86_400_000 },
      'Asia/Tokyo',
      '2026-01-01T15:00:00Z',
      '2026-01-02',
    ],
    ['of five minutes', { pathFormat: 'HHmm', durationMs: 300_000 }, 'UTC', '2026-01-01T15:14:59Z', '1510'],
  ])('%s', (_what, format, timezone, time, folder) => {
    expect(timePartitioner({ ...format, timezone }).encode(3, at(time))).toBe(folder);
  });

  test('of its partition by default', () => {
    expect(defaultPartitioner().encode(3, 0)).toBe('partition=3');
  });

  test('only where the zone is known', () => {
    expect(isZone('Europe/Berlin')).toBe(true);
    expect(isZone('Europe/Nowhere')).toBe(false);
  });
});

describe('the time of a record', () => {
  const schema = structOf([
    field('ms', timestampType()),
    field('us', microTimestampOf()),
    field('s', STRING),
    field('in', structOf([field('n', INT64)])),
  ]);
  const value = { ms: 1700000000123n, us: 1700000000123456n, s: '2023-11-14T22:13:20.123Z', in: { n: 5n } };
  const typed = sinkRecord({ offset: 0, timestampMs: 7, valueDatum: { schema, value } });
  test.each([
    ['ms', 1700000000123],
    ['us', 1700000000123],
    ['s', 1700000000123],
    ['in.n', 5],
  ])('is its field %s', (name, ms) => {
    expect(recordTime('RecordField', name)(typed, 0)).toBe(ms);
  });

  test.each([
    ['{"t":1700000000123}', 1700000000123],
    ['{"t":"1700000000123"}', 1700000000123],
    ['{"t":"2023-11-14T22:13:20"}', 1700000000000],
    ['{"t":"2023-11-14T23:13:20+01:00"}', 1700000000000],
  ])('is read from %s', (json, ms) => {
    expect(recordTime('RecordField', 't')(sinkRecord({ offset: 0, json }), 0)).toBe(ms);
  });

  test.each(['{}', '{"t":null}', '{"t":"soon"}', '{"t":{}}', '[]', '1'])('is an error by name in %s', (json) => {
    const time = recordTime('RecordField', 't');
    expect(() => time(sinkRecord({ offset: 4, json }), 0)).toThrow(/orders-0@4: the field t is/);
  });

  test('is its own for a tombstone, and the clock where that is asked for', () => {
    expect(recordTime('RecordField', 't')(sinkRecord({ offset: 0, json: null, timestampMs: 9 }), 0)).toBe(9);
    expect(recordTime('Record', 't')(typed, 0)).toBe(7);
    expect(recordTime('Wallclock', 't')(typed, 3)).toBe(3);
  });
});

describe('an object is named', () => {
  const naming = { topicsDir: 'topics', directoryDelim: '/', fileDelim: '+', padWidth: 10 };
  const file = {
    topic: 'shop.orders',
    destination: 'shop.orders',
    partition: 2,
    encodedPartition: 'dt=1',
    firstOffset: 42n,
    extension: '.json',
  };
  test.each([
    [{}, 'topics/shop.orders/dt=1/shop.orders+2+0000000042.json'],
    [{ topicsDir: '' }, 'shop.orders/dt=1/shop.orders+2+0000000042.json'],
    [{ fileDelim: '-', padWidth: 0 }, 'topics/shop.orders/dt=1/shop.orders-2-42.json'],
    [{ directoryDelim: '_' }, 'topics_shop.orders_dt=1_shop.orders+2+0000000042.json'],
  ])('by topic, partition and first offset: %o', (more, name) => {
    expect(objectName({ ...naming, ...more }, file)).toBe(name);
  });

  test('after its topic in the hub, in the folder of the one that transforms gave it', () => {
    const name = objectName(naming, { ...file, destination: 'orders' });
    expect(name).toBe('topics/orders/dt=1/shop.orders+2+0000000042.json');
  });
});

describe('an object is found again by its name', () => {
  const options = { 'topics.dir': 'topics', 'directory.delim': '/', 'file.delim': '+' };
  const found = { partition: 2, offset: 42n };
  test.each([
    ['topics/shop.orders/dt=1/shop.orders+2+0000000042.json', {}, found],
    ['topics/other/shop.orders+2+0000000042.keys.json.gz', {}, found],
    ['shop.orders+2+42.json', {}, found],
    ['topics/a/shop.orders-2-42.json', { 'file.delim': '-' }, found],
    ['topics_shop.orders_dt=1_shop.orders+2+42.json', { 'directory.delim': '_' }, found],
    ['topics/a/xshop.orders+2+42.json', {}, null],
    ['topics/a/shop.orders-2-7-42.json', { 'file.delim': '-' }, null],
    ['topics/a/shop.orders+x+42.json', {}, null],
    ['topics/a/shop.orders+2.json', {}, null],
    ['topics/.millrace/facts/shop.orders+2+42.json,facts', {}, null],
  ])('%s', (name, more, place) => {
    expect(partitionAndOffset({ ...options, ...more }, name, 'shop.orders')).toEqual(place);
  });
});
