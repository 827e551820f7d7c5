import { constants, createGzip, createZstdCompress, type Gzip, type ZstdCompress } from 'node:zlib';
import type { Compression, Emit } from './file-encoder.ts';

const FORWARD_BYTES = 1_048_576;

/**
 * Between an encoder and an upload: passes chunks on, compressed into one gzip member or zstd frame.
 * Compression runs in the thread pool; `drain` waits until all chunks have been through. The same
 * chunks give the same bytes.
 */
export class Compressor {
  readonly #emit: Emit;
  readonly #stream: Gzip | ZstdCompress | null;
  #pendingBytes = 0;
  #settled: Promise<void> = Promise.resolve();
  #error: Error | null = null;

  constructor(compression: Compression, emit: Emit) {
    this.#emit = emit;
    this.#stream = open(compression);
    this.#stream?.on('data', (chunk: Buffer) => emit(chunk));
    this.#stream?.on('error', (error) => (this.#error = error));
  }

  /** Given and not yet through. */
  get bufferedBytes(): number {
    return this.#pendingBytes;
  }

  add(chunk: Uint8Array): void {
    const stream = this.#stream;
    if (stream === null) {
      this.#emit(chunk);
      return;
    }
    this.#pendingBytes += chunk.length;
    this.#settled = new Promise((resolve) => {
      stream.write(chunk, () => {
        this.#pendingBytes -= chunk.length;
        resolve();
      });
    });
  }

  /** Waits where much is on its way, so that memory stays bounded (I7). */
  async drain(): Promise<void> {
    if (this.#pendingBytes >= FORWARD_BYTES) await this.#settled;
    this.#check();
  }

  async end(): Promise<void> {
    const stream = this.#stream;
    if (stream === null) return;
    await new Promise<void>((resolve) => {
      stream.once('end', resolve);
      stream.once('close', resolve);
      stream.end();
    });
    this.#check();
  }

  destroy(): void {
    this.#stream?.removeAllListeners('data');
    this.#stream?.destroy();
  }

  #check(): void {
    if (this.#error !== null) throw this.#error;
  }
}

const SUFFIX = { none: '', gzip: '.gz', zstd: '.zst' } as const;

/** What a file's name ends with, its dot included. */
export function compressedSuffix({ type }: Compression): string {
  return SUFFIX[type];
}

function open({ type, level }: Compression): Gzip | ZstdCompress | null {
  switch (type) {
    case 'none':
      return null;
    case 'gzip':
      return createGzip(level === -1 ? {} : { level });
    case 'zstd':
      return createZstdCompress(level === -1 ? {} : { params: { [constants.ZSTD_c_compressionLevel]: level } });
  }
}
