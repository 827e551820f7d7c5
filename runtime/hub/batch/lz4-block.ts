import { corrupt } from './corrupt.ts';

/**
 * The LZ4 block format ("LZ4 Block Format Description", 2022):
 *
 *     block    = sequence*                       // the last one ends after its literals
 *     sequence = token:uint8                     // high nibble literal length, low nibble match length − 4
 *                [literalLength:uint8*]          // while 255, where the nibble is 15
 *                literals
 *                offset:uint16le [matchLength:uint8*]
 *
 * A match never starts in the last 12 bytes and the last 5 bytes are literals.
 */
const MIN_MATCH = 4;
const LAST_LITERALS = 5;
const MATCH_LIMIT = 12;
const MAX_DISTANCE = 0xffff;
const HASH_BITS = 14;

/** Most bytes that `size` bytes can take when compressed. */
export function lz4Bound(size: number): number {
  return size + Math.floor(size / 255) + 16;
}

/** Positions plus one of earlier words by hash; one table serves all blocks, synchronously. */
const table = new Int32Array(1 << HASH_BITS);

/** Compresses `source[at, end)` into `target` from `to` on; returns the index after it. */
export function lz4CompressBlock(source: Uint8Array, at: number, end: number, target: Uint8Array, to: number): number {
  table.fill(0);
  const matchEnd = end - LAST_LITERALS;
  const searchEnd = end - MATCH_LIMIT;
  let anchor = at;
  let position = at;
  let misses = 0;
  while (position <= searchEnd) {
    const slot = hash(source, position);
    const candidate = (table[slot] as number) - 1;
    table[slot] = position + 1;
    if (candidate < at || position - candidate > MAX_DISTANCE || !sameWord(source, candidate, position)) {
      position += 1 + (misses++ >> 6);
      continue;
    }
    misses = 0;
    let length = MIN_MATCH;
    while (position + length < matchEnd && source[candidate + length] === source[position + length]) length++;
    to = writeSequence(source, anchor, position, target, to, length - MIN_MATCH);
    const distance = position - candidate;
    target[to++] = distance & 0xff;
    target[to++] = distance >> 8;
    to = writeRest(target, to, length - MIN_MATCH);
    position += length;
    anchor = position;
    if (position <= searchEnd) table[hash(source, position - 2)] = position - 1;
  }
  return writeSequence(source, anchor, end, target, to, 0);
}

/**
 * Decompresses `source[at, end)` into `target` from `to` on; matches may reach back to `target[0]`.
 * Returns the index after it, or -1 where it does not fit. Throws `BATCH_COMPRESSION`.
 */
export function lz4DecompressBlock(source: Uint8Array, at: number, end: number, target: Buffer, to: number): number {
  while (at < end) {
    const token = source[at++] as number;
    let literals = token >> 4;
    if (literals === 15) {
      let more: number;
      do {
        if (at >= end) throw damaged();
        more = source[at++] as number;
        literals += more;
      } while (more === 255);
    }
    if (literals > end - at) throw damaged();
    if (literals > target.length - to) return -1;
    target.set(source.subarray(at, at + literals), to);
    at += literals;
    to += literals;
    if (at === end) return to;
    if (at + 2 > end) throw damaged();
    const distance = (source[at] as number) | ((source[at + 1] as number) << 8);
    at += 2;
    if (distance === 0 || distance > to) throw damaged();
    let length = (token & 15) + MIN_MATCH;
    if (length === 15 + MIN_MATCH) {
      let more: number;
      do {
        if (at >= end) throw damaged();
        more = source[at++] as number;
        length += more;
      } while (more === 255);
    }
    if (length > target.length - to) return -1;
    if (distance >= length) target.copyWithin(to, to - distance, to - distance + length);
    else for (let i = 0; i < length; i++) target[to + i] = target[to + i - distance] as number;
    to += length;
  }
  throw damaged();
}

/** Token, literal length and literals `source[from, until)`. */
function writeSequence(
  source: Uint8Array,
  from: number,
  until: number,
  target: Uint8Array,
  to: number,
  match: number,
): number {
  const literals = until - from;
  target[to++] = (Math.min(literals, 15) << 4) | Math.min(match, 15);
  to = writeRest(target, to, literals);
  if (literals > 32) {
    target.set(source.subarray(from, until), to);
    return to + literals;
  }
  for (let i = from; i < until; i++) target[to++] = source[i] as number;
  return to;
}

/** What a length has beyond its nibble. */
function writeRest(target: Uint8Array, to: number, length: number): number {
  if (length < 15) return to;
  let rest = length - 15;
  for (; rest >= 255; rest -= 255) target[to++] = 255;
  target[to++] = rest;
  return to;
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

function hash(bytes: Uint8Array, at: number): number {
  return Math.imul(word(bytes, at), 0x9e3779b1) >>> (32 - HASH_BITS);
}

function sameWord(bytes: Uint8Array, a: number, b: number): boolean {
  return word(bytes, a) === word(bytes, b);
}

function damaged(): Error {
  return corrupt('BATCH_COMPRESSION', 'record batch: lz4 data is damaged');
}
