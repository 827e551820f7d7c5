import type { Log } from '../connector/context.ts';
import { listedNames } from '../connector/options.ts';
import type { Env, Timer } from '../env/env.ts';
import type { StatusStore } from '../store/statuses.ts';
import type { TaskView } from '../task/host.ts';

const EVERY_MS = 2000;

export interface TopicTrackerOptions {
  readonly env: Env;
  readonly log: Log;
  readonly statuses: StatusStore;
  readonly views: () => ReadonlyMap<string, readonly TaskView[]>;
}

/** Records the topics that source tasks say they write to (`info.topics`), as `/connectors/{c}/topics` shows them. */
export class TopicTracker {
  readonly #options: TopicTrackerOptions;
  #timer: Timer | null = null;
  #looking: Promise<void> | null = null;

  constructor(options: TopicTrackerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer ??= this.#options.env.timers.every(EVERY_MS, () => {
      this.#looking ??= this.look().finally(() => {
        this.#looking = null;
      });
    });
  }

  /** Records what has not been yet. A failed write is tried again the next time. */
  async look(): Promise<void> {
    const { statuses, views, log } = this.#options;
    try {
      for (const [connector, tasks] of views()) {
        for (const [task, { info }] of tasks.entries()) {
          for (const topic of listedNames(info['topics'])) await statuses.addTopic(connector, topic, task);
        }
      }
    } catch (error) {
      log.debug('recording topics failed', { error });
    }
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.#looking;
  }
}
