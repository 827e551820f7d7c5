import type { Env } from '../env/env.ts';
import type { StageClock } from './stage-clock.ts';

/** What a task may work off before the others on its thread have their turn. */
const TURN_BYTES = 2 * 1024 * 1024;
/** The same in time: timers and answers of the hub must not wait either. */
const TURN_MS = 10;
const MOST_TURNS = 64;

/**
 * Keeps the tasks of a thread fair to each other, by bytes: a task that worked off the bytes of several
 * turns lets as many turns of the others pass. Alone on the thread, a turn passes in microseconds.
 */
export class Turns {
  readonly #env: Env;
  readonly #at: StageClock;
  #bytes = 0;
  #sinceMs: number;

  constructor(env: Env, at: StageClock) {
    this.#env = env;
    this.#at = at;
    this.#sinceMs = env.clock.monotonicMs();
  }

  /** To be waited for after each batch, where it is not undefined. */
  over(bytes: number): Promise<void> | undefined {
    this.#bytes += bytes;
    const isOver = this.#bytes >= TURN_BYTES || this.#env.clock.monotonicMs() - this.#sinceMs >= TURN_MS;
    return isOver ? this.#pass() : undefined;
  }

  async #pass(): Promise<void> {
    const { timers, clock } = this.#env;
    this.#at.enter('yielding');
    const turns = Math.min(MOST_TURNS, Math.max(1, Math.floor(this.#bytes / TURN_BYTES)));
    for (let turn = 0; turn < turns; turn++) await timers.yield();
    this.#bytes = 0;
    this.#sinceMs = clock.monotonicMs();
  }
}
