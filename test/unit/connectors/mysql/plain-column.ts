import type { Column, ColumnType } from '../../../../connectors/mysql/catalog/table.ts';

/** A column that may be null, with nothing of what only some types have. */
export function plainColumn(name: string, type: ColumnType): Column {
  return {
    name,
    type,
    unsigned: false,
    notNull: false,
    length: 0,
    precision: 0,
    scale: 0,
    labels: [],
    charset: undefined,
    size: 0,
    old: false,
  };
}
