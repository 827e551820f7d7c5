import { ByteWriter } from './byte-writer.ts';
import type { CellCodec, CellJsonWriter } from './cell-codec.ts';
import type { Schema } from './schema.ts';

/** A codec of texts that are ASCII and need no escaping; `write` writes one without quotes. */
export function asciiCodec(schema: Schema, write: CellJsonWriter): CellCodec {
  const scratch = new ByteWriter(64);
  return {
    schema,
    json: () => (bytes, at, length, writer) => {
      writer.byte(0x22);
      write(bytes, at, length, writer);
      writer.byte(0x22);
    },
    value: (bytes, at, length) => {
      scratch.reset();
      write(bytes, at, length, scratch);
      return scratch.bytes.toString('latin1', 0, scratch.length);
    },
  };
}
