import type { SourceBatch } from '../connector/source.ts';

/** Batches that wait for the runner, and the runner that waits for one. Its owner bounds it (I7). */
export class BatchQueue {
  readonly #batches: SourceBatch[] = [];
  #wake: (() => void) | undefined;
  #error: Error | undefined;
  /** Whose abort is listened for: once, for a reader waits hundreds of times a second. */
  #signal: AbortSignal | undefined;
  #reject: ((reason: Error) => void) | undefined;

  get length(): number {
    return this.#batches.length;
  }

  /** A reader waits. */
  get wanted(): boolean {
    return this.#wake !== undefined;
  }

  push(batch: SourceBatch): void {
    this.#batches.push(batch);
    this.wake();
  }

  /** No more batches will come: what is queued is still read, then every read rejects. */
  fail(error: Error): void {
    this.#error ??= error;
    this.wake();
  }

  shift(): SourceBatch | undefined {
    const batch = this.#batches.shift();
    if (batch === undefined && this.#error !== undefined) throw this.#error;
    return batch;
  }

  /** Lets a waiting reader look again. */
  wake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Resolves at the next `wake`. Rejects with the signal's reason. */
  async wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#listen(signal);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#wake = resolve;
    this.#reject = reject;
    try {
      await promise;
    } finally {
      if (this.#wake === resolve) this.#wake = undefined;
      if (this.#reject === reject) this.#reject = undefined;
    }
  }

  #listen(signal: AbortSignal): void {
    if (this.#signal === signal) return;
    this.#signal = signal;
    const abort = (): void => {
      if (this.#signal === signal) this.#reject?.(signal.reason as Error);
    };
    signal.addEventListener('abort', abort, { once: true });
  }
}
