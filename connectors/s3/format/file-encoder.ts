import type { SinkRecord } from '../../../runtime/connector/sink.ts';

/**
 * Turns the records of one file into its bytes. What is emitted depends on the records alone, not
 * on how they were batched.
 */
export interface FileEncoder {
  /** Whether the record fits this file; false: its schema differs. Throws a `data` error for a record that fits none. */
  fits(record: SinkRecord): boolean;
  /** Takes a record that fits. Throws a `data` error and is unchanged where it cannot be written. */
  append(record: SinkRecord): void;
  /** Emits what it holds back, where it can, to free memory: only how the file is laid out inside changes. */
  relieve?(): void;
  /** Ends the file: emits all that is left. */
  finish(): void;
  /** Memory for what is held back until more records come, bytes. */
  readonly bufferedBytes: number;
}

/** Takes over a finished chunk. */
export type Emit = (chunk: Uint8Array) => void;

/** A format: an encoder for each new file. */
export interface FileFormat {
  /** With its dot, compression included. */
  readonly extension: string;
  /** What the emitted bytes go through. */
  readonly compression: Compression;
  encoder(emit: Emit): FileEncoder;
}

export interface Compression {
  readonly type: 'none' | 'gzip' | 'zstd';
  /** -1: the algorithm's default. */
  readonly level: number;
}
