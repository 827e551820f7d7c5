import { writeJsonBase64 } from '../record/base64.ts';
import type { CellCodec } from '../record/cell-codec.ts';
import { writeJsonString } from '../record/json-text.ts';
import type { Value } from '../record/value.ts';

/** Cuts texts to `length` UTF-16 units and bytes to `length` bytes; other values stay as they are. */
export function truncated(codec: CellCodec, length: number): CellCodec {
  const { type } = codec.schema;
  if (type !== 'string' && type !== 'bytes') return codec;
  const value = (bytes: Buffer, at: number, count: number): Value => {
    const whole = codec.value(bytes, at, count);
    return typeof whole === 'string' || whole instanceof Uint8Array ? whole.slice(0, length) : whole;
  };
  return {
    schema: codec.schema,
    json: (options) => {
      const write = codec.json(options);
      return (bytes, at, count, writer) => {
        const cut = value(bytes, at, count);
        if (typeof cut === 'string') writeJsonString(writer, cut);
        else if (cut instanceof Uint8Array) writeJsonBase64(writer, cut, 0, cut.length);
        else write(bytes, at, count, writer);
      };
    },
    value,
    hides: true,
    ...(codec.unavailable === undefined ? {} : { unavailable: codec.unavailable }),
  };
}
