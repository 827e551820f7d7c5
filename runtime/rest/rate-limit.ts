/** Callers kept in mind; beyond that the one not seen for longest is forgotten. */
const CALLERS = 10_000;

interface Bucket {
  left: number;
  atMs: number;
}

/** A bucket for each caller: `perSecond` requests, twice as many at once. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #nowMs: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** `perSecond` 0: without limit. `nowMs`: a clock that never goes back. */
  constructor(perSecond: number, nowMs: () => number) {
    this.#perSecond = perSecond;
    this.#nowMs = nowMs;
  }

  /** Counts a request; the seconds to wait where it is one too many, else 0. */
  take(caller: string): number {
    if (this.#perSecond === 0) return 0;
    const bucket = this.#filled(caller);
    this.#keep(caller, bucket);
    if (bucket.left >= 1) {
      bucket.left--;
      return 0;
    }
    return Math.max(1, Math.ceil((1 - bucket.left) / this.#perSecond));
  }

  /** Whether another request would be one too many; counts none. */
  isSpent(caller: string): boolean {
    return this.#perSecond > 0 && this.#filled(caller).left < 1;
  }

  #filled(caller: string): Bucket {
    const most = this.#perSecond * 2;
    const nowMs = this.#nowMs();
    const { left, atMs } = this.#buckets.get(caller) ?? { left: most, atMs: nowMs };
    return { left: Math.min(most, left + ((nowMs - atMs) * this.#perSecond) / 1000), atMs: nowMs };
  }

  /** Puts it last in the order of forgetting. */
  #keep(caller: string, bucket: Bucket): void {
    this.#buckets.delete(caller);
    this.#buckets.set(caller, bucket);
    if (this.#buckets.size <= CALLERS) return;
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
