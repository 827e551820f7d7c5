import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import type { Column, PgType } from '../catalog/table.ts';
import { arrayCodec } from './array-codec.ts';
import { mappingOf, unknownCodec } from './built-in.ts';
import type { TypeOptions } from './options.ts';

/**
 * How the bytes of a cell are encoded: Postgres's text output, or its binary send format. Types
 * without a binary codec of ours are read as text in both cases: see {@link hasBinary}.
 */
export type CellFormat = 'text' | 'binary';

/**
 * The codec of a column's cells, for either format with equal values and JSON. null: the type has
 * no mapping and `include.unknown.datatypes` is off; records leave the column out.
 */
export function columnCodec(column: Column, format: CellFormat, options: TypeOptions): CellCodec | null {
  const { type, typmod, dimensions } = column;
  const read = format === 'binary' && !hasBinary(type) ? 'text' : format;
  return typeCodec(type, typmod, dimensions, read, options) ?? (options.unknown ? unknownCodec(options) : null);
}

/** False: a binary reader selects the column's text instead; its codec of the format `binary` reads that. */
export function hasBinary(type: PgType): boolean {
  const part = type.kind === 'd' ? type.base : type.element;
  if (part !== undefined) return hasBinary(part);
  return type.binary && mappingOf(type)?.binary === true;
}

function typeCodec(
  type: PgType,
  typmod: number,
  dimensions: number,
  format: CellFormat,
  options: TypeOptions,
): CellCodec | null {
  if (type.kind === 'd' && type.base !== undefined) {
    return typeCodec(type.base, type.baseTypmod ?? -1, type.dimensions ?? 0, format, options);
  }
  if (type.element !== undefined) {
    const item = typeCodec(type.element, typmod, 0, format, options);
    return item === null ? null : arrayCodec(item, Math.max(1, dimensions), format, options);
  }
  return mappingOf(type)?.codec(format, typmod, options) ?? null;
}
