import type { Schema } from '../../../runtime/record/schema.ts';
import type { Value } from '../../../runtime/record/value.ts';
import { baseType, type Column, type PgType } from '../catalog/table.ts';
import { columnCodec } from './codec.ts';
import type { TypeOptions } from './options.ts';

/** A constant with any casts: `5`, `'x''y'::text`, `'-1'::integer`, `true`. */
const CONSTANT =
  /^\(?(?:(-?\d+(?:\.\d+)?)|(true|false)|'((?:[^']|'')*)')\)?((?:::[\w". ]+(?:\(\d+(?:,\d+)?\))?(?:\[\])*)*)$/;

/** What stands for the result of an expression, by `pg_type.oid`: as text cells. */
const ZERO: ReadonlyMap<number, string> = new Map([
  [16, 'f'],
  [20, '0'],
  [21, '0'],
  [23, '0'],
  [25, ''],
  [26, '0'],
  [700, '0'],
  [701, '0'],
  [1042, ''],
  [1043, ''],
  [1082, '1970-01-01'],
  [1083, '00:00:00'],
  [1114, '1970-01-01 00:00:00'],
  [1184, '1970-01-01 00:00:00+00'],
  [1266, '00:00:00+00'],
  [1700, '0'],
  [2950, '00000000-0000-0000-0000-000000000000'],
]);

/**
 * The default of a NOT NULL column as its field's schema has it: a constant, or, where the server
 * computes it (`nextval`, `now()`), the zero of the type, as Debezium does. Nullable columns have
 * none: Connect's JsonConverter would show their NULLs as the default (I6).
 */
export function defaultValue(column: Column, schema: Schema, options: TypeOptions): Value | undefined {
  if (!column.notNull || column.defaultExpression === undefined) return undefined;
  const { type, typmod } = baseType(column);
  const cell = constantCell(column.defaultExpression, type) ?? ZERO.get(type.oid);
  if (cell === undefined || schema.type === 'struct') return undefined;
  const codec = columnCodec(column, 'text', options);
  const bytes = Buffer.from(withScale(cell, type, typmod), 'utf8');
  try {
    return codec?.value(bytes, 0, bytes.length);
  } catch {
    // A constant that its type does not read this way (`'today'::date`): better no default than a wrong one.
    return undefined;
  }
}

/** The text cell of a constant; undefined: an expression. */
function constantCell(expression: string, type: PgType): string | undefined {
  const found = CONSTANT.exec(expression);
  if (found === null) return undefined;
  const [, number, truth, quoted] = found;
  if (number !== undefined) return number;
  if (truth !== undefined) return truth === 'true' ? 't' : 'f';
  const text = (quoted ?? '').replaceAll("''", "'");
  // `'now'::text` is a constant, `'now'::timestamp` was one when the table was made.
  return type.kind === 'b' && type.name === 'bool' ? (text.startsWith('t') ? 't' : 'f') : text;
}

/** A numeric cell has as many digits behind the point as its column declares. */
function withScale(cell: string, type: PgType, typmod: number): string {
  if (type.oid !== 1700 || typmod < 4) return cell;
  const scale = (typmod - 4) & 0x7ff;
  if (scale === 0 || scale >= 0x400) return cell;
  const [whole = '0', fraction = ''] = cell.split('.');
  return `${whole}.${fraction.padEnd(scale, '0').slice(0, scale)}`;
}
