import type { Connection } from '../connection.ts';

/** One connection for questions, opened when there is one, and anew after it broke. One question at a time. */
export class SideConnection {
  readonly #open: () => Promise<Connection>;
  #connection: Connection | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(open: () => Promise<Connection>) {
    this.#open = open;
  }

  use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const next = this.#last.then(
      () => this.#run(work),
      () => this.#run(work),
    );
    this.#last = next.catch(() => undefined);
    return next;
  }

  async close(): Promise<void> {
    await this.#connection?.close();
    this.#connection = undefined;
  }

  async #run<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    if (this.#connection === undefined || this.#connection.broken) this.#connection = await this.#open();
    return work(this.#connection);
  }
}
