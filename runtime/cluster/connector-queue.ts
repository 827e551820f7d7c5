/**
 * Runs work one at a time per connector, in the order it was asked for; work of different
 * connectors runs side by side.
 */
export class ConnectorQueue {
  readonly #tails = new Map<string, Promise<void>>();

  /** The work's own result; the work starts when all asked for before it has ended. */
  run<T>(connector: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(connector) ?? Promise.resolve();
    const result = before.then(work);
    const ended = (): void => {
      if (this.#tails.get(connector) === tail) this.#tails.delete(connector);
    };
    const tail: Promise<void> = result.then(ended, ended);
    this.#tails.set(connector, tail);
    return result;
  }

  /** Work that several connectors wait for. They are taken in the order of their names: two such works never wait for each other. */
  runAll<T>(connectors: readonly string[], work: () => Promise<T>): Promise<T> {
    const names = [...new Set(connectors)].toSorted();
    return names.reduceRight<() => Promise<T>>((inner, name) => () => this.run(name, inner), work)();
  }

  /** Resolves when nothing is waiting or running. */
  async idle(): Promise<void> {
    while (this.#tails.size > 0) await Promise.all(this.#tails.values());
  }
}
