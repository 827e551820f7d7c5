import { NO_TIMESTAMP } from '../../../runtime/record/row-block.ts';
import { tableName } from '../catalog/table.ts';
import type { SchemaChanges } from '../schema/schema-changes.ts';
import type { RowAssembler } from './row-assembler.ts';
import { movesRows, firstTable, type QueryEvent } from './query-event.ts';
import type { StatementHooks } from './statement-handler.ts';
import type { TableSource } from './table-source.ts';

/**
 * `schema`: absent where schema changes are not wanted. `unseen`: hears of a statement that changed the rows of a
 * captured table and makes no record (I5).
 */
export function statementHooks(
  tables: TableSource,
  schema: SchemaChanges | undefined,
  unseen: (text: string) => void,
): StatementHooks {
  const { history } = tables;
  return {
    captures: (database, name) => tables.captures(database, name),
    defined: (kind, event, assembler, after) => {
      if (kind === 'truncate') return truncated(tables, event, assembler, unseen);
      if (movesRows(event.sql)) moved(tables, event, unseen);
      const written = history?.statement(event, after, assembler.state.gtid);
      return written === undefined
        ? schema?.statement(event, assembler)
        : written.then(() => schema?.statement(event, assembler));
    },
  };
}

function moved(tables: TableSource, event: QueryEvent, unseen: (text: string) => void): void {
  const table = firstTable(event);
  if (table !== undefined && !tables.captures(table.database, table.name)) return;
  unseen(
    `"${event.sql.slice(0, 200)}" changed rows that the binlog does not show: what is captured of them is not true any more`,
  );
}

/** `op: t`, where it is wanted. */
async function truncated(
  tables: TableSource,
  event: QueryEvent,
  assembler: RowAssembler,
  unseen: (text: string) => void,
): Promise<void> {
  const table = firstTable(event);
  if (table === undefined || !tables.captures(table.database, table.name)) return;
  const rows = await tables.current(table.database, table.name);
  // After the rows that were read it would empty them, whatever key the table has.
  if (rows !== undefined && assembler.leavesOut({ key: [], collection: rows.collection })) return;
  const layout = rows?.layouts.truncate ?? null;
  if (layout === null) {
    unseen(
      `${tableName(table)} was emptied by TRUNCATE, which makes no record (skipped.operations): copies keep its rows`,
    );
    return;
  }
  const { block, meta } = assembler;
  assembler.count(rows?.collection ?? '');
  const first = block.cellCount;
  meta.append(block, 0);
  block.begin(layout, NO_TIMESTAMP);
  block.firstCell[block.count - 1] = first;
}
