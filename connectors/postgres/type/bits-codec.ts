import { writeJsonBase64 } from '../../../runtime/record/base64.ts';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { BOOLEAN } from '../../../runtime/record/schema-builder.ts';
import { bitsOf } from '../../../runtime/record/semantic-types.ts';
import type { CellFormat } from './codec.ts';
import { readInt32 } from './integer-codec.ts';
import type { TypeOptions } from './options.ts';

const ONE = 0x31;
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');

/**
 * `bit(n)` and `varbit(n)`: a boolean for one bit; otherwise little-endian bytes up to the highest
 * bit that is set. `declared`: n, by default 1 for bit and 2147483647 for varbit.
 */
export function bitsCodec(format: CellFormat, declared: number, options: TypeOptions): CellCodec {
  if (declared <= 1) {
    const isSet = (bytes: Buffer, at: number, length: number): boolean =>
      format === 'text' ? bytes[at] === ONE : length > 4 && ((bytes[at + 4] as number) & 0x80) !== 0;
    return {
      schema: BOOLEAN,
      json: () => (bytes, at, length, writer) =>
        isSet(bytes, at, length) ? writer.copy(TRUE, 0, 4) : writer.copy(FALSE, 0, 5),
      value: isSet,
    };
  }
  let scratch = Buffer.alloc(16);
  const pack = (bytes: Buffer, at: number, length: number): number => {
    const count = format === 'text' ? length : readInt32(bytes, at);
    const size = (count + 7) >> 3;
    if (scratch.length < size) scratch = Buffer.alloc(size * 2);
    scratch.fill(0, 0, size);
    let highest = -1;
    for (let bit = 0; bit < count; bit++) {
      const place = count - 1 - bit;
      const set =
        format === 'text'
          ? bytes[at + place] === ONE
          : ((bytes[at + 4 + (place >> 3)] as number) & (0x80 >> (place & 7))) !== 0;
      if (!set) continue;
      highest = bit;
      scratch[bit >> 3] = (scratch[bit >> 3] as number) | (1 << (bit & 7));
    }
    return (highest + 8) >> 3;
  };
  return {
    schema: bitsOf(declared),
    json: () => (bytes, at, length, writer) => {
      const used = pack(bytes, at, length);
      writeJsonBase64(writer, scratch, 0, used);
    },
    value: (bytes, at, length) => {
      const used = pack(bytes, at, length);
      return Buffer.from(scratch.subarray(0, used));
    },
    unavailable: Buffer.from(options.unavailable, 'utf8'),
  };
}
