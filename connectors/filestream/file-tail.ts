import { crc32 } from 'node:zlib';

/** Bytes at most that say whether a file is still the one that was written. */
const TAIL_BYTES = 4096;

/** What a file ends with: how many bytes, and their CRC-32. */
export interface TailMark {
  readonly bytes: number;
  readonly crc: number;
}

/** The last bytes of a file that grows. */
export class FileTail {
  #bytes: Buffer;

  constructor(bytes: Uint8Array = Buffer.alloc(0)) {
    this.#bytes = Buffer.from(bytes.subarray(Math.max(0, bytes.length - TAIL_BYTES)));
  }

  append(bytes: Uint8Array): void {
    const kept = this.#bytes.subarray(Math.max(0, this.#bytes.length + bytes.length - TAIL_BYTES));
    const added = bytes.subarray(Math.max(0, bytes.length - TAIL_BYTES));
    this.#bytes = Buffer.concat([kept, added]);
  }

  get mark(): TailMark {
    return { bytes: this.#bytes.length, crc: crc32(this.#bytes) };
  }

  /** How much of a file of this length the tail is. */
  static bytesOf(length: number): number {
    return Math.min(length, TAIL_BYTES);
  }
}
