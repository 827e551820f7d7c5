import { describe, expect, it } from 'vitest';
import { catalogColumn } from '../../../../../connectors/mysql/catalog/catalog-column.ts';
import type { TextRow } from '../../../../../connectors/mysql/connection.ts';
import { tableChange } from '../../../../../connectors/mysql/schema/table-change.ts';
import { defaultCell } from '../../../../../connectors/mysql/type/default-value.ts';

/** How each server shows the same four bytes, and an empty default. */
const SHOWN = [
  { server: 'MySQL 8', mariadb: false, some: '0x61620000', none: '' },
  { server: 'MariaDB 10.11', mariadb: true, some: String.raw`'ab\0\0'`, none: "''" },
  { server: 'MariaDB 11.8', mariadb: true, some: "x'61620000'", none: "x''" },
];

describe.each(SHOWN)('the default of bytes as $server shows it', ({ mariadb, some, none }) => {
  it.each(['binary', 'varbinary'])('is the bytes themselves (%s)', (type) => {
    expect(bytesOf(column(type, some), mariadb)).toEqual(Buffer.from('ab\0\0'));
    expect(bytesOf(column(type, none), mariadb)).toEqual(Buffer.alloc(0));
  });
});

describe('a default that MariaDB quotes', () => {
  it('is no hexadecimal number, whatever it looks like', () => {
    for (const type of ['binary', 'blob']) {
      expect(bytesOf(column(type, "'0x6162'"), true)).toEqual(Buffer.from('0x6162'));
    }
    expect(bytesOf(column('varchar', "'0x6162'"), true)).toEqual(Buffer.from('0x6162'));
  });

  it('has its quotes and what is behind a backslash as they are meant', () => {
    expect(bytesOf(column('varchar', String.raw`'it''s\n'`), true)).toEqual(Buffer.from("it's\n"));
  });
});

describe('the default of bytes in a schema change', () => {
  it.each([
    { server: 'MySQL 8', mariadb: false, shown: '0x6162' },
    { server: 'MariaDB 11.8', mariadb: true, shown: "x'6162'" },
    { server: 'MariaDB 10.11', mariadb: true, shown: "'ab'" },
  ])('is their text ($server)', ({ mariadb, shown }) => {
    const rows = { columns: [column('varbinary', shown)], keys: [] };
    const change = tableChange('CREATE', { database: 'app', name: 't' }, rows, { charset: null, mariadb });
    expect(change.table?.columns).toMatchObject([{ defaultValueExpression: 'ab' }]);
  });
});

function column(type: string, shown: string): TextRow {
  return { COLUMN_NAME: 'c', DATA_TYPE: type, COLUMN_TYPE: type, COLUMN_DEFAULT: shown, IS_NULLABLE: 'YES', EXTRA: '' };
}

function bytesOf(row: TextRow, mariadb: boolean): Buffer {
  const made = catalogColumn(row, mariadb, 'app.t');
  return defaultCell(made, made.defaultText ?? '');
}
