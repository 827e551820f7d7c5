/** Closes what was opened, last first. Every part is closed even if another fails; the first failure is thrown. */
export class Cleanup {
  readonly #closers: (() => Promise<unknown>)[] = [];
  #running: Promise<void> | undefined;

  defer(close: () => Promise<unknown>): void {
    this.#closers.push(close);
  }

  /** Defers closing `part`, and returns it. */
  add<T>(part: T, close: (part: T) => Promise<unknown>): T {
    this.defer(() => close(part));
    return part;
  }

  /** Idempotent. */
  run(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closers.toReversed()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
