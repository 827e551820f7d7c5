import type { Captures } from '../../../runtime/change/table-lists.ts';
import type { Connection } from '../connection.ts';
import { quoteName } from '../quoting.ts';
import { onlyCaptured, readCapturedNames } from './catalog.ts';
import { tableName, type NamedTable } from './table.ts';

type Reader = Pick<Connection, 'query' | 'one' | 'mariadb'>;

const DOING = 'reading the foreign keys';
const SHOWN = 5;
const RULE = 'CASCADE|SET NULL|SET DEFAULT';
/** A line of `SHOW CREATE TABLE`. */
const CASCADE = new RegExp(`^\\s+CONSTRAINT .* FOREIGN KEY .* ON (?:DELETE|UPDATE) (?:${RULE})`, 'm');

/**
 * Which captured tables have a foreign key that changes their rows by itself (`ON DELETE CASCADE`, `SET NULL`,
 * `ON UPDATE …`), where the storage engine does it: those changes are not in the binlog, and no reader of it sees
 * them. MySQL carries them out above the engine since 9.6, and writes them. null: there are none.
 */
export async function unseenCascades(reader: Reader, captures: Captures): Promise<string | null> {
  const found = reader.mariadb ? await byDefinition(reader, captures) : await byCatalogue(reader, captures);
  if (found.length === 0) return null;
  const more = found.length > SHOWN ? ` and ${found.length - SHOWN} more` : '';
  return `foreign keys change rows of ${found.slice(0, SHOWN).join(', ')}${more} by themselves, and the server leaves that out of its binlog: those changes are missed`;
}

async function byCatalogue(reader: Reader, captures: Captures): Promise<string[]> {
  const native = await reader.one(DOING, "SHOW GLOBAL VARIABLES LIKE 'innodb_native_foreign_keys'");
  if (native?.['Value']?.toUpperCase() === 'OFF') return [];
  const rows = await reader.query(
    DOING,
    `SELECT DISTINCT CONSTRAINT_SCHEMA AS s, TABLE_NAME AS t FROM information_schema.REFERENTIAL_CONSTRAINTS
      WHERE CONCAT(DELETE_RULE, '|', UPDATE_RULE) REGEXP '${RULE}' ORDER BY s, t`,
  );
  const tables = rows.map((row): NamedTable => ({ database: row['s'] ?? '', name: row['t'] ?? '' }));
  return onlyCaptured(tables, captures).map(tableName);
}

/** MariaDB shows the view to those who may do more than SELECT. */
async function byDefinition(reader: Reader, captures: Captures): Promise<string[]> {
  const found: string[] = [];
  for (const table of await readCapturedNames(reader, captures)) {
    const { database, name } = table;
    const sql = `SHOW CREATE TABLE ${quoteName(database)}.${quoteName(name)}`;
    const row = await reader.one(DOING, sql).catch(() => undefined);
    if (CASCADE.test(row?.['Create Table'] ?? '')) found.push(tableName(table));
  }
  return found;
}
