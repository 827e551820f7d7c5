import { corrupt, tooLarge } from './corrupt.ts';

/**
 * Snappy in the framing of xerial's snappy-java, which Kafka uses, and bare:
 *
 *     framed = 0x82 "SNAPPY" 0x00 version:int32 compatible:int32 (size:int32 block)*
 *     block  = length:varint element*            // length of what it decompresses to
 *     element: low two bits of its tag            // "Snappy compressed format description"
 *       00 literal, length − 1 in the upper six bits, or in 1–4 bytes after it (60–63)
 *       01 copy of 4–11 bytes, offset of 11 bits   10 copy, offset uint16le   11 copy, offset uint32le
 */
const FRAME = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00, 0, 0, 0, 1, 0, 0, 0, 1]);
const BLOCK_BYTES = 32 * 1024;

/** A valid stream of literals only: snappy is read for others' sake; choose another codec to save space. */
export function snappyCompress(bytes: Uint8Array): Buffer {
  const parts: Uint8Array[] = [FRAME];
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const block = bytes.subarray(at, at + BLOCK_BYTES);
    const head = Buffer.alloc(10);
    let to = 4;
    let rest = block.length;
    for (; rest >= 0x80; rest >>>= 7) head[to++] = (rest & 0x7f) | 0x80;
    head[to++] = rest;
    const short = block.length <= 60;
    head[to++] = (short ? block.length - 1 : 61) << 2;
    if (!short) to = head.writeUInt16LE(block.length - 1, to);
    head.writeInt32BE(to - 4 + block.length, 0);
    parts.push(head.subarray(0, to), block);
  }
  return Buffer.concat(parts);
}

/** Throws `BATCH_COMPRESSION` or `BATCH_TOO_LARGE`. */
export function snappyDecompress(bytes: Buffer, maxBytes: number): Buffer {
  if (bytes.length < FRAME.length || bytes.compare(FRAME, 0, 8, 0, 8) !== 0) return block(bytes, maxBytes);
  const parts: Buffer[] = [];
  let left = maxBytes;
  let at = FRAME.length;
  while (at < bytes.length) {
    const size = at + 4 > bytes.length ? -1 : bytes.readInt32BE(at);
    at += 4;
    if (size < 0 || size > bytes.length - at) throw damaged();
    const part = block(bytes.subarray(at, at + size), left, maxBytes);
    left -= part.length;
    parts.push(part);
    at += size;
  }
  return Buffer.concat(parts);
}

function block(bytes: Buffer, left: number, maxBytes = left): Buffer {
  let at = 0;
  let size = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    if (byte === undefined || shift > 28) throw damaged();
    size += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  if (size > left) throw tooLarge(maxBytes);
  const target = Buffer.allocUnsafe(size);
  let to = 0;
  while (at < bytes.length) {
    const tag = bytes[at++] as number;
    if ((tag & 3) === 0) {
      let length = (tag >> 2) + 1;
      if (length > 60) {
        const width = length - 60;
        if (width > bytes.length - at) throw damaged();
        length = bytes.readUIntLE(at, width) + 1;
        at += width;
      }
      if (length > bytes.length - at || length > size - to) throw damaged();
      bytes.copy(target, to, at, at + length);
      at += length;
      to += length;
    } else {
      const width = (tag & 3) === 3 ? 4 : tag & 3;
      if (width > bytes.length - at) throw damaged();
      const short = width === 1;
      const length = short ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
      const distance = bytes.readUIntLE(at, width) + (short ? (tag >> 5) << 8 : 0);
      at += width;
      if (distance === 0 || distance > to || length > size - to) throw damaged();
      for (let i = 0; i < length; i++) target[to + i] = target[to + i - distance] as number;
      to += length;
    }
  }
  if (to !== size) throw damaged();
  return target;
}

function damaged(): Error {
  return corrupt('BATCH_COMPRESSION', 'record batch: snappy data is damaged');
}
