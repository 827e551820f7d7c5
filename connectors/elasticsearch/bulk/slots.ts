/** Bounds how many bulks are under way; the bound may move while they are. */
export class Slots {
  readonly #limit: () => number;
  #taken = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: () => number) {
    this.#limit = limit;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Waits for a slot, first come first served; the caller gives it back. */
  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (this.#taken >= this.#limit()) {
      const freed = Promise.withResolvers<void>();
      const abort = (): void => freed.reject(signal.reason);
      this.#waiting.push(freed.resolve);
      signal.addEventListener('abort', abort, { once: true });
      try {
        await freed.promise;
      } finally {
        signal.removeEventListener('abort', abort);
        const at = this.#waiting.indexOf(freed.resolve);
        if (at >= 0) this.#waiting.splice(at, 1);
      }
    }
    this.#taken++;
  }

  give(): void {
    this.#taken--;
    // All of them look again: the bound may have grown.
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
