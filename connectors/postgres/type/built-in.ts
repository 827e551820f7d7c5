import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { STRING } from '../../../runtime/record/schema-builder.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import { jsonOf, xmlOf } from '../../../runtime/record/semantic-types.ts';
import type { PgType } from '../catalog/table.ts';
import type { CellFormat } from './codec.ts';
import { doubleCodec, floatCodec } from './float-codec.ts';
import { booleanCodec, int16Codec, int32Codec, int64Codec, oidCodec } from './integer-codec.ts';
import type { TypeOptions } from './options.ts';
import { dateCodec, timeCodec, timestampCodec, zonedTimeCodec, zonedTimestampCodec } from './temporal-codec.ts';
import { textCodec, versionedTextCodec } from './text-codec.ts';

/** Makes the codec of a type that is read in both formats. */
export type CodecMaker = (format: CellFormat, typmod: number, options: TypeOptions) => CellCodec;

const text =
  (schema: Schema): CodecMaker =>
  (_format, _typmod, options) =>
    textCodec(schema, options.unavailable);
const versioned =
  (schema: Schema): CodecMaker =>
  (format, _typmod, options) =>
    format === 'text' ? textCodec(schema, options.unavailable) : versionedTextCodec(schema, options.unavailable);
/** Fraction digits that a time type's modifier declares. */
const precision = (typmod: number): number => (typmod < 0 ? 6 : typmod);

/** By `pg_type.oid`: fixed for what comes with the server (`pg_type.dat`). */
const MAKERS: ReadonlyMap<number, CodecMaker> = new Map<number, CodecMaker>([
  [16, booleanCodec],
  [18, text(STRING)],
  [19, text(STRING)],
  [20, int64Codec],
  [21, int16Codec],
  [23, int32Codec],
  [25, text(STRING)],
  [26, oidCodec],
  [114, text(jsonOf())],
  [142, text(xmlOf())],
  [700, floatCodec],
  [701, doubleCodec],
  [1042, text(STRING)],
  [1043, text(STRING)],
  [1082, (format, _typmod, options) => dateCodec(format, options)],
  [1083, (format, typmod, options) => timeCodec(format, precision(typmod), options)],
  [1114, (format, typmod, options) => timestampCodec(format, precision(typmod), options)],
  [1184, (format, typmod) => zonedTimestampCodec(format, precision(typmod))],
  [1266, (format) => zonedTimeCodec(format)],
  [3802, versioned(jsonOf())],
]);

export function builtInCodec(type: PgType): CodecMaker | undefined {
  return MAKERS.get(type.oid);
}
