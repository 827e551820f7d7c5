import { describe, expect, test } from 'vitest';
import type { Column, ColumnType, Table } from '../../../../../../connectors/mysql/catalog/table.ts';
import { chunkSql, keyText, lastKeySql } from '../../../../../../connectors/mysql/snapshot/window/key-sql.ts';
import { plainColumn } from '../../plain-column.ts';

function column(name: string, type: ColumnType, labels: readonly string[] = []): Column {
  return { ...plainColumn(name, type), notNull: true, labels };
}

function table(key: readonly number[], ...columns: Column[]): Table {
  return { database: 'd', name: 't', columns, key };
}

const where = (of: Table, after: readonly string[]): string =>
  /WHERE (.*) ORDER/.exec(chunkSql(of, { after, to: after, rows: 5, filter: undefined }))?.[1] ?? '';

describe('a chunk', () => {
  test('begins behind the last key and ends at the table’s', () => {
    const sql = chunkSql(table([0], column('id', 'int'), column('v', 'text')), {
      after: ['7'],
      to: ['9'],
      rows: 2,
      filter: 'v > 1 OR TRUE',
    });
    expect(sql).toBe(
      'SELECT `id`, `v` FROM `d`.`t` FORCE INDEX (PRIMARY) WHERE `id` <= 9 AND ((`id` <= 9)) AND `id` >= 7 AND ((`id` > 7)) AND (v > 1 OR TRUE) ORDER BY `id` LIMIT 2',
    );
  });

  test('compares keys of several columns one after the other', () => {
    expect(where(table([1, 0], column('a', 'int'), column('b', 'int')), ['1', '2'])).toBe(
      '`b` <= 1 AND ((`b` < 1) OR (`b` = 1 AND `a` <= 2)) AND `b` >= 1 AND ((`b` > 1) OR (`b` = 1 AND `a` > 2))',
    );
  });

  test.each([
    [column('c', 'varchar'), "a'b", '`c` > _utf8mb4 0x612762'],
    [column('c', 'varchar'), '', "`c` > ''"],
    [column('c', 'datetime'), '0000-00-00 00:00:00', '`c` > _utf8mb4 0x303030302d30302d30302030303a30303a3030'],
    [column('c', 'varbinary'), '00ff', '`c` > 0x00ff'],
    [column('c', 'binary'), '', "`c` > ''"],
    [column('c', 'decimal'), '-12345678901234567890.5', '`c` > -12345678901234567890.5'],
    [column('c', 'double'), '1.5e-300', '`c` > 1.5e-300'],
    [column('c', 'enum', ['z', 'a']), 'a', '`c` + 0 > 2'],
    [column('c', 'enum', ['z', 'a']), '', '`c` + 0 > 0'],
    [column('c', 'set', ['x', 'y', 'z']), 'x,z', '`c` + 0 > 5'],
  ])('writes values so that the server orders them: %#', (of, text, expected) => {
    expect(where(table([0], of), [text])).toContain(`(${expected})`);
  });

  test('never puts what is no number into a statement', () => {
    expect(() => where(table([0], column('c', 'int')), ['1 OR 1'])).toThrow('is no value of d.t.c');
    expect(() => where(table([0], column('c', 'blob')), ['0x'])).toThrow('is no value of d.t.c');
  });
});

test('the end of a table is its last key, floats with all their digits', () => {
  expect(lastKeySql(table([0], column('f', 'float')), 'x = 1')).toBe(
    'SELECT `f` + 0e0 FROM `d`.`t` FORCE INDEX (PRIMARY) WHERE (x = 1) ORDER BY `f` DESC LIMIT 1',
  );
});

test('keys are kept as text, bytes as hex', () => {
  expect(keyText(column('c', 'bit'), Buffer.from([1, 0]))).toBe('256');
  expect(keyText(column('c', 'binary'), Buffer.from([1, 0]))).toBe('0100');
  expect(keyText(column('c', 'char'), Buffer.from('é'))).toBe('é');
});
