import type { NamedTable } from '../catalog/table.ts';
import { labelsOf } from '../catalog/catalog-column.ts';
import { ofTable, readColumnRows, type ColumnRows } from '../catalog/column-rows.ts';
import type { Connection, TextRow } from '../connection.ts';

/** One entry of `tableChanges`, in Debezium's form. */
export interface TableChange {
  readonly type: 'CREATE' | 'ALTER' | 'DROP';
  readonly id: string;
  readonly table: Readonly<Record<string, unknown>> | null;
}

/** `java.sql.Types`, as Debezium has them for MySQL's types. */
const JDBC: Readonly<Record<string, number>> = {
  tinyint: 5,
  smallint: 5,
  mediumint: 4,
  int: 4,
  bigint: -5,
  float: 6,
  double: 8,
  decimal: 3,
  bit: -7,
  year: 4,
  date: 91,
  time: 92,
  datetime: 93,
  timestamp: 2014,
  char: 1,
  varchar: 12,
  tinytext: 12,
  text: 12,
  mediumtext: 12,
  longtext: 12,
  enum: 1,
  set: 1,
  json: 1111,
  binary: -2,
  varbinary: -3,
  tinyblob: 2004,
  blob: 2004,
  mediumblob: 2004,
  longblob: 2004,
};
const OTHER = 1111;

export function droppedTable(database: string, name: string): TableChange {
  return { type: 'DROP', id: tableId(database, name), table: null };
}

/** A table as the catalogue has it now; undefined: there is none any more. */
export async function describedTable(
  connection: Connection,
  type: 'CREATE' | 'ALTER',
  database: string,
  name: string,
): Promise<TableChange | undefined> {
  const doing = `reading the definition of ${database}.${name}`;
  const rows = await readColumnRows(connection, doing, database, name);
  if (rows === undefined) return undefined;
  const charset = await readTableCharset(connection, doing, database, name);
  return tableChange(type, { database, name }, rows, { charset, mariadb: connection.mariadb });
}

/** Name of a table's default character set; null: not known. */
export async function readTableCharset(
  connection: Pick<Connection, 'one'>,
  doing: string,
  database: string,
  name: string,
): Promise<string | null> {
  const table = await connection.one(
    doing,
    `SELECT TABLE_COLLATION AS c FROM information_schema.TABLES WHERE ${ofTable(database, name)}`,
  );
  return table?.['c']?.split('_')[0] ?? null;
}

/** A table from what the catalogue says of it. */
export function tableChange(
  type: 'CREATE' | 'ALTER',
  { database, name }: NamedTable,
  rows: ColumnRows,
  about: { readonly charset: string | null; readonly mariadb: boolean },
): TableChange {
  return {
    type,
    id: tableId(database, name),
    table: {
      defaultCharsetName: about.charset,
      primaryKeyColumnNames: rows.keys.map((row) => row['COLUMN_NAME'] ?? ''),
      columns: rows.columns.map((row, i) => describedColumn(row, i + 1, about.mariadb)),
      comment: null,
    },
  };
}

function describedColumn(row: TextRow, position: number, mariadb: boolean): Record<string, unknown> {
  const dataType = (row['DATA_TYPE'] ?? '').toLowerCase();
  const columnType = row['COLUMN_TYPE'] ?? '';
  const typeName =
    dataType.toUpperCase() + (columnType.match(/ (?:unsigned|zerofill)\b/gi) ?? []).join('').toUpperCase();
  const labelled = dataType === 'enum' || dataType === 'set';
  const increments = /auto_increment/i.test(row['EXTRA'] ?? '');
  return {
    name: row['COLUMN_NAME'] ?? '',
    jdbcType: JDBC[dataType] ?? OTHER,
    nativeType: null,
    typeName,
    typeExpression: typeName,
    charsetName: row['CHARACTER_SET_NAME'] ?? null,
    length: lengthOf(dataType, columnType, row),
    scale: scaleOf(dataType, columnType, row),
    position,
    optional: row['IS_NULLABLE'] === 'YES',
    autoIncremented: increments,
    generated: increments,
    comment: null,
    defaultValueExpression: defaultExpression(row, mariadb),
    enumValues: labelled ? labelsOf(columnType).map((label) => `'${label}'`) : null,
  };
}

/** Of decimals, and of `float(M,D)` and `double(M,D)`. */
function scaleOf(dataType: string, columnType: string, row: TextRow): number | null {
  if (dataType === 'decimal') return Number(row['NUMERIC_SCALE'] ?? 0);
  const digits = /^(?:float|double)\(\d+,(\d+)\)/.exec(columnType)?.[1];
  return digits === undefined ? null : Number(digits);
}

function lengthOf(dataType: string, columnType: string, row: TextRow): number | null {
  const inParentheses = /^\w+\((\d+)/.exec(columnType)?.[1];
  switch (dataType) {
    case 'decimal':
      return Number(row['NUMERIC_PRECISION'] ?? 0);
    case 'enum':
      return 1;
    case 'set': {
      const labels = labelsOf(columnType);
      return labels.join(',').length;
    }
    case 'time':
    case 'datetime':
    case 'timestamp': {
      const digits = Number(row['DATETIME_PRECISION'] ?? 0);
      return digits === 0 ? null : digits;
    }
    default:
      return inParentheses === undefined ? null : Number(inParentheses);
  }
}

function defaultExpression(row: TextRow, mariadb: boolean): string | null {
  const shown = row['COLUMN_DEFAULT'] ?? null;
  if (shown === null || (mariadb && shown === 'NULL')) return null;
  const text = /^'([\s\S]*)'$/.exec(shown)?.[1] ?? shown;
  const bytes = (mariadb ? /^x'((?:[0-9a-f]{2})+)'$/i : /^0x((?:[0-9a-f]{2})+)$/i).exec(shown)?.[1];
  if (bytes !== undefined && /binary/i.test(row['DATA_TYPE'] ?? '')) return Buffer.from(bytes, 'hex').toString('utf8');
  return /^b'([01]*)'$/i.exec(shown)?.[1] ?? text.replaceAll("''", "'");
}

/** As Debezium writes it. */
export function tableId(database: string, name: string): string {
  return `"${database}"."${name}"`;
}
