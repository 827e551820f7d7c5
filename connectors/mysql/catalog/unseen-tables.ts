import type { TaskContext } from '../../../runtime/connector/context.ts';
import type { Connection } from '../connection.ts';
import type { RowFactory } from '../row/table-rows.ts';
import { matchesAny } from '../../../runtime/change/filters.ts';
import { unseenCascades } from './cascades.ts';
import { readTableNames } from './catalog.ts';
import { tableName, type NamedTable } from './table.ts';

type Reader = Pick<Connection, 'query' | 'one' | 'mariadb'>;

/** An expression of the list that is a name: `shop.orders`, `shop\.orders`. */
const LITERAL = /^[\p{L}\p{N}_$-]+\.[\p{L}\p{N}_$-]+$/u;
const TOLD = 10;

/**
 * Tables that `table.include.list` names and the account does not see: MySQL shows one without SELECT as if it were
 * not there. null: there are none.
 */
export async function unseenTables(
  reader: Reader,
  { options }: RowFactory,
  names: readonly NamedTable[],
): Promise<string | null> {
  const key = 'table.include.list';
  const full = names.map(tableName);
  const unseen = options.tableInclude.filter((item) => {
    const matches = matchesAny([item], key);
    return LITERAL.test(item.replaceAll('\\.', '.')) && !full.some(matches);
  });
  if (unseen.length === 0) return null;
  const tables = unseen.map((item) => item.replaceAll('\\.', '.'));
  const more = tables.length > TOLD ? ` and ${tables.length - TOLD} more` : '';
  const are = tables.length === 1 ? 'table' : 'tables';
  const not = tables.length === 1 ? 'is not there, or may not be read' : 'are not there, or may not be read';
  const grant = `GRANT SELECT ON ${tables[0]} TO ${await accountOf(reader)};`;
  return `${are} ${tables.slice(0, TOLD).join(', ')}${more} of ${key} ${not}: ${grant}`;
}

/** The account that the server took us for, as a GRANT names it. */
export async function accountOf(reader: Reader): Promise<string> {
  const row = await reader.one('asking for the account', 'SELECT CURRENT_USER() AS u');
  const text = row?.['u'] ?? '';
  const at = text.lastIndexOf('@');
  return `'${text.slice(0, at)}'@'${text.slice(at + 1)}'`;
}

/** Says which captured tables the stream does not show, or not all of (I5). */
export async function warnOfUnseen(reader: Reader, rows: RowFactory, context: TaskContext): Promise<void> {
  const cascades = await unseenCascades(reader, rows.captures);
  const tables = await unseenTables(reader, rows, await readTableNames(reader));
  for (const [code, text] of [
    ['MYSQL_CASCADES', cascades],
    ['MYSQL_TABLES_UNSEEN', tables],
  ] as const) {
    context.warning(code, text);
    if (text !== null) context.log.warn(text);
  }
}
