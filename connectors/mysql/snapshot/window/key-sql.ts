import { MillraceError } from '../../../../runtime/record/error.ts';
import { tableName, type Column, type Table } from '../../catalog/table.ts';
import { quoteName } from '../../quoting.ts';
import { columnSql, selectSql, tableSql } from '../table-select.ts';
import type { KeyRange } from '../table-work.ts';

/** A key's values in the key's order, as the text protocol shows them; bytes as hex, bits as a number. */
export type KeyTexts = readonly string[];

/** What of a table a chunk reads, in the order of its primary key. */
export interface ChunkRange {
  /** Rows behind this key; undefined: from the first. */
  readonly after: KeyTexts | undefined;
  /** Up to and with this key. */
  readonly to: KeyTexts;
  readonly rows: number;
  /** Condition of the signal. */
  readonly filter: string | undefined;
}

const NUMBER = /^-?\d+(?:\.\d+)?$/;
const FLOAT = /^-?\d+(?:\.\d+)?(?:e[-+]?\d+)?$/i;
const HEX = /^(?:[0-9a-f]{2})*$/i;

/** Columns of the primary key, in its order. */
export function keyColumns(table: Table): readonly Column[] {
  return table.key.flatMap((at) => table.columns[at] ?? []);
}

export function chunkSql(table: Table, { after, to, rows, filter }: ChunkRange): string {
  const conditions = within(table, { after: after ?? null, to });
  return `${selectSql(table)} FORCE INDEX (PRIMARY)${conditions}${filtered(filter, 'AND')} ORDER BY ${order(
    table,
    '',
  )} LIMIT ${rows}`;
}

/** Reads a range of a table whole, in the order of its key. */
export function rangeSql(table: Table, range: KeyRange): string {
  return `${selectSql(table)} FORCE INDEX (PRIMARY)${within(table, range)} ORDER BY ${order(table, '')}`;
}

/** The key of the range's row number `rows`, and of the one behind it. */
export function boundarySql(table: Table, range: KeyRange, rows: number): string {
  const columns = keyColumns(table).map(columnSql);
  return `SELECT ${columns.join(', ')} FROM ${tableSql(table)} FORCE INDEX (PRIMARY)${within(table, range)} ORDER BY ${order(
    table,
    '',
  )} LIMIT 2 OFFSET ${rows - 1}`;
}

function within(table: Table, { after, to }: KeyRange): string {
  const conditions = [
    ...(to === null ? [] : [bound(table, to, '<', true)]),
    ...(after === null ? [] : [bound(table, after, '>', false)]),
  ];
  return conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
}

/** The last key of the table, or of the rows that the condition names. */
export function lastKeySql(table: Table, filter: string | undefined): string {
  const columns = keyColumns(table).map(columnSql);
  return `SELECT ${columns.join(', ')} FROM ${tableSql(table)} FORCE INDEX (PRIMARY)${filtered(filter, 'WHERE')} ORDER BY ${order(
    table,
    ' DESC',
  )} LIMIT 1`;
}

function filtered(filter: string | undefined, word: string): string {
  return filter === undefined ? '' : ` ${word} (${filter})`;
}

function order(table: Table, direction: string): string {
  return keyColumns(table)
    .map(({ name }) => `${quoteName(name)}${direction}`)
    .join(', ');
}

/** `(a, b) > (1, 2)` in a form that the server finds by index: `a >= 1 AND (a > 1 OR (a = 1 AND b > 2))`. */
function bound(table: Table, key: KeyTexts, than: '<' | '>', orEqual: boolean): string {
  const parts = keyColumns(table).map((column, i) => [compared(column), literal(table, column, key[i] ?? '')] as const);
  const [first] = parts;
  if (first === undefined) return 'FALSE';
  const ways = parts.map(([name, value], i) => {
    const equal = parts.slice(0, i).map(([before, its]) => `${before} = ${its}`);
    const last = orEqual && i === parts.length - 1 ? `${than}=` : than;
    return `(${[...equal, `${name} ${last} ${value}`].join(' AND ')})`;
  });
  return `${first[0]} ${than}= ${first[1]} AND (${ways.join(' OR ')})`;
}

/** Labels are ordered by their number, not by their text. */
function compared({ name, type }: Column): string {
  return type === 'enum' || type === 'set' ? `${quoteName(name)} + 0` : quoteName(name);
}

function literal(table: Table, column: Column, text: string): string {
  switch (column.type) {
    case 'tinyint':
    case 'smallint':
    case 'mediumint':
    case 'int':
    case 'bigint':
    case 'decimal':
    case 'year':
    case 'bit':
      return checked(table, column, text, NUMBER);
    case 'float':
    case 'double':
      return checked(table, column, text, FLOAT);
    case 'binary':
    case 'varbinary':
    case 'blob':
      return text === '' ? "''" : `0x${checked(table, column, text, HEX)}`;
    case 'enum':
      return String(column.labels.indexOf(text) + 1);
    case 'set':
      return String(setNumber(column, text));
    default:
      // An introducer, unlike CONVERT, leaves the comparison to the column's collation.
      return text === '' ? "''" : `_utf8mb4 0x${Buffer.from(text, 'utf8').toString('hex')}`;
  }
}

function setNumber({ labels }: Column, text: string): bigint {
  let bits = 0n;
  if (text !== '') for (const label of text.split(',')) bits |= 1n << BigInt(Math.max(0, labels.indexOf(label)));
  return bits;
}

function checked(table: Table, { name }: Column, text: string, form: RegExp): string {
  if (form.test(text)) return text;
  throw new MillraceError('MYSQL_SNAPSHOT_KEY', `"${text.slice(0, 100)}" is no value of ${tableName(table)}.${name}`, {
    kind: 'position',
    remedy: 'Insert the signal again: the stored place of the incremental snapshot does not fit the table.',
  });
}

/** A key cell of the text protocol as it is kept in offsets. */
export function keyText({ type }: Column, bytes: Buffer): string {
  switch (type) {
    case 'bit':
      return String(BigInt(`0x${bytes.toString('hex')}`));
    case 'binary':
    case 'varbinary':
    case 'blob':
      return bytes.toString('hex');
    default:
      return bytes.toString('utf8');
  }
}
