import { expect, test } from 'vitest';
import type { Connection } from '../../../../../connectors/mysql/connection.ts';
import type { RowFactory } from '../../../../../connectors/mysql/row/table-rows.ts';
import { TableSource } from '../../../../../connectors/mysql/stream/table-source.ts';
import { MillraceError } from '../../../../../runtime/record/error.ts';

const MAP = { head: { id: 1, database: 'app', name: 't' }, columns: [], key: [] };
const noPlace = (): never => expect.unreachable('a described table needs no place');

test('a table is not taken without its catalogue because that did not answer', async () => {
  const away = new MillraceError('MYSQL_UNAVAILABLE', 'the connection was lost', { kind: 'unavailable' });
  const side = {
    use: <T>(work: (connection: Connection) => Promise<T>) =>
      work({ mariadb: false, query: () => Promise.reject(away) } as unknown as Connection),
  };
  // No layout is made: the factory is not asked for one.
  const source = new TableSource({ family: 'mysql' } as RowFactory, side, new Map());
  await expect(source.rows(MAP, noPlace)).rejects.toBe(away);
});
