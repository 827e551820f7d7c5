import { describe, expect, test } from 'vitest';
import { FIELD } from '../../../../../../connectors/mysql/binlog/field-type.ts';
import type { RawColumn } from '../../../../../../connectors/mysql/binlog/map-column.ts';
import { catalogColumn } from '../../../../../../connectors/mysql/catalog/catalog-column.ts';
import { structuredTable } from '../../../../../../connectors/mysql/schema/history/map-structure.ts';

type Catalog = Readonly<Record<string, string>>;

const raw = (type: number, first = 0, second = 0, notNull = false): RawColumn => ({
  type,
  first,
  second,
  name: '',
  notNull,
  unsigned: false,
  labels: [],
  geometry: 0,
});

const fit = (map: RawColumn, catalog: Catalog): unknown => {
  const row = { COLUMN_NAME: 'c', COLUMN_TYPE: catalog['DATA_TYPE'] ?? '', IS_NULLABLE: 'YES', ...catalog };
  const structure = { database: 'app', name: 't', columns: [catalogColumn(row, false, 'app.t')], key: [] };
  const table = structuredTable({ head: { id: 1, database: 'app', name: 't' }, columns: [map], key: [] }, structure);
  return typeof table === 'string' ? table : table.columns[0];
};

describe('a structure gives a map what it does not say', () => {
  test.each([
    [
      'its sign',
      raw(FIELD.long),
      { DATA_TYPE: 'int', COLUMN_TYPE: 'int(10) unsigned' },
      { type: 'int', unsigned: true },
    ],
    [
      'its character set',
      raw(FIELD.varchar, 60),
      { DATA_TYPE: 'varchar', CHARACTER_MAXIMUM_LENGTH: '20', CHARACTER_SET_NAME: 'utf8' },
      { type: 'varchar', length: 20, charset: 'utf8', size: -1 },
    ],
    [
      'its labels',
      raw(FIELD.enum, 1),
      { DATA_TYPE: 'enum', COLUMN_TYPE: "enum('a','it''s')" },
      { type: 'enum', labels: ['a', "it's"], size: 1 },
    ],
    ['that it is a point', raw(FIELD.geometry, 4), { DATA_TYPE: 'point' }, { type: 'point', size: -4 }],
    [
      'its declared type',
      raw(FIELD.blob, 3),
      { DATA_TYPE: 'mediumtext', COLUMN_TYPE: 'mediumtext' },
      { type: 'text', declared: 'mediumtext' },
    ],
    ['its default', raw(FIELD.tiny), { DATA_TYPE: 'tinyint', COLUMN_DEFAULT: '7' }, { defaultText: '7' }],
  ])('%s', (_, map, catalog, column) => {
    expect(fit(map, catalog)).toMatchObject({ name: 'c', ...column });
  });

  test('and the map says how a value is stored: the times of MySQL 5.5', () => {
    expect(fit(raw(FIELD.datetime), { DATA_TYPE: 'datetime', DATETIME_PRECISION: '0' })).toMatchObject({
      type: 'datetime',
      old: true,
      size: 8,
    });
  });
});

describe('a map of another structure does not fit', () => {
  test.each([
    ['another type', raw(FIELD.longLong), { DATA_TYPE: 'int' }, 'the type is bigint'],
    ['NOT NULL', raw(FIELD.long, 0, 0, true), { DATA_TYPE: 'int' }, 'NOT NULL is true'],
    [
      'another length',
      raw(FIELD.varchar, 60),
      { DATA_TYPE: 'varchar', CHARACTER_MAXIMUM_LENGTH: '20', CHARACTER_SET_NAME: 'latin1' },
      'the length is 60 in its rows, 20 in the structure',
    ],
    [
      'bytes for characters',
      raw(FIELD.string, 10),
      { DATA_TYPE: 'char', CHARACTER_MAXIMUM_LENGTH: '10', CHARACTER_SET_NAME: 'utf8mb4' },
      'the length is 2',
    ],
    [
      'another precision',
      raw(FIELD.newDecimal, 10, 2),
      { DATA_TYPE: 'decimal', NUMERIC_PRECISION: '12', NUMERIC_SCALE: '2' },
      'the precision is 10',
    ],
    [
      'another scale',
      raw(FIELD.newDecimal, 10, 2),
      { DATA_TYPE: 'decimal', NUMERIC_PRECISION: '10', NUMERIC_SCALE: '3' },
      'the scale is 2',
    ],
    ['fraction digits', raw(FIELD.time2, 3), { DATA_TYPE: 'time', DATETIME_PRECISION: '0' }, 'the precision is 3'],
    ['a larger blob', raw(FIELD.blob, 3), { DATA_TYPE: 'blob' }, 'the size is -3'],
    ['more labels', raw(FIELD.set, 2), { DATA_TYPE: 'set', COLUMN_TYPE: "set('a')" }, 'the number of labels is 2'],
    ['more bits', raw(FIELD.bit, 1, 1), { DATA_TYPE: 'bit', NUMERIC_PRECISION: '8' }, 'the length is 9'],
  ])('%s', (_, map, catalog, difference) => {
    expect(fit(map, catalog)).toContain(`c: ${difference}`);
  });

  test('more columns', () => {
    const head = { id: 1, database: 'app', name: 't' };
    const map = { head, columns: [raw(FIELD.long), raw(FIELD.long)], key: [] };
    expect(structuredTable(map, { database: 'app', name: 't', columns: [], key: [] })).toBe(
      'its rows have 2 columns, the structure has 0',
    );
  });
});
