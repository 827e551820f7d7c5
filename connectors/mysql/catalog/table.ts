/** What a column holds, whichever way it is read. */
export type ColumnType =
  | 'tinyint'
  | 'smallint'
  | 'mediumint'
  | 'int'
  | 'bigint'
  | 'float'
  | 'double'
  | 'decimal'
  | 'bit'
  | 'year'
  | 'date'
  | 'time'
  | 'datetime'
  | 'timestamp'
  | 'char'
  | 'varchar'
  | 'text'
  | 'binary'
  | 'varbinary'
  | 'blob'
  | 'enum'
  | 'set'
  | 'json'
  | 'geometry'
  | 'point'
  | 'vector'
  | 'uuid'
  | 'inet4'
  | 'inet6';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly unsigned: boolean;
  readonly notNull: boolean;
  /** Characters of char and varchar, bytes of binary, varbinary and vector, bits of bit; else 0. */
  readonly length: number;
  /** Digits of decimal; fraction digits of time, datetime and timestamp. */
  readonly precision: number;
  readonly scale: number;
  /** Labels of enum and set, in order. */
  readonly labels: readonly string[];
  /** MySQL's name of the character set of text; undefined: bytes. */
  readonly charset: string | undefined;
  /**
   * How a binlog row holds it: a number of bytes, or negative, how many bytes before the value say its
   * length.
   */
  readonly size: number;
  /** Stored the way MySQL 5.5 did, before fraction digits: time, datetime, timestamp. */
  readonly old: boolean;
  /** MariaDB's COMPRESSED, in rows of the binlog. */
  readonly compressed?: boolean;
  /** `COLUMN_TYPE` of the catalogue; undefined: not known. */
  readonly declared?: string | undefined;
  /** `COLUMN_DEFAULT` of the catalogue; undefined: none known. */
  readonly defaultText?: string | undefined;
}

/** A table by its name. */
export interface NamedTable {
  readonly database: string;
  readonly name: string;
}

/** One version of a table. */
export interface Table extends NamedTable {
  readonly columns: readonly Column[];
  /** Places of the primary key's columns, in the key's order; empty: no key. */
  readonly key: readonly number[];
  /** There is no primary key: `key` is that of a unique index over NOT NULL columns, as Debezium has it. */
  readonly keyIsUniqueIndex?: true;
}

/** `database.table` */
export function tableName({ database, name }: NamedTable): string {
  return `${database}.${name}`;
}

/** Bytes of a decimal in MySQL's packed form: nine digits take four bytes. */
export function decimalSize(precision: number, scale: number): number {
  return digitBytes(precision - scale) + digitBytes(scale);
}

/** Bytes of so many digits left over from groups of nine. */
export const DIGIT_BYTES: readonly number[] = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];

function digitBytes(digits: number): number {
  return Math.floor(digits / 9) * 4 + (DIGIT_BYTES[digits % 9] ?? 0);
}
