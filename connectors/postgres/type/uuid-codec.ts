import type { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { uuidOf } from '../../../runtime/record/semantic-types.ts';
import type { CellFormat } from './codec.ts';

const QUOTE = 0x22;
const DASH = 0x2d;
const HEX = Buffer.from('0123456789abcdef');

export function uuidCodec(format: CellFormat): CellCodec {
  const scratch = Buffer.alloc(36);
  if (format === 'text') {
    return {
      schema: uuidOf(),
      json: () => (bytes, at, length, writer) => {
        writer.byte(QUOTE);
        writer.copy(bytes, at, length);
        writer.byte(QUOTE);
      },
      value: (bytes, at, length) => bytes.toString('latin1', at, at + length),
    };
  }
  return {
    schema: uuidOf(),
    json: () => (bytes, at, _length, writer: ByteWriter) => {
      writer.reserve(38);
      const { bytes: out, length: to } = writer;
      out[to] = QUOTE;
      writeUuid(bytes, at, out, to + 1);
      out[to + 37] = QUOTE;
      writer.length = to + 38;
    },
    value: (bytes, at) => {
      writeUuid(bytes, at, scratch, 0);
      return scratch.toString('latin1');
    },
  };
}

function writeUuid(bytes: Buffer, at: number, out: Buffer, start: number): void {
  let to = start;
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) out[to++] = DASH;
    const byte = bytes[at + i] as number;
    out[to++] = HEX[byte >> 4] as number;
    out[to++] = HEX[byte & 15] as number;
  }
}
