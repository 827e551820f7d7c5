import type { Log } from '../connector/context.ts';
import type { Env, Timer } from '../env/env.ts';
import type { StatusStore, StoredStatus } from '../store/statuses.ts';
import { backoffMs } from '../task/error/backoff.ts';
import { traceOf } from '../task/error/failure.ts';

interface StatusWriterOptions {
  readonly env: Env;
  readonly log: Log;
  readonly statuses: StatusStore;
}

/** A full disk is freed at some time: soon after it the statuses say again what is. */
const RETRY_WAIT = { firstMs: 500, maxMs: 10_000 };

/**
 * Writes the statuses of one connector's tasks, in the order of the changes. What the hub does not take (its disk
 * is full, say) keeps no task from going on: the last status of each such task is kept, to be shown instead of
 * the stored one, and is written as soon as the hub takes it.
 */
export class StatusWriter {
  readonly #connector: string;
  readonly #options: StatusWriterOptions;
  readonly #unwritten = new Map<number, StoredStatus>();
  #writes: Promise<void> = Promise.resolve();
  #failures = 0;
  #again: Timer | null = null;
  #closed = false;

  constructor(connector: string, options: StatusWriterOptions) {
    this.#connector = connector;
    this.#options = options;
  }

  put(task: number, status: StoredStatus): void {
    // What was not written of it before is old news.
    if (this.#unwritten.has(task)) this.#unwritten.set(task, status);
    this.#writes = this.#writes.then(() => this.#write(task, status));
  }

  /** The status of a task that is newer than the stored one; null: there is none. */
  unwritten(task: number): StoredStatus | null {
    return this.#unwritten.get(task) ?? null;
  }

  /** Waits for all put so far to be written, or to have failed once. */
  settled(): Promise<void> {
    return this.#writes;
  }

  /** What is unwritten is forgotten: whoever ends the tasks says what they are then. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#again?.cancel();
    this.#again = null;
    await this.#writes;
    this.#unwritten.clear();
  }

  async #write(task: number, status: StoredStatus): Promise<void> {
    const { statuses, log } = this.#options;
    try {
      await statuses.putTask(this.#connector, task, status);
      this.#failures = 0;
      if (this.#unwritten.get(task) === status) this.#unwritten.delete(task);
    } catch (error) {
      // Told once: it is tried again until it is written.
      if (this.#failures++ === 0)
        log.error('writing a status failed', { connector: this.#connector, error: traceOf(error) });
      if (!this.#unwritten.has(task)) this.#unwritten.set(task, status);
      this.#tryAgain();
    }
  }

  #tryAgain(): void {
    if (this.#closed || this.#again !== null) return;
    const { env } = this.#options;
    const waitMs = backoffMs(this.#failures, RETRY_WAIT, env.random.next());
    this.#again = env.timers.after(waitMs, () => {
      this.#again = null;
      for (const [task, status] of this.#unwritten) this.#writes = this.#writes.then(() => this.#rewrite(task, status));
    });
  }

  async #rewrite(task: number, status: StoredStatus): Promise<void> {
    if (this.#closed || this.#unwritten.get(task) !== status) return;
    await this.#write(task, status);
  }
}
