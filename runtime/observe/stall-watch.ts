import type { Clock } from '../env/env.ts';

/** A task as it was just seen. */
export interface Standing {
  /** When it last made progress, as it says; only whether it changes counts. */
  readonly progressMs: number;
  /** Whether it is meant to make progress at all now. */
  readonly active: boolean;
  /** Without progress for so long it stands still; 0: never. */
  readonly timeoutMs: number;
}

interface Seen {
  progressMs: number;
  /** On the monotonic clock of who watches: clocks of other threads, and set clocks, do not matter. */
  sinceMs: number;
}

/** Tells who stands still: whose time of progress has not changed for its timeout (I8). */
export class StallWatch {
  readonly #clock: Clock;
  readonly #seen = new Map<string, Seen>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** For how long it has stood still, in milliseconds; null: it does not. To be called about every second. */
  look(name: string, { progressMs, active, timeoutMs }: Standing): number | null {
    const nowMs = this.#clock.monotonicMs();
    const seen = this.#seen.get(name);
    if (seen === undefined || !active || seen.progressMs !== progressMs) {
      this.#seen.set(name, { progressMs, sinceMs: nowMs });
      return null;
    }
    const stillMs = nowMs - seen.sinceMs;
    return timeoutMs > 0 && stillMs >= timeoutMs ? stillMs : null;
  }

  /** Counts from now on: it was started again. */
  restarted(name: string): void {
    this.#seen.delete(name);
  }

  /** Forgets all but these. */
  keep(names: ReadonlySet<string>): void {
    for (const name of this.#seen.keys()) if (!names.has(name)) this.#seen.delete(name);
  }
}
