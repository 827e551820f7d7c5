import { NO_TIMESTAMP } from '../../../runtime/record/row-block.ts';
import type { SchemaChanges } from '../schema/schema-changes.ts';
import type { Assembler } from './assembler.ts';
import { namedTable, type QueryEvent } from './query-event.ts';
import type { StatementHooks } from './statement-handler.ts';
import type { TableSource } from './table-source.ts';

/** `schema`: absent where schema changes are not wanted. */
export function statementHooks(tables: TableSource, schema: SchemaChanges | undefined): StatementHooks {
  const { history } = tables;
  return {
    captures: (database, name) => tables.captures(database, name),
    defined: (kind, event, assembler, after) => {
      if (kind === 'truncate') return truncated(tables, event, assembler);
      const written = history?.statement(event, after, assembler.state.gtid);
      return written === undefined
        ? schema?.statement(event, assembler)
        : written.then(() => schema?.statement(event, assembler));
    },
  };
}

/** `op: t`, where it is wanted. */
async function truncated(tables: TableSource, event: QueryEvent, assembler: Assembler): Promise<void> {
  const table = namedTable(event);
  if (table === undefined || !tables.captures(table.database, table.name)) return;
  const rows = await tables.current(table.database, table.name);
  const layout = rows?.layouts.truncate ?? null;
  if (layout === null) return;
  const { block, meta } = assembler;
  assembler.count(rows?.collection ?? '');
  const first = block.cellCount;
  meta.append(block, 0);
  block.begin(layout, NO_TIMESTAMP);
  block.firstCell[block.count - 1] = first;
}
