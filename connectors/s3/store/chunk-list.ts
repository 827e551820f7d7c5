/** Chunks of an upload that wait to be sent together, in order. */
export class ChunkList {
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  /** All of them as one; none is left. */
  take(): Buffer {
    const whole = Buffer.concat(this.#chunks);
    this.clear();
    return whole;
  }

  clear(): void {
    this.#chunks = [];
    this.#bytes = 0;
  }
}
