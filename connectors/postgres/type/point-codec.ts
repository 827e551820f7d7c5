import { writeJsonBase64 } from '../../../runtime/record/base64.ts';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { writeJsonDouble } from '../../../runtime/record/json-number.ts';
import { pointOf } from '../../../runtime/record/semantic-types.ts';
import { struct } from '../../../runtime/record/value.ts';
import type { CellFormat } from './codec.ts';
import { parseNumber } from './float-codec.ts';

const COMMA = 0x2c;
/** Well-known binary of a point: little-endian mark, type 1, x, y. */
const WKB_BYTES = 21;

/** `point`: text `(x,y)`, binary two float8. */
export function pointCodec(format: CellFormat): CellCodec {
  const wkb = Buffer.alloc(WKB_BYTES);
  wkb[0] = 1;
  wkb[1] = 1;
  let x = 0;
  let y = 0;
  const read = (bytes: Buffer, at: number, length: number): void => {
    if (format === 'binary') {
      x = bytes.readDoubleBE(at);
      y = bytes.readDoubleBE(at + 8);
    } else {
      const comma = bytes.indexOf(COMMA, at);
      x = parseNumber(bytes, at + 1, comma - at - 1);
      y = parseNumber(bytes, comma + 1, at + length - comma - 2);
    }
    wkb.writeDoubleLE(x, 5);
    wkb.writeDoubleLE(y, 13);
  };
  return {
    schema: pointOf(),
    json: () => (bytes, at, length, writer) => {
      read(bytes, at, length);
      writer.ascii('{"x":');
      writeJsonDouble(writer, x);
      writer.ascii(',"y":');
      writeJsonDouble(writer, y);
      writer.ascii(',"wkb":');
      writeJsonBase64(writer, wkb, 0, WKB_BYTES);
      writer.ascii(',"srid":null}');
    },
    value: (bytes, at, length) => {
      read(bytes, at, length);
      return struct({ x, y, wkb: Buffer.from(wkb), srid: null });
    },
  };
}
