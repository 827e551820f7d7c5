import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { STRING } from '../../../runtime/record/schema-builder.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import { enumOf, jsonOf, ltreeOf, tsvectorOf, xmlOf } from '../../../runtime/record/semantic-types.ts';
import type { PgType } from '../catalog/table.ts';
import { bitsCodec } from './bits-codec.ts';
import { bytesCodec, rawFromHex, rawInPlace } from './bytes-codec.ts';
import type { CellFormat } from './codec.ts';
import { doubleCodec, floatCodec } from './float-codec.ts';
import { geometryCodec } from './geometry-codec.ts';
import { hstoreCodec } from './hstore-codec.ts';
import { booleanCodec, int16Codec, int32Codec, int64Codec, oidCodec } from './integer-codec.ts';
import { intervalCodec } from './interval-codec.ts';
import { moneyCodec } from './money-codec.ts';
import { numericCodec } from './numeric-codec.ts';
import type { TypeOptions } from './options.ts';
import { pointCodec } from './point-codec.ts';
import { dateCodec, timeCodec, timestampCodec, zonedTimeCodec, zonedTimestampCodec } from './temporal-codec.ts';
import { textCodec, versionedTextCodec } from './text-codec.ts';
import { uuidCodec } from './uuid-codec.ts';
import { halfVectorCodec, sparseVectorCodec, vectorCodec } from './vector-codec.ts';

/** How a type that is not made of others is read. */
interface Mapping {
  /** False: from text only, in both formats. */
  readonly binary: boolean;
  codec(format: CellFormat, typmod: number, options: TypeOptions): CellCodec;
}

const UNLIMITED_BITS = 2_147_483_647;

const both = (codec: Mapping['codec']): Mapping => ({ binary: true, codec });
/** Text in both formats. */
const text = (schema: Schema): Mapping => both((_format, _typmod, options) => textCodec(schema, options.unavailable));
/** Text with a version byte before it in binary. */
const versioned = (schema: Schema): Mapping =>
  both((format, _typmod, options) =>
    format === 'text' ? textCodec(schema, options.unavailable) : versionedTextCodec(schema, options.unavailable),
  );
/** Shown as the server's text, which its binary form is not. */
const textOnly = (schema: Schema): Mapping => ({
  binary: false,
  codec: (_format, _typmod, options) => textCodec(schema, options.unavailable),
});
const parsed = (codec: (options: TypeOptions) => CellCodec): Mapping => ({
  binary: false,
  codec: (_format, _typmod, options) => codec(options),
});
/** Fraction digits that a time type's modifier declares. */
const precision = (typmod: number): number => (typmod < 0 ? 6 : typmod);

/** By `pg_type.oid`: fixed for what comes with the server (`pg_type.dat`). */
const BY_OID: ReadonlyMap<number, Mapping> = new Map<number, Mapping>([
  [16, both(booleanCodec)],
  [17, both((format, _typmod, options) => bytesCodec(format === 'text' ? rawFromHex() : rawInPlace(), options))],
  [18, textOnly(STRING)], // "char": the text of a zero byte is empty
  [19, text(STRING)], // name
  [20, both(int64Codec)],
  [21, both(int16Codec)],
  [23, both(int32Codec)],
  [25, text(STRING)],
  [26, both(oidCodec)],
  [114, text(jsonOf())],
  [142, textOnly(xmlOf())], // its binary form may begin with an encoding declaration
  [600, both(pointCodec)],
  [650, textOnly(STRING)], // cidr
  [700, both(floatCodec)],
  [701, both(doubleCodec)],
  [774, textOnly(STRING)], // macaddr8
  [790, both((format, _typmod, options) => moneyCodec(format, options))],
  [829, textOnly(STRING)], // macaddr
  [869, textOnly(STRING)], // inet
  [1042, text(STRING)],
  [1043, text(STRING)],
  [1082, both((format, _typmod, options) => dateCodec(format, options))],
  [1083, both((format, typmod, options) => timeCodec(format, precision(typmod), options))],
  [1114, both((format, typmod, options) => timestampCodec(format, precision(typmod), options))],
  [1184, both((format, typmod) => zonedTimestampCodec(format, precision(typmod)))],
  [1186, both((format, _typmod, options) => intervalCodec(format, options))],
  [1266, both((format) => zonedTimeCodec(format))],
  [1560, both((format, typmod, options) => bitsCodec(format, typmod < 0 ? 1 : typmod, options))],
  [1562, both((format, typmod, options) => bitsCodec(format, typmod < 0 ? UNLIMITED_BITS : typmod, options))],
  [1700, both(numericCodec)],
  [2950, both(uuidCodec)],
  [3614, textOnly(tsvectorOf())],
  [3802, versioned(jsonOf())],
  [3904, textOnly(STRING)], // int4range
  [3906, textOnly(STRING)], // numrange
  [3908, textOnly(STRING)], // tsrange
  [3910, textOnly(STRING)], // tstzrange
  [3912, textOnly(STRING)], // daterange
  [3926, textOnly(STRING)], // int8range
]);

/** Types of extensions, whose OIDs differ between databases. */
const BY_NAME: Readonly<Record<string, Mapping | undefined>> = {
  citext: text(STRING),
  geography: both((format, _typmod, options) => geometryCodec('geography', format, options)),
  geometry: both((format, _typmod, options) => geometryCodec('geometry', format, options)),
  halfvec: parsed(halfVectorCodec),
  hstore: both((format, _typmod, options) => hstoreCodec(format, options)),
  isbn: textOnly(STRING),
  ltree: versioned(ltreeOf()),
  sparsevec: parsed(sparseVectorCodec),
  vector: parsed(vectorCodec),
};

/** The mapping of a type that is neither domain nor array; undefined: it has none. */
export function mappingOf(type: PgType): Mapping | undefined {
  if (type.kind === 'e') return text(enumOf(type.labels ?? []));
  // Dropped before it could be looked up: what is left of it is the text of its values (I6).
  if (type.kind === 'p') return textOnly(STRING);
  const builtIn = BY_OID.get(type.oid);
  return builtIn ?? (type.kind === 'b' && type.schema !== 'pg_catalog' ? BY_NAME[type.name] : undefined);
}

/** What has no mapping, as the bytes of its text (`include.unknown.datatypes`). */
export function unknownCodec(options: TypeOptions): CellCodec {
  return bytesCodec(rawInPlace(), options);
}
