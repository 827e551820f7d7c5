import type { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import type { SinkRecord } from '../../../runtime/connector/sink.ts';
import { ChunkBuffer } from './chunk-buffer.ts';
import type { Emit, FileEncoder } from './file-encoder.ts';

/** Writes one record into a file, whole or with an error. */
export type RecordWriter = (record: SinkRecord, writer: ByteWriter) => void;

/** A file that is its records one after the other: any record fits. */
export class ChunkEncoder implements FileEncoder {
  readonly #write: RecordWriter;
  readonly #buffer: ChunkBuffer;

  constructor(write: RecordWriter, emit: Emit) {
    this.#write = write;
    this.#buffer = new ChunkBuffer(emit);
  }

  get bufferedBytes(): number {
    return this.#buffer.bytes;
  }

  fits(): boolean {
    return true;
  }

  append(record: SinkRecord): void {
    const { writer } = this.#buffer;
    const start = writer.length;
    try {
      this.#write(record, writer);
    } catch (error) {
      writer.length = start;
      throw error;
    }
    this.#buffer.recordDone();
  }

  finish(): void {
    this.#buffer.finish();
  }
}
