import { MillraceError } from '../../../runtime/record/error.ts';
import type { Collations } from '../catalog/charset.ts';
import { readTable, withCatalog } from '../catalog/catalog.ts';
import { isDescribed, mappedTable, type TableMap } from '../binlog/table-map.ts';
import { tableName, type Table } from '../catalog/table.ts';
import type { StreamPlace } from '../offset.ts';
import type { Family } from '../row/source-block.ts';
import type { RowFactory, TableRows } from '../row/table-rows.ts';
import type { SchemaHistory } from '../schema/history/schema-history.ts';
import type { SideConnection } from './side-connection.ts';

interface Version {
  /** The table as the binlog describes it. */
  readonly text: string;
  readonly rows: TableRows;
}

/**
 * The layouts of tables as the binlog describes them, with what only the catalogue knows, or as the schema history has
 * them. A layout is kept as long as the description is the same, so that converters keep their plans.
 */
export class TableSource {
  readonly #factory: RowFactory;
  readonly #side: Pick<SideConnection, 'use'>;
  readonly #versions = new Map<string, Version>();
  readonly collations: Collations;
  readonly history: Pick<SchemaHistory, 'table' | 'statement'> | undefined;

  /** `history`: for a server whose binlog does not describe its tables. */
  constructor(
    factory: RowFactory,
    side: Pick<SideConnection, 'use'>,
    collations: Collations,
    history?: Pick<SchemaHistory, 'table' | 'statement'>,
  ) {
    this.#factory = factory;
    this.#side = side;
    this.collations = collations;
    this.history = history;
  }

  get family(): Family {
    return this.#factory.family;
  }

  captures(database: string, name: string): boolean {
    return this.#factory.captures(database, name);
  }

  /** Layouts of the table of a map; `at`: where its transaction begins. A promise where they have to be made first. */
  rows(map: TableMap, at: () => StreamPlace): TableRows | Promise<TableRows> {
    if (isDescribed(map) || this.history === undefined) {
      const table = mappedTable(map);
      return this.#known(table) ?? this.#withCatalog(table);
    }
    const table = this.history.table(map, at());
    return table instanceof Promise ? table.then((found) => this.#structured(found)) : this.#structured(table);
  }

  #known(table: Table): TableRows | undefined {
    const version = this.#versions.get(tableName(table));
    return version?.text === JSON.stringify(table) ? version.rows : undefined;
  }

  #structured(table: Table): TableRows {
    return this.#known(table) ?? this.#make(table, table);
  }

  async #withCatalog(table: Table): Promise<TableRows> {
    const now = await this.#side.use((connection) =>
      readTable(connection, table.database, table.name).catch((error: unknown) => {
        // What the catalogue alone knows, a key among it, is not left out because it did not answer: the event comes again.
        if (error instanceof MillraceError && error.kind === 'unavailable') throw error;
        return undefined;
      }),
    );
    return this.#make(table, withCatalog(table, now));
  }

  #make(described: Table, table: Table): TableRows {
    const rows = this.#factory.rows(table, 'binlog');
    this.#versions.set(tableName(described), { text: JSON.stringify(described), rows });
    return rows;
  }

  /** Layouts of a table as it is known here, else as the catalogue has it now; undefined: there is none. */
  async current(database: string, name: string): Promise<TableRows | undefined> {
    const version = this.#versions.get(tableName({ database, name }));
    if (version !== undefined) return version.rows;
    const now = await this.#side.use((connection) => readTable(connection, database, name));
    return now === undefined ? undefined : this.#factory.rows(now, 'binlog');
  }

  /** A definition may have changed: ask the catalogue again. */
  forget(): void {
    this.#versions.clear();
  }
}
