import { layoutOfKind } from '../../../runtime/change/layout-origins.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { JsonObject } from '../../../runtime/record/record.ts';
import type { RowLayout } from '../../../runtime/record/row-layout.ts';
import { tableName, type Table } from '../catalog/table.ts';
import type { CellFormat } from '../type/codec.ts';
import type { RowFactory } from './table-rows.ts';

/** The table version that a row is of, and how its cells are written: with a dead letter of the row. */
export function rowOrigin(table: Table, format: CellFormat): JsonObject {
  // A plain object of numbers and texts: what JSON keeps of it is all of it.
  return { connector: 'postgres', format, table: JSON.parse(JSON.stringify(table)) as JsonObject };
}

/**
 * The layout of such rows by the options as they are now, of the table as it was then. Throws a `data`
 * error where the options let no such row through.
 */
export function layoutOfOrigin(rows: RowFactory, origin: JsonObject): RowLayout {
  const { connector, format } = origin;
  const kind = typeof origin['kind'] === 'string' ? origin['kind'] : '';
  const table = origin['table'] as unknown as Table | undefined;
  if (connector !== 'postgres' || table === undefined || (format !== 'text' && format !== 'binary')) {
    throw refused('it is no row of a Postgres table');
  }
  if (!rows.captures(table.schema, table.name)) throw refused(`${tableName(table)} is not captured any more`);
  const layout = layoutOfKind(rows.rows(table, format).layouts, kind);
  if (layout === null) throw refused(`the configuration makes no record of a row's ${kind}`);
  return layout;
}

function refused(why: string): MillraceError {
  return new MillraceError('POSTGRES_ROW_REFUSED', `the row cannot be read again: ${why}`, {
    kind: 'data',
    remedy: 'Capture the table as when the row was put aside, or discard the dead letter.',
  });
}
