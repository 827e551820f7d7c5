import type { Env } from '../../env/env.ts';

const BURST = 8;

/**
 * Spaces what costs a wake-up or a sync: a burst goes at once, a steady stream every `intervalMs`.
 * So something rare never waits, and a thousand small things a second become two hundred.
 */
export class Pacer {
  readonly #env: Env;
  readonly #intervalMs: number;
  #tokens = BURST;
  #atMs: number;
  #wake: AbortController | null = null;

  constructor(env: Env, intervalMs: number) {
    this.#env = env;
    this.#intervalMs = intervalMs;
    this.#atMs = env.clock.monotonicMs();
  }

  /** Takes a turn: 0, or for how many milliseconds to {@link wait} before it. */
  take(): number {
    const now = this.#env.clock.monotonicMs();
    this.#tokens = Math.min(BURST, this.#tokens + (now - this.#atMs) / this.#intervalMs) - 1;
    this.#atMs = now;
    return this.#tokens >= 0 ? 0 : -this.#tokens * this.#intervalMs;
  }

  async wait(ms: number): Promise<void> {
    const wake = new AbortController();
    this.#wake = wake;
    await this.#env.timers.sleep(ms, wake.signal).catch(() => undefined);
    this.#wake = null;
  }

  /** Ends a wait under way. */
  hurry(): void {
    this.#wake?.abort(HURRIED);
  }
}

const HURRIED = new Error('hurried');
