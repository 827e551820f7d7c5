import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { MillraceError } from '../../record/error.ts';
import { corrupt, tooLarge } from './corrupt.ts';
import type { Compression } from './format.ts';
import { lz4Compress, lz4Decompress } from './lz4-frame.ts';
import { snappyCompress, snappyDecompress } from './snappy.ts';

/** What the records of one batch may take when decompressed, unless the reader says otherwise. */
export const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;

/** The fastest of zstd's regular levels; on change events the next ones cost more and win little (docs/decisions). */
const ZSTD_LEVEL = 1;

/** Compresses the records of a batch as Kafka's codec of that name does. */
export function compress(codec: Exclude<Compression, 'none'>, bytes: Buffer): Uint8Array {
  switch (codec) {
    case 'gzip':
      return gzipSync(bytes);
    case 'zstd':
      return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } });
    case 'lz4':
      return lz4Compress(bytes);
    case 'snappy':
      return snappyCompress(bytes);
  }
}

/**
 * Decompresses the records of a batch. Throws `BATCH_TOO_LARGE` when they take more than
 * `maxBytes`, before that much memory is used, and `BATCH_COMPRESSION` when they are damaged.
 */
export function decompress(codec: Exclude<Compression, 'none'>, bytes: Buffer, maxBytes: number): Buffer {
  try {
    switch (codec) {
      case 'gzip':
        return gunzipSync(bytes, { maxOutputLength: maxBytes });
      case 'zstd':
        return zstdDecompressSync(bytes, { maxOutputLength: maxBytes });
      case 'lz4':
        return lz4Decompress(bytes, maxBytes);
      case 'snappy':
        return snappyDecompress(bytes, maxBytes);
    }
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    throw corrupt('BATCH_COMPRESSION', `record batch: ${codec} data is damaged`, error);
  }
}
