import { inflateRawSync, inflateSync } from 'node:zlib';
import { MillraceError } from '../../../runtime/record/error.ts';
import { messageOf } from '../../../runtime/record/thrown.ts';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';

const METHOD = 0xf0;
const ZLIB = 0x80;
/** Deflate without zlib's frame around it. */
const RAW = 0x08;
const LENGTH_BYTES = 0x07;

/** A cell of a MariaDB column that is COMPRESSED, as `clear` shows what is in it. The text protocol sends it unpacked. */
export function compressedCodec(clear: CellCodec): CellCodec {
  return {
    ...clear,
    json: (...options) => {
      const write = clear.json(...options);
      return (bytes, at, length, writer) => {
        const cell = unpackCell(bytes, at, length);
        write(cell, 0, cell.length, writer);
      };
    },
    value: (bytes, at, length) => {
      const cell = unpackCell(bytes, at, length);
      return clear.value(cell, 0, cell.length);
    },
  };
}

/**
 * What MariaDB stores of a compressed column (`Field_longstr::compress`):
 *
 *     cell = nothing | 0x00 bytes | (0x80 | raw:0x08 | n) length:n (big-endian) deflate
 */
export function unpackCell(bytes: Buffer, at: number, length: number): Buffer {
  if (length === 0) return bytes.subarray(at, at);
  const head = bytes[at] as number;
  if (head === 0) return bytes.subarray(at + 1, at + length);
  const width = head & LENGTH_BYTES;
  if ((head & METHOD) !== ZLIB || width === 0 || length < 1 + width) throw broken(`its head is ${head}`);
  let size = 0;
  for (let i = 1; i <= width; i++) size = size * 256 + (bytes[at + i] as number);
  const packed = bytes.subarray(at + 1 + width, at + length);
  let clear: Buffer;
  try {
    const options = { maxOutputLength: Math.max(1, size) };
    clear = (head & RAW) === 0 ? inflateSync(packed, options) : inflateRawSync(packed, options);
  } catch (error) {
    throw broken(messageOf(error));
  }
  if (clear.length !== size) throw broken(`it unpacks to ${clear.length} bytes, not ${size}`);
  return clear;
}

function broken(why: string): MillraceError {
  return new MillraceError('MYSQL_ROWS_BROKEN', `a compressed value cannot be unpacked: ${why}`, {
    kind: 'corrupt',
    remedy: 'Restart the task. If it happens again at the same place, report the table’s definition.',
  });
}
