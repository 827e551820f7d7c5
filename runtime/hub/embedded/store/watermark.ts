/**
 * The number of the last commit that is synced. A partition row written by a later commit may be
 * visible already; readers then take the row's `syncedEnd` instead of its `end`, so no reader of any
 * thread or process is ahead of what a power cut leaves (D2).
 */
export interface Watermark {
  syncedSeq(): number;
}

/** Shared by the threads of the writing process. */
export class SharedWatermark implements Watermark {
  readonly shared: SharedArrayBuffer;
  readonly #seq: BigInt64Array;

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(8)) {
    this.shared = shared;
    this.#seq = new BigInt64Array(shared);
  }

  syncedSeq(): number {
    return Number(Atomics.load(this.#seq, 0));
  }

  publish(seq: number): void {
    Atomics.store(this.#seq, 0, BigInt(seq));
  }
}

/** In another process: as last told by the writer, or proved by a sync of our own. */
export class RemoteWatermark implements Watermark {
  #seq = 0;

  syncedSeq(): number {
    return this.#seq;
  }

  advance(seq: number): void {
    if (seq > this.#seq) this.#seq = seq;
  }
}
