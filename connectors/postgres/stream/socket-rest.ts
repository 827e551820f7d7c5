import type { Env, Timer } from '../../../runtime/env/env.ts';

/** Blocks of fewer bytes are not worth a wake-up of their own, when they come one after the other. */
const SMALL_BYTES = 32 << 10;
/** How far apart they are then, at least. */
const REST_MS = 4;
/** Blocks that come closer than this come one after the other. */
const STEADY_MS = 2 * REST_MS;
/** As many may do so after a quiet time. */
const BURST = 8;

/**
 * Says when the socket rests. Something rare is read at once; of a steady stream of small
 * transactions, each of which would wake this thread and the hub's, what comes within
 * {@link REST_MS}, and until the reader wants more, is left in the kernel and read in one go. Bulk
 * never rests.
 */
export class SocketRest {
  readonly #env: Env;
  readonly #onOver: () => void;
  readonly #wanted: () => boolean;
  #timer: Timer | undefined;
  #turns = BURST;
  #atMs: number;
  /** The socket has nothing to do now. */
  resting = false;
  /** It rested before what it reads now. */
  over = false;

  /** `wanted`: a reader waits. `onOver`: the socket is to go on. */
  constructor(env: Env, wanted: () => boolean, onOver: () => void) {
    this.#env = env;
    this.#wanted = wanted;
    this.#onOver = onOver;
    this.#atMs = env.clock.monotonicMs();
  }

  /** A block of so many bytes was handed over. */
  begin(bytes: number): void {
    const nowMs = this.#env.clock.monotonicMs();
    const turns = Math.min(BURST, this.#turns + (nowMs - this.#atMs) / STEADY_MS) - 1;
    this.#atMs = nowMs;
    this.#turns = bytes < SMALL_BYTES ? Math.max(0, turns) : BURST;
    this.over = false;
    if (bytes >= SMALL_BYTES || this.resting) return;
    this.resting = true;
    if (this.#turns > 0) return;
    this.#timer = this.#env.timers.after(REST_MS, () => {
      this.#timer = undefined;
      if (this.#wanted()) this.end();
    });
  }

  /** A reader waits. */
  wanted(): void {
    if (this.resting && this.#timer === undefined) this.end();
  }

  /** Idempotent. */
  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (!this.resting) return;
    this.resting = false;
    this.over = true;
    this.#onOver();
  }
}
