import type { Log } from '../connector/context.ts';
import { listedNames } from '../connector/options.ts';
import type { Env, Timer } from '../env/env.ts';
import type { GroupOffset } from '../hub/port.ts';
import type { StatusStore } from '../store/statuses.ts';
import type { TaskView } from '../task/host.ts';
import { BEGUN } from '../task/sink/sink-group.ts';

const EVERY_MS = 2000;

export interface TopicTrackerOptions {
  readonly env: Env;
  readonly log: Log;
  readonly statuses: StatusStore;
  readonly views: () => ReadonlyMap<string, readonly TaskView[]>;
  /** Committed offsets of a sink; none of a source. */
  readonly committed: (connector: string) => Promise<readonly GroupOffset[]>;
}

/**
 * Records the topics that connectors use, as `/connectors/{c}/topics` shows them: what source tasks say they
 * write to (`info.topics`), and what sinks have read since they were looked at last.
 */
export class TopicTracker {
  readonly #options: TopicTrackerOptions;
  #timer: Timer | null = null;
  #looking: Promise<void> | null = null;
  /** Offsets that sinks had committed when they were looked at last. */
  readonly #positions = new Map<string, bigint>();

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
    const { statuses, views, committed, log } = this.#options;
    try {
      for (const [connector, tasks] of views()) {
        for (const [task, { info }] of tasks.entries()) {
          for (const topic of listedNames(info['topics'])) await statuses.addTopic(connector, topic, task);
        }
        for (const { topic, partition, offset, metadata } of await committed(connector)) {
          if (metadata === BEGUN) continue;
          const place = JSON.stringify([connector, topic, partition]);
          if (this.#positions.get(place) === offset) continue;
          await statuses.addTopic(connector, topic, 0);
          this.#positions.set(place, offset);
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
