import { catalogTable } from '../../catalog/catalog.ts';
import { readColumnRows } from '../../catalog/column-rows.ts';
import { tableName, type Table, type NamedTable } from '../../catalog/table.ts';
import type { Connection } from '../../connection.ts';
import { readTableCharset, tableChange, tableId, type TableChange } from '../table-change.ts';
import type { HistoryPlace, LaterStatement, ReadAhead } from './read-ahead.ts';

/** A table's structure at a place, or why it is not known. */
export type Finding =
  | { readonly kind: 'known'; readonly table: Table; readonly change: TableChange }
  /** Changed again further on, by this statement: what the catalogue shows is not what it was at the place. */
  | { readonly kind: 'changed'; readonly by: LaterStatement }
  /** The catalogue has no table of the name that it has now. */
  | { readonly kind: 'gone'; readonly name: NamedTable };

type Described = { readonly table: Table; readonly change: TableChange } | undefined;

/**
 * What tables were like at a place of the binlog, from what the catalogue shows now. It is taken for the structure at
 * the place only where no statement between the place and a moment after the catalogue was read may have changed it;
 * a table that was renamed since is looked up by the name it has now.
 *
 *     read the catalogue · read the binlog from the place to its end, as it is then · follow renames · once more for
 *     tables whose names these led to
 *
 * A statement holds the table's metadata lock until it is in the binlog, so what the catalogue shows is in it.
 */
export class PresentStructure {
  readonly #connect: () => Promise<Connection>;
  readonly #ahead: Pick<ReadAhead, 'after'>;

  /** `connect`: to the server whose binlog is read. */
  constructor(connect: () => Promise<Connection>, ahead: Pick<ReadAhead, 'after'>) {
    this.#connect = connect;
    this.#ahead = ahead;
  }

  /** In the order of the tables asked for. */
  async at(place: HistoryPlace, tables: readonly NamedTable[], signal: AbortSignal): Promise<readonly Finding[]> {
    const seen = new Map<string, Described>();
    let wanted = tables;
    for (;;) {
      const later = await this.#look(place, wanted, seen, signal);
      const traces = tables.map((table) => trace(table, later));
      wanted = traces.flatMap((end) => ('by' in end || seen.has(tableName(end)) ? [] : [end]));
      if (wanted.length === 0) return traces.map((end, i) => finding(end, tables[i], seen));
    }
  }

  async #look(
    place: HistoryPlace,
    wanted: readonly NamedTable[],
    seen: Map<string, Described>,
    signal: AbortSignal,
  ): Promise<readonly LaterStatement[]> {
    const connection = await this.#connect();
    try {
      for (const table of wanted) seen.set(tableName(table), await describe(connection, table));
      return await this.#ahead.after(connection, place, signal);
    } finally {
      connection.destroy();
    }
  }
}

async function describe(connection: Connection, { database, name }: NamedTable): Promise<Described> {
  const doing = `reading the structure of ${database}.${name}`;
  const rows = await readColumnRows(connection, doing, database, name);
  if (rows === undefined) return undefined;
  const charset = await readTableCharset(connection, doing, database, name);
  return {
    table: catalogTable(database, name, rows, connection.mariadb),
    change: tableChange('ALTER', { database, name }, rows, { charset, mariadb: connection.mariadb }),
  };
}

/**
 * The name at the end of the binlog of a table that has rows, or the statement that changed it. Pure. CREATE TABLE IF
 * NOT EXISTS leaves such a table as it is: it is there, or it was dropped first.
 */
export function trace(
  table: NamedTable,
  later: readonly LaterStatement[],
): NamedTable | { readonly by: LaterStatement } {
  let now = table;
  for (const statement of later) {
    if (statement.effect.onlyIfMissing === true || !statement.effect.concerns(now)) continue;
    const renamed = statement.effect.renamed(now);
    if (renamed === undefined) return { by: statement };
    now = renamed;
  }
  return now;
}

function finding(
  end: NamedTable | { readonly by: LaterStatement },
  asked: NamedTable | undefined,
  seen: ReadonlyMap<string, Described>,
): Finding {
  if ('by' in end) return { kind: 'changed', by: end.by };
  const described = seen.get(tableName(end));
  if (described === undefined || asked === undefined) return { kind: 'gone', name: end };
  const { database, name } = asked;
  return {
    kind: 'known',
    table: { ...described.table, database, name },
    change: { ...described.change, id: tableId(database, name) },
  };
}
