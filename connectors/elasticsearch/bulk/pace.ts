/** How much is sent at a time. */
export interface PaceLimits {
  readonly maxBytes: number;
  readonly maxInFlight: number;
}

const MIN_BYTES = 64 * 1024;
const FIRST_BYTES = 1024 * 1024;
/** Answers slower than this are a sign of more work than the server has hands for. */
const SLOW_MS = 2000;
const QUICK_MS = 500;

/**
 * Adapts the bytes of a bulk and the bulks under way to what the server answers: both shrink at once
 * when it asks for less (429) and grow slowly while it is quick, so that several tasks on one cluster
 * come to equal shares.
 */
export class Pace {
  readonly #limits: PaceLimits;
  #bytes: number;
  #inFlight: number;

  constructor(limits: PaceLimits) {
    this.#limits = limits;
    this.#bytes = Math.min(FIRST_BYTES, limits.maxBytes);
    this.#inFlight = Math.min(2, limits.maxInFlight);
  }

  /** Bytes after which a bulk is closed. */
  get bytes(): number {
    return Math.round(this.#bytes);
  }

  /** Bulks that may be under way. */
  get inFlight(): number {
    return Math.floor(this.#inFlight);
  }

  /** A bulk was carried out whole. */
  answered(bytes: number, tookMs: number): void {
    if (tookMs > SLOW_MS) {
      this.#shrink(0.75, 0);
      return;
    }
    if (tookMs > QUICK_MS) return;
    this.#inFlight = Math.min(this.#limits.maxInFlight, this.#inFlight + 1 / this.inFlight);
    // Only a bulk that was full says that a larger one would do too.
    if (bytes >= this.#bytes * 0.8) this.#bytes = Math.min(this.#limits.maxBytes, this.#bytes * 1.25);
  }

  /** The server asked for less. */
  throttled(): void {
    this.#shrink(0.5, 1);
  }

  /** A bulk of so many bytes is more than the server, or something before it, takes. */
  tooLarge(bytes: number): void {
    this.#bytes = Math.max(MIN_BYTES, Math.min(this.#bytes, bytes) / 2);
  }

  #shrink(factor: number, fewer: number): void {
    this.#bytes = Math.max(MIN_BYTES, this.#bytes * factor);
    this.#inFlight = Math.max(1, this.#inFlight - fewer);
  }
}

/** Pause before attempt `n` (1: the first again), in milliseconds; `chance` in [0, 1). */
export function backoffMs(firstMs: number, n: number, chance: number): number {
  const most = Math.min(60_000, firstMs * 2 ** Math.min(n - 1, 20));
  return Math.round(most / 2 + (most / 2) * chance);
}
