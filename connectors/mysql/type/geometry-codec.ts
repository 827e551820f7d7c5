import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { writeJsonFloat } from '../../../runtime/record/json-number.ts';
import { floatVectorOf, geometryOf, pointOf } from '../../../runtime/record/semantic-types.ts';
import { struct, type Value } from '../../../runtime/record/value.ts';
import { writeJson } from '../../../runtime/record/value-json.ts';

const SRID_BYTES = 4;
/** Byte order, type, x, y. */
const POINT_BYTES = 21;

/** geometry and its kinds: four bytes of SRID, then well-known binary; in both formats. */
export function geometryCodec(point: boolean): CellCodec {
  const schema = point ? pointOf() : geometryOf();
  const value = (bytes: Buffer, at: number, length: number): Value => {
    const srid = bytes.readInt32LE(at);
    const wkb = Buffer.from(bytes.subarray(at + SRID_BYTES, at + length));
    const shape = { wkb, srid: srid === 0 ? null : srid };
    if (!point) return struct(shape);
    const little = wkb[0] === 1;
    const coordinate = (place: number): number => {
      if (wkb.length < POINT_BYTES) return Number.NaN;
      return little ? wkb.readDoubleLE(place) : wkb.readDoubleBE(place);
    };
    return struct({ x: coordinate(5), y: coordinate(13), ...shape });
  };
  return {
    schema,
    json: (jsonOptions) => (bytes, at, length, writer) =>
      writeJson(writer, schema, value(bytes, at, length), { ...jsonOptions, replaceNullWithDefault: false }),
    value,
  };
}

/** vector: single-precision numbers, little-endian, in both formats. */
export function vectorCodec(): CellCodec {
  return {
    schema: floatVectorOf(),
    json: () => (bytes, at, length, writer) => {
      writer.byte(0x5b);
      for (let i = at; i + 4 <= at + length; i += 4) {
        if (i > at) writer.byte(0x2c);
        writeJsonFloat(writer, bytes.readFloatLE(i));
      }
      writer.byte(0x5d);
    },
    value: (bytes, at, length) =>
      Array.from({ length: Math.floor(length / 4) }, (_, i) => bytes.readFloatLE(at + i * 4)),
  };
}
