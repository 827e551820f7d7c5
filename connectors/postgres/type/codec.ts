import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import type { Column, PgType } from '../catalog/table.ts';
import { builtInCodec } from './built-in.ts';
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
  return typeCodec(column.type, column.typmod, column.dimensions, format, options);
}

/** False: select the column as `column::text`, its codec in the format `binary` reads that. */
export function hasBinary(type: PgType): boolean {
  return builtInCodec(type) !== undefined;
}

function typeCodec(
  type: PgType,
  typmod: number,
  _dimensions: number,
  format: CellFormat,
  options: TypeOptions,
): CellCodec | null {
  if (type.kind === 'd' && type.base !== undefined) {
    return typeCodec(type.base, type.baseTypmod ?? -1, type.dimensions ?? 0, format, options);
  }
  return builtInCodec(type)?.(format, typmod, options) ?? null;
}
