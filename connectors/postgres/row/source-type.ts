import type { SourceType } from '../../../runtime/change/source-type.ts';
import { baseType, type Column } from '../catalog/table.ts';

const VARLENA_HEADER = 4;
/** bpchar, varchar: the modifier is the length and a header; bit, varbit: the length itself; numeric: precision and scale. */
const TEXTS: ReadonlySet<number> = new Set([1042, 1043]);
const BITS: ReadonlySet<number> = new Set([1560, 1562]);
const NUMERIC = 1700;

/** Most characters of a text column; undefined: no limit declared. */
export function declaredLength(column: Column): number | undefined {
  const { type, typmod } = baseType(column);
  return TEXTS.has(type.oid) && typmod >= VARLENA_HEADER ? typmod - VARLENA_HEADER : undefined;
}

/** What `column.propagate.source.type` shows of a column. */
export function sourceType(column: Column): SourceType {
  const { type, typmod } = baseType(column);
  const name = type.name.toUpperCase();
  const modifier = typmod - VARLENA_HEADER;
  if (type.oid === NUMERIC && modifier >= 0) {
    return { name, length: modifier >>> 16, scale: ((modifier & 0x7ff) ^ 0x400) - 0x400 };
  }
  if (BITS.has(type.oid) && typmod >= 0) return { name, length: typmod };
  return TEXTS.has(type.oid) && modifier >= 0 ? { name, length: modifier } : { name };
}
