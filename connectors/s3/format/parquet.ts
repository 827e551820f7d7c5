import type { FileFormat } from './file-encoder.ts';

export interface ParquetOptions {
  readonly envelope: boolean;
  readonly codec: 'none' | 'snappy' | 'gzip' | 'zstd';
  readonly rowGroupBytes: number;
}

export function parquet(options: ParquetOptions): FileFormat {
  throw new Error(`not yet ${options.codec}`);
}
