/** Open or shut: who comes to it while it is shut waits until it opens. */
export class Gate {
  #waiting: (() => void)[] = [];
  #shut: boolean;

  constructor(shut: boolean) {
    this.#shut = shut;
  }

  get isShut(): boolean {
    return this.#shut;
  }

  shut(): void {
    this.#shut = true;
  }

  open(): void {
    this.#shut = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const go of waiting) go();
  }

  /** Resolves when open; rejects with the signal's reason when it aborts. */
  async pass(signal: AbortSignal): Promise<void> {
    while (this.#shut) {
      await new Promise<void>((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason as Error);
          return;
        }
        const abort = (): void => reject(signal.reason as Error);
        signal.addEventListener('abort', abort, { once: true });
        this.#waiting.push(() => {
          signal.removeEventListener('abort', abort);
          resolve();
        });
      });
    }
  }
}
