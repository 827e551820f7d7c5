import type { SourceBatch } from '../../../runtime/connector/source.ts';

/** Batches that wait for the runner, the runner that waits for one, and readers that wait for room (I7). */
export class BatchQueue {
  readonly #batches: SourceBatch[] = [];
  readonly #waiting = new Set<() => void>();
  #error: Error | undefined;

  get length(): number {
    return this.#batches.length;
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
    if (batch !== undefined) this.wake();
    return batch;
  }

  /** Lets all who wait look again. */
  wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resume of waiting) resume();
  }

  /** Resolves when something changed. Rejects with the signal's reason. */
  async wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = (): void => reject(signal.reason as Error);
    this.#waiting.add(resolve);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await promise;
    } finally {
      this.#waiting.delete(resolve);
      signal.removeEventListener('abort', abort);
    }
  }

  room(signal: AbortSignal): Promise<void> {
    return this.wait(signal);
  }
}
