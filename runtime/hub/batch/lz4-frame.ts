import { corrupt, tooLarge } from './corrupt.ts';
import { lz4Bound, lz4CompressBlock, lz4DecompressBlock } from './lz4-block.ts';
import { xxhash32 } from './xxhash32.ts';

/**
 * The LZ4 frame format ("LZ4 Frame Format Description" 1.6.3), which Kafka uses since message format 2:
 *
 *     frame = magic:uint32le(0x184d2204)
 *             flags:uint8      // bits 7–6 version 01, 5 blocks independent, 4 block checksums,
 *                              // 3 content size, 2 content checksum, 0 dictionary id
 *             blockSizes:uint8 // bits 6–4: 4 → 64 KiB, 5 → 256 KiB, 6 → 1 MiB, 7 → 4 MiB
 *             [contentSize:uint64le] [dictionaryId:uint32le]
 *             headerChecksum:uint8   // second byte of xxHash32 of the header after the magic
 *             block* endMark:uint32le(0) [contentChecksum:uint32le]
 *     block = size:uint32le    // bit 31: stored as it is
 *             data [checksum:uint32le]
 *
 * Frames may follow one another; skippable frames (magic 0x184d2a50–5f, size:uint32le) are skipped.
 */
const FRAME_MAGIC = 0x184d2204;
const SKIPPABLE_MAGIC = 0x184d2a50;
const VERSION = 0x40;
const INDEPENDENT = 0x20;
const BLOCK_CHECKSUMS = 0x10;
const CONTENT_SIZE = 0x08;
const CONTENT_CHECKSUM = 0x04;
const DICTIONARY = 0x01;
const STORED = 0x8000_0000;
/** As the Java client writes. */
const BLOCK_BYTES = 64 * 1024;

/** One frame of independent 64 KiB blocks, as Kafka's own clients write. */
export function lz4Compress(bytes: Uint8Array): Buffer {
  const blocks = Math.ceil(bytes.length / BLOCK_BYTES);
  const target = Buffer.allocUnsafe(15 + bytes.length + blocks * (4 + lz4Bound(0)) + Math.ceil(bytes.length / 255));
  target.writeUInt32LE(FRAME_MAGIC, 0);
  target[4] = VERSION | INDEPENDENT;
  target[5] = 4 << 4;
  target[6] = (xxhash32(target, 4, 6) >>> 8) & 0xff;
  let to = 7;
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const end = Math.min(at + BLOCK_BYTES, bytes.length);
    const after = lz4CompressBlock(bytes, at, end, target, to + 4);
    if (after - to - 4 < end - at) {
      target.writeUInt32LE(after - to - 4, to);
      to = after;
    } else {
      target.writeUInt32LE((STORED | (end - at)) >>> 0, to);
      target.set(bytes.subarray(at, end), to + 4);
      to += 4 + end - at;
    }
  }
  target.writeUInt32LE(0, to);
  return target.subarray(0, to + 4);
}

/** Decompresses all frames; all checksums are verified. Throws `BATCH_COMPRESSION` or `BATCH_TOO_LARGE`. */
export function lz4Decompress(source: Buffer, maxBytes: number): Buffer {
  const frames = new FrameReader(source, maxBytes);
  while (frames.at < source.length) frames.frame();
  return frames.output.subarray(0, frames.length);
}

class FrameReader {
  at = 0;
  output: Buffer;
  length = 0;
  readonly #source: Buffer;
  readonly #maxBytes: number;

  constructor(source: Buffer, maxBytes: number) {
    this.#source = source;
    this.#maxBytes = maxBytes;
    this.output = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(source.length * 4, 4096)));
  }

  frame(): void {
    const source = this.#source;
    const magic = this.#uint32();
    if ((magic & 0xffff_fff0) >>> 0 === SKIPPABLE_MAGIC) {
      this.#take(this.#uint32());
      return;
    }
    if (magic !== FRAME_MAGIC) throw damaged('not an lz4 frame');
    const headerAt = this.#take(2);
    const flags = source[headerAt] as number;
    if ((flags & 0xc0) !== VERSION) throw damaged('an lz4 frame of an unknown version');
    if (flags & DICTIONARY) throw damaged('an lz4 frame that needs a dictionary');
    if (flags & CONTENT_SIZE) this.#take(8);
    const checksumAt = this.#take(1);
    if (((xxhash32(source, headerAt, checksumAt) >>> 8) & 0xff) !== source[checksumAt])
      throw damaged('header checksum');
    const blockBytes = 1 << (8 + 2 * (((source[headerAt + 1] as number) >> 4) & 7));
    if (blockBytes < BLOCK_BYTES) throw damaged('an unknown block size');
    const from = this.length;
    while (this.#block(blockBytes, (flags & BLOCK_CHECKSUMS) !== 0));
    if (flags & CONTENT_CHECKSUM && this.#uint32() !== xxhash32(this.output, from, this.length)) {
      throw damaged('content checksum');
    }
  }

  /** False at the end mark. */
  #block(blockBytes: number, checksummed: boolean): boolean {
    const head = this.#uint32();
    if (head === 0) return false;
    const size = head & 0x7fff_ffff;
    if (size > blockBytes) throw damaged('a block larger than its frame allows');
    const at = this.#take(size);
    if (checksummed && this.#uint32() !== xxhash32(this.#source, at, at + size)) throw damaged('block checksum');
    if (head >>> 31) {
      this.#room(size);
      this.output.set(this.#source.subarray(at, at + size), this.length);
      this.length += size;
    } else {
      const room = this.#room(blockBytes);
      const length = lz4DecompressBlock(this.#source, at, at + size, room, this.length);
      if (length >= 0) this.length = length;
      else if (room.length === this.#maxBytes) throw tooLarge(this.#maxBytes);
      else throw damaged('a block larger than its frame allows');
    }
    return true;
  }

  /** The output with room for `count` more bytes, but never more than the limit. */
  #room(count: number): Buffer {
    const wanted = this.length + count;
    if (wanted > this.output.length && this.output.length < this.#maxBytes) {
      const larger = Buffer.allocUnsafe(Math.min(this.#maxBytes, Math.max(wanted, this.output.length * 2)));
      this.output.copy(larger, 0, 0, this.length);
      this.output = larger;
    }
    if (this.length >= this.#maxBytes && count > 0) throw tooLarge(this.#maxBytes);
    return this.output.subarray(0, Math.min(this.output.length, wanted));
  }

  #uint32(): number {
    return this.#source.readUInt32LE(this.#take(4));
  }

  /** Steps over `count` bytes; returns where they start. */
  #take(count: number): number {
    const { at } = this;
    if (count > this.#source.length - at) throw damaged('the end is missing');
    this.at = at + count;
    return at;
  }
}

function damaged(what: string): Error {
  return corrupt('BATCH_COMPRESSION', `record batch: lz4 data is damaged: ${what}`);
}
