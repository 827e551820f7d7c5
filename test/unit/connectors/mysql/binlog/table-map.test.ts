import { describe, expect, test } from 'vitest';
import { mappedTable, readTableMap, readTableMapHead } from '../../../../../connectors/mysql/binlog/table-map.ts';
import { PayloadReader } from '../../../../../connectors/mysql/wire/payload-reader.ts';

const COLLATIONS = new Map([
  [8, 'latin1'],
  [33, 'utf8mb3'],
  [45, 'utf8mb4'],
  [63, 'binary'],
  [255, 'utf8mb4'],
]);

/*
 * As the servers wrote it: (p point, a varchar(10) character set latin1, b varchar(10), c varchar(11), g geometry,
 * d varbinary(4), e varchar(9)), the table's own character set utf8mb4.
 */
const RECORDED = {
  mariadb:
    '1200000000000100036170700001740007ff0f0f0fff0f0f0c040a0028002c0004040024007f03073f082d2d3f3f2d07020100040e0170016101620163016701640165',
  mysql:
    '6a00000000000100036170700001740007ff0f0f0fff0f0f0c040a0028002c0004040024007f0207fcff000008033f07020100040e01700161016201630167016401650c01fe',
};

describe.each(['mariadb', 'mysql'] as const)('a table map of %s', (family) => {
  test('gives each text its own character set, whatever stands before it', () => {
    const reader = new PayloadReader(Buffer.from(RECORDED[family], 'hex'));
    const head = readTableMapHead(reader);
    const { columns, name, key } = mappedTable(readTableMap(reader, head, { family, collations: COLLATIONS }));
    expect({ name, key }).toEqual({ name: 't', key: [] });
    expect(columns.map(({ name: column, type, charset }) => `${column} ${type} ${charset}`)).toEqual([
      'p point undefined',
      'a varchar latin1',
      'b varchar utf8mb4',
      'c varchar utf8mb4',
      'g geometry undefined',
      'd varbinary undefined',
      'e varchar utf8mb4',
    ]);
  });
});
