import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { geographyOf, geometryOf } from '../../../runtime/record/semantic-types.ts';
import { struct, type Value } from '../../../runtime/record/value.ts';
import { writeJson } from '../../../runtime/record/value-json.ts';
import { rawFromHex, rawInPlace } from './bytes-codec.ts';
import type { CellFormat } from './codec.ts';
import type { TypeOptions } from './options.ts';

/** Set in the type word of extended well-known binary where an SRID follows. */
const HAS_SRID = 0x20000000;

/** PostGIS's `geometry` and `geography`: text is the hexadecimal of what binary is, extended WKB. */
export function geometryCodec(kind: 'geometry' | 'geography', format: CellFormat, options: TypeOptions): CellCodec {
  const schema = kind === 'geometry' ? geometryOf() : geographyOf();
  const raw = format === 'binary' ? rawInPlace() : rawFromHex();
  // The hexadecimal text has no `\x` before it.
  const skip = format === 'binary' ? 0 : 2;
  const value = (bytes: Buffer, at: number, length: number): Value => {
    const found = raw(bytes, at - skip, length + skip);
    const wkb = Buffer.from(found.bytes.subarray(found.at, found.at + found.length));
    return struct({ wkb, srid: sridOf(wkb) });
  };
  return {
    schema,
    json: (jsonOptions) => (bytes, at, length, writer) =>
      writeJson(writer, schema, value(bytes, at, length), { ...jsonOptions, replaceNullWithDefault: false }),
    value,
    unavailable: struct({ wkb: Buffer.from(options.unavailable, 'utf8'), srid: null }),
  };
}

function sridOf(wkb: Buffer): number | null {
  const little = wkb[0] === 1;
  const type = little ? wkb.readUInt32LE(1) : wkb.readUInt32BE(1);
  if ((type & HAS_SRID) === 0) return null;
  return little ? wkb.readInt32LE(5) : wkb.readInt32BE(5);
}
