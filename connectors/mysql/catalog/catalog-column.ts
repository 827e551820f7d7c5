import { MillraceError } from '../../../runtime/record/error.ts';
import type { TextRow } from '../connection.ts';
import { decimalSize, type Column, type ColumnType } from './table.ts';

/** `DATA_TYPE` of information_schema, where it is not the type's own name. */
const TYPES: Readonly<Record<string, ColumnType>> = {
  tinytext: 'text',
  mediumtext: 'text',
  longtext: 'text',
  tinyblob: 'blob',
  mediumblob: 'blob',
  longblob: 'blob',
  linestring: 'geometry',
  polygon: 'geometry',
  multipoint: 'geometry',
  multilinestring: 'geometry',
  multipolygon: 'geometry',
  geomcollection: 'geometry',
  geometrycollection: 'geometry',
};

/** See `Column.size`. */
const LENGTH_BYTES: Readonly<Record<string, number>> = {
  tinytext: -1,
  tinyblob: -1,
  text: -2,
  blob: -2,
  mediumtext: -3,
  mediumblob: -3,
  longtext: -4,
  longblob: -4,
};

/** What MariaDB shows a character as behind a backslash, where that is not the character. */
const ESCAPES: Readonly<Record<string, string>> = { 0: '\0', n: '\n', r: '\r', t: '\t', b: '\b', Z: '\x1a' };

const OWN_NAMES: ReadonlySet<string> = new Set<ColumnType>([
  'tinyint',
  'smallint',
  'mediumint',
  'int',
  'bigint',
  'float',
  'double',
  'decimal',
  'bit',
  'year',
  'date',
  'time',
  'datetime',
  'timestamp',
  'char',
  'varchar',
  'text',
  'binary',
  'varbinary',
  'blob',
  'enum',
  'set',
  'json',
  'geometry',
  'point',
  'vector',
  'uuid',
  'inet4',
  'inet6',
]);

/** A row of `information_schema.COLUMNS` as a column. */
export function catalogColumn(row: TextRow, mariadb: boolean, table: string): Column {
  const name = row['COLUMN_NAME'] ?? '';
  const dataType = (row['DATA_TYPE'] ?? '').toLowerCase();
  const columnType = row['COLUMN_TYPE'] ?? '';
  const type = TYPES[dataType] ?? (OWN_NAMES.has(dataType) ? (dataType as ColumnType) : undefined);
  if (type === undefined) throw unknownType(`${table}.${name}`, columnType);
  const number = (key: string): number => Number(row[key] ?? 0);
  const temporal = type === 'time' || type === 'datetime' || type === 'timestamp';
  const precision = temporal ? number('DATETIME_PRECISION') : type === 'decimal' ? number('NUMERIC_PRECISION') : 0;
  const scale = type === 'decimal' ? number('NUMERIC_SCALE') : 0;
  const textual = type === 'char' || type === 'varchar' || type === 'text';
  return {
    name,
    type,
    unsigned: /\bunsigned\b/i.test(columnType),
    notNull: row['IS_NULLABLE'] === 'NO',
    length: lengthOf(type, row, columnType),
    precision,
    scale,
    labels: type === 'enum' || type === 'set' ? labelsOf(columnType) : [],
    charset: textual ? (row['CHARACTER_SET_NAME'] ?? 'utf8mb4') : undefined,
    size: type === 'decimal' ? decimalSize(precision, scale) : (LENGTH_BYTES[dataType] ?? 0),
    old: false,
    declared: columnType,
    defaultText: defaultText(row, mariadb),
  };
}

function lengthOf(type: ColumnType, row: TextRow, columnType: string): number {
  if (type === 'bit') return Number(row['NUMERIC_PRECISION'] ?? 1);
  if (type === 'vector') return Number(/\((\d+)\)/.exec(columnType)?.[1] ?? 0);
  return ['char', 'varchar', 'binary', 'varbinary'].includes(type) ? Number(row['CHARACTER_MAXIMUM_LENGTH'] ?? 0) : 0;
}

/** `enum('a','it''s')` */
export function labelsOf(columnType: string): readonly string[] {
  const labels: string[] = [];
  for (const [, label = ''] of columnType.matchAll(/'((?:[^']|'')*)'/g)) labels.push(label.replaceAll("''", "'"));
  return labels;
}

/**
 * The default as the text of a cell, of bytes as `0x` and their hex digits; undefined: none, NULL, or an expression.
 * MySQL shows a constant as it is, MariaDB as SQL.
 */
function defaultText(row: TextRow, mariadb: boolean): string | undefined {
  const shown = row['COLUMN_DEFAULT'];
  if (shown === null || shown === undefined) return undefined;
  if (/DEFAULT_GENERATED/i.test(row['EXTRA'] ?? '') || /^current_timestamp\b/i.test(shown)) return undefined;
  if (!mariadb) return shown;
  // MariaDB 11 shows bytes so, older ones as a text.
  const hex = /^x'((?:[0-9a-f]{2})*)'$/i.exec(shown)?.[1];
  if (hex !== undefined) return `0x${hex}`;
  const quoted = /^'((?:[^'\\]|''|\\.)*)'$/s.exec(shown)?.[1];
  if (quoted !== undefined) {
    const text = quoted.replaceAll("''", "'").replaceAll(/\\(.)/gs, (_, mark: string) => ESCAPES[mark] ?? mark);
    return /binary|blob/i.test(row['DATA_TYPE'] ?? '') ? `0x${Buffer.from(text, 'utf8').toString('hex')}` : text;
  }
  return /^(?:-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|b'[01]*')$/i.test(shown) ? shown : undefined;
}

function unknownType(column: string, type: string): MillraceError {
  return new MillraceError('MYSQL_COLUMN_TYPE', `${column} has the type ${type}, which is not supported`, {
    kind: 'config',
    key: 'table.exclude.list',
    remedy: 'Leave the table out by table.exclude.list, or change the column.',
  });
}
