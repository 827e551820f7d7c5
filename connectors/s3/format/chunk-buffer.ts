import { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import type { Emit } from './file-encoder.ts';

const FIRST_BYTES = 16_384;
const CHUNK_BYTES = 262_144;

/** Bytes of a file that gather until they are a chunk; it ends between records. What was emitted is not written to again. */
export class ChunkBuffer {
  /** Replaced by each chunk: read it again after {@link recordDone}. */
  writer = new ByteWriter(FIRST_BYTES);
  readonly #emit: Emit;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  get bytes(): number {
    return this.writer.length;
  }

  /** The writer ends with a whole record. */
  recordDone(): void {
    if (this.writer.length >= CHUNK_BYTES) this.#cut(CHUNK_BYTES + FIRST_BYTES);
  }

  /** Emits the rest. */
  finish(): void {
    if (this.writer.length > 0) this.#cut(FIRST_BYTES);
  }

  #cut(nextBytes: number): void {
    this.#emit(this.writer.view());
    this.writer = new ByteWriter(nextBytes);
  }
}
