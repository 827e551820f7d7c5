import type { Progress, SourceTask } from '../../connector/source.ts';
import type { Env } from '../../env/env.ts';
import { asError } from '../../record/thrown.ts';
import type { OffsetStore } from '../../store/offsets.ts';
import type { TaskReport } from '../task-report.ts';
import type { OffsetLedger } from './offset-ledger.ts';

export interface OffsetCommitsOptions {
  readonly env: Env;
  readonly connector: string;
  readonly task: SourceTask;
  readonly ledger: OffsetLedger;
  readonly report: TaskReport;
  /** null: the offsets are durable already, in the transaction of their records. */
  readonly store: OffsetStore | null;
  readonly failed: (error: Error) => void;
}

/**
 * Makes offsets durable and then tells the source, one round at a time: offset record first,
 * `committed` after it, so upstream never forgets what a restart would ask for (I1).
 */
export class OffsetCommits {
  readonly #options: OffsetCommitsOptions;
  #running: Promise<void> | null = null;
  #startedMs: number | null = null;

  constructor(options: OffsetCommitsOptions) {
    this.#options = options;
  }

  /** When the round that is running began, on the monotonic clock; null: none is. */
  get startedMs(): number | null {
    return this.#startedMs;
  }

  /** Starts a round unless one is running or nothing is ready. */
  kick(): void {
    if (this.#running !== null) return;
    if (!this.#options.ledger.hasReady) {
      this.#options.report.figures.commitSkipped();
      return;
    }
    this.#startedMs = this.#options.env.clock.monotonicMs();
    this.#running = this.#round()
      .catch((error: unknown) => this.#options.failed(asError(error)))
      .finally(() => {
        this.#running = null;
        this.#startedMs = null;
      });
  }

  /** Commits all that is ready. */
  async finish(): Promise<void> {
    if (this.#running !== null) await this.#running;
    if (this.#options.ledger.hasReady) await this.#round();
  }

  async #round(): Promise<void> {
    const { ledger, store } = this.#options;
    await this.#commit(ledger.take());
    // Offset records wait for their interval; what is durable already is passed on at once.
    if (store === null && ledger.hasReady) await this.#round();
  }

  async #commit(ready: readonly Progress[]): Promise<void> {
    const { env, store, connector, task, report } = this.#options;
    const startedMs = env.clock.monotonicMs();
    if (store !== null) {
      env.crash?.('source.before_offset');
      const changes = ready.map(({ partition, position }) => ({ partition, offset: position.toOffset() }));
      try {
        await store.write(connector, changes);
      } catch (error) {
        report.figures.commitFailed();
        throw error;
      }
      env.crash?.('source.after_offset');
    }
    report.progressed();
    report.figures.committed(startedMs);
    report.count('offset_commits_total');
    env.crash?.('source.before_committed');
    for (const { partition, position } of ready) await task.committed?.(partition, position);
    env.crash?.('source.after_committed');
  }
}
