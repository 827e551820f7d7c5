import { onlyCaptured } from '../catalog/catalog.ts';
import { NO_TIMESTAMP, type RowBlock } from '../../../runtime/record/row-block.ts';
import type { Table } from '../catalog/table.ts';
import type { Connection } from '../connection.ts';
import { quoteName } from '../quoting.ts';
import type { Family } from '../row/source-block.ts';
import type { RowFactory } from '../row/table-rows.ts';
import type { MetaCells } from '../stream/meta-cells.ts';
import { withoutComments, type QueryEvent } from '../stream/query-event.ts';
import type { SideConnection } from '../stream/side-connection.ts';
import { definedDatabase, definitionOf } from './definition.ts';
import { schemaChangeLayout } from './schema-change-rows.ts';
import { describedTable, droppedTable, type TableChange } from './table-change.ts';

interface Target {
  readonly block: RowBlock;
  readonly meta: MetaCells;
}

/**
 * Records of the schema change topic (`include.schema.changes`). The statement is the binlog's; what the
 * tables look like after it is read from the catalogue, which may be ahead of a stream that is behind.
 */
export class SchemaChanges {
  readonly #rows: RowFactory;
  readonly #family: Family;
  readonly #side: SideConnection;

  constructor(rows: RowFactory, family: Family, side: SideConnection) {
    this.#rows = rows;
    this.#family = family;
    this.#side = side;
  }

  /** Adds the record of a statement, where it concerns what is captured. The target's meta cells are set. */
  async statement(event: QueryEvent, target: Target): Promise<void> {
    const sql = withoutComments(event.sql);
    const database = definedDatabase(sql);
    if (database !== undefined) {
      if (this.#rows.capturesDatabase(database)) this.#add(target, database, '', event.sql, [], false);
      return;
    }
    const definition = definitionOf(sql, event.database);
    const captured = onlyCaptured(definition?.tables ?? [], this.#rows.captures);
    const [first] = captured;
    if (definition === undefined || first === undefined) return;
    const { type } = definition;
    const changes: TableChange[] = [];
    for (const table of captured) {
      const found =
        type === 'DROP'
          ? droppedTable(table.database, table.name)
          : await this.#side.use((connection) => describedTable(connection, type, table.database, table.name));
      if (found !== undefined) changes.push(found);
    }
    this.#add(target, first.database, first.name, event.sql, changes, false);
  }

  /** Adds a CREATE for each table of a snapshot. */
  async snapshot(connection: Connection, tables: readonly Table[], target: Target): Promise<void> {
    for (const { database, name } of tables) {
      const sql = `SHOW CREATE TABLE ${quoteName(database)}.${quoteName(name)}`;
      const row = await connection.one(`reading the definition of ${database}.${name}`, sql);
      const change = await describedTable(connection, 'CREATE', database, name);
      if (change !== undefined) this.#add(target, database, name, row?.['Create Table'] ?? '', [change], true);
    }
  }

  #add(
    { block, meta }: Target,
    database: string,
    table: string,
    ddl: string,
    changes: readonly TableChange[],
    snapshot: boolean,
  ): void {
    const layout = schemaChangeLayout(this.#rows, this.#family, { database, table, snapshot });
    const first = block.cellCount;
    meta.append(block, 0);
    meta.texts(block, [ddl, JSON.stringify(changes)]);
    block.begin(layout, NO_TIMESTAMP);
    block.firstCell[block.count - 1] = first;
  }
}
