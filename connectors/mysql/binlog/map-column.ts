import { MillraceError } from '../../../runtime/record/error.ts';
import { charsetDecoder, charsetWidth } from '../catalog/charset.ts';
import { decimalSize, tableName, type Column, type ColumnType } from '../catalog/table.ts';
import { FIELD } from './field-type.ts';
import type { TableMapHead } from './table-map.ts';

/** A column as a table map gives it, while it is being read. */
export interface RawColumn {
  type: number;
  /** Type-dependent: length, precision, fraction digits, bytes of the length. */
  first: number;
  second: number;
  name: string;
  notNull: boolean;
  unsigned: boolean;
  labels: readonly Buffer[];
  charset?: string;
  /** 1: a point. */
  geometry: number;
}

type Shape = Pick<Column, 'type' | 'size'> & Partial<Column>;

const POINT = 1;

export function mapColumn(raw: RawColumn, head: TableMapHead): Column {
  const shape = shapeOf(raw);
  if (shape === undefined) throw unknownType(raw, head);
  return {
    name: raw.name,
    unsigned: raw.unsigned,
    notNull: raw.notNull,
    length: 0,
    precision: 0,
    scale: 0,
    labels: raw.labels.length > 0 ? labelTexts(raw) : [],
    charset: undefined,
    old: false,
    ...shape,
  };
}

/** undefined: no type we know. */
function shapeOf(raw: RawColumn): Shape | undefined {
  const { type, first, second } = raw;
  switch (type) {
    case FIELD.tiny:
      return { type: 'tinyint', size: 1 };
    case FIELD.short:
      return { type: 'smallint', size: 2 };
    case FIELD.int24:
      return { type: 'mediumint', size: 3 };
    case FIELD.long:
      return { type: 'int', size: 4 };
    case FIELD.longLong:
      return { type: 'bigint', size: 8 };
    case FIELD.float:
      return { type: 'float', size: 4 };
    case FIELD.double:
      return { type: 'double', size: 8 };
    case FIELD.newDecimal:
      return { type: 'decimal', size: decimalSize(first, second), precision: first, scale: second };
    case FIELD.bit:
      return { type: 'bit', size: second + (first > 0 ? 1 : 0), length: second * 8 + first };
    case FIELD.enum:
      return { type: 'enum', size: first };
    case FIELD.set:
      return { type: 'set', size: first };
    case FIELD.json:
      return { type: 'json', size: -first };
    case FIELD.vector:
      return { type: 'vector', size: -first };
    case FIELD.geometry:
      return { type: raw.geometry === POINT ? 'point' : 'geometry', size: -first };
    default:
      return temporalShape(raw) ?? textShape(raw);
  }
}

function temporalShape({ type, first }: RawColumn): Shape | undefined {
  const fraction = (first + 1) >> 1;
  switch (type) {
    case FIELD.year:
      return { type: 'year', size: 1 };
    case FIELD.date:
    case FIELD.newDate:
      return { type: 'date', size: 3 };
    case FIELD.time:
      return { type: 'time', size: 3, old: true };
    case FIELD.timestamp:
      return { type: 'timestamp', size: 4, old: true };
    case FIELD.datetime:
      return { type: 'datetime', size: 8, old: true };
    case FIELD.time2:
      return { type: 'time', size: 3 + fraction, precision: first };
    case FIELD.timestamp2:
      return { type: 'timestamp', size: 4 + fraction, precision: first };
    case FIELD.datetime2:
      return { type: 'datetime', size: 5 + fraction, precision: first };
    default:
      return undefined;
  }
}

function textShape({ type, first, charset }: RawColumn): Shape | undefined {
  const text = charset !== undefined && charset !== 'binary';
  // What is compressed has a byte more than declared: its head.
  const bytes = type === FIELD.varcharCompressed ? first - 1 : first;
  const characters = text ? Math.floor(bytes / charsetWidth(charset)) : bytes;
  const named = (textual: ColumnType, binary: ColumnType): Partial<Column> & { type: ColumnType } =>
    text ? { type: textual, charset, length: characters } : { type: binary, length: bytes };
  switch (type) {
    case FIELD.varchar:
    case FIELD.varString:
      return { ...named('varchar', 'varbinary'), size: first > 255 ? -2 : -1 };
    case FIELD.varcharCompressed:
      return { ...named('varchar', 'varbinary'), size: first > 255 ? -2 : -1, compressed: true };
    case FIELD.blobCompressed:
      return { ...named('text', 'blob'), length: 0, size: -first, compressed: true };
    case FIELD.string:
      return { ...named('char', 'binary'), size: first > 255 ? -2 : -1 };
    case FIELD.tinyBlob:
    case FIELD.mediumBlob:
    case FIELD.longBlob:
    case FIELD.blob:
      return { ...named('text', 'blob'), length: 0, size: -first };
    default:
      return undefined;
  }
}

/** Labels are in the column's character set, which may come after them. */
function labelTexts({ labels, charset }: RawColumn): readonly string[] {
  const decode = charset === undefined || charset === 'binary' ? undefined : charsetDecoder(charset);
  return labels.map((label) => decode?.(label, 0, label.length) ?? label.toString('utf8'));
}

function unknownType({ type, name }: RawColumn, head: TableMapHead): MillraceError {
  return new MillraceError('MYSQL_COLUMN_TYPE', `${tableName(head)}.${name} has the unknown type ${type}`, {
    kind: 'config',
    key: 'table.exclude.list',
    remedy: 'Leave the table out, and report the type with the server version.',
  });
}
