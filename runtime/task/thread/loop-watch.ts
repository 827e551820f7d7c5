import { performance, type EventLoopUtilization } from 'node:perf_hooks';
import type { Clock } from '../../env/env.ts';
import { WindowStat } from '../window-stat.ts';

/** How the loop of a thread does. */
export interface LoopStanding {
  /** How late a timer was at most in the last half minute. */
  readonly delayMs: number;
  /** Part of the time it had something to do, since the last look. */
  readonly utilization: number;
}

/** Measures a thread's loop by a timer that runs there anyway: nothing wakes up for it. */
export class LoopWatch {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #delay = new WindowStat();
  #dueMs: number;
  #before: EventLoopUtilization = performance.eventLoopUtilization();

  constructor(clock: Clock, everyMs: number) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#dueMs = clock.monotonicMs() + everyMs;
  }

  /** To be called by the timer. */
  look(): LoopStanding {
    const nowMs = this.#clock.monotonicMs();
    this.#delay.add(Math.max(0, nowMs - this.#dueMs), nowMs);
    this.#dueMs = nowMs + this.#everyMs;
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#before);
    this.#before = now;
    return { delayMs: this.#delay.max(nowMs), utilization };
  }
}
