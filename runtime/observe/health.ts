/** Whether the worker works, in Kafka Connect's words. */
export interface Health {
  readonly status: 'healthy' | 'starting' | 'unhealthy';
  readonly message: string;
  /** Connectors that could not be started or changed as wanted, have failed, or make no progress, each with the reason. */
  readonly connectors: ReadonlyMap<string, string>;
}

/** A worker is healthy once it has started, while no part of it has failed for good. */
export class WorkerHealth {
  #started = false;
  readonly #failures = new Map<string, string>();
  #setbacks: () => ReadonlyMap<string, string> = () => new Map();

  /** Says where the connectors come from that do not work. */
  watch(setbacks: () => ReadonlyMap<string, string>): void {
    this.#setbacks = setbacks;
  }

  started(): void {
    this.#started = true;
  }

  /** A part of the worker has failed for good. */
  failed(part: string, problem: string): void {
    this.#failures.set(part, problem);
  }

  get(): Health {
    return { ...this.#worker(), connectors: this.#setbacks() };
  }

  #worker(): Pick<Health, 'status' | 'message'> {
    if (this.#failures.size > 0) {
      const problems = [...this.#failures].map(([part, problem]) => `${part}: ${problem}`).join('; ');
      return { status: 'unhealthy', message: `Worker cannot go on. ${problems}` };
    }
    return this.#started
      ? { status: 'healthy', message: 'Worker has completed startup and is ready to handle requests.' }
      : { status: 'starting', message: 'Worker is still starting up.' };
  }
}
