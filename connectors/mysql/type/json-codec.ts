import { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { writeJsonText } from '../../../runtime/record/json-text.ts';
import { jsonOf } from '../../../runtime/record/semantic-types.ts';
import { writeJsonBinary } from './json-binary.ts';
import type { TypeOptions } from './options.ts';

/** First byte of a cell that holds text: no type of binary JSON has this number. */
export const JSON_TEXT = 0xff;

/** MySQL's json in the binlog, shown as the server shows it; a partial update's cell holds its text. */
export function jsonCodec(options: TypeOptions): CellCodec {
  const scratch = new ByteWriter(4096);
  const write = (bytes: Buffer, at: number, length: number): void => {
    scratch.reset();
    writeJsonBinary(bytes, at, length, scratch);
  };
  return {
    schema: jsonOf(),
    json: () => (bytes, at, length, writer) => {
      if (length > 0 && bytes[at] === JSON_TEXT) {
        writeJsonText(writer, bytes, at + 1, length - 1);
        return;
      }
      write(bytes, at, length);
      writeJsonText(writer, scratch.bytes, 0, scratch.length);
    },
    value: (bytes, at, length) => {
      if (length > 0 && bytes[at] === JSON_TEXT) return bytes.toString('utf8', at + 1, at + length);
      write(bytes, at, length);
      return scratch.bytes.toString('utf8', 0, scratch.length);
    },
    unavailable: options.unavailable,
  };
}
