import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { jsonOf } from '../../../runtime/record/semantic-types.ts';
import type { Column } from '../catalog/table.ts';
import { inetCodec, uuidCodec } from './address-codec.ts';
import { bitsCodec, bytesCodec } from './bytes-codec.ts';
import { numericCodec } from './decimal-codec.ts';
import { compressedCodec } from './compressed-codec.ts';
import { doubleCodec, floatCodec } from './float-codec.ts';
import { geometryCodec, vectorCodec } from './geometry-codec.ts';
import { integerCodec } from './integer-codec.ts';
import { jsonCodec } from './json-codec.ts';
import { enumCodec, setCodec } from './label-codec.ts';
import type { CellFormat, TypeOptions } from './options.ts';
import { dateCodec, datetimeCodec, timeCodec, timestampCodec, yearCodec } from './temporal-codec.ts';
import { textCodec, utf8Codec } from './text-codec.ts';

/** The codec of a column's cells, for either format with equal values and JSON. */
export function columnCodec(column: Column, format: CellFormat, options: TypeOptions): CellCodec {
  const codec = plainCodec(column, format, options);
  return column.compressed === true && format === 'binlog' ? compressedCodec(codec) : codec;
}

function plainCodec(column: Column, format: CellFormat, options: TypeOptions): CellCodec {
  switch (column.type) {
    case 'tinyint':
    case 'smallint':
    case 'mediumint':
    case 'int':
    case 'bigint':
      return integerCodec(column, format, options);
    case 'float':
      return floatCodec(format);
    case 'double':
      return doubleCodec(format);
    case 'decimal':
      return numericCodec(column, format, options);
    case 'bit':
      return bitsCodec(column);
    case 'year':
      return yearCodec(format);
    case 'date':
      return dateCodec(column, format, options);
    case 'time':
      return timeCodec(column, format, options);
    case 'datetime':
      return datetimeCodec(column, format, options);
    case 'timestamp':
      return timestampCodec(column, format);
    case 'char':
    case 'varchar':
    case 'text':
      return textCodec(column, format, options);
    case 'binary':
      return bytesCodec(options, column.length);
    case 'varbinary':
    case 'blob':
      return bytesCodec(options);
    case 'enum':
      return enumCodec(column, format, options);
    case 'set':
      return setCodec(column, format, options);
    case 'json':
      return format === 'text' ? utf8Codec(jsonOf(), options.unavailable) : jsonCodec(options);
    case 'geometry':
      return geometryCodec(false);
    case 'point':
      return geometryCodec(true);
    case 'vector':
      return vectorCodec();
    case 'uuid':
      return uuidCodec(format, options);
    case 'inet4':
    case 'inet6':
      return inetCodec(column.type, format, options);
  }
}
