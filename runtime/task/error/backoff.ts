export interface BackoffOptions {
  /** Wait before the second attempt, before jitter. */
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * The wait before attempt `attempt` (1: the first repetition): doubles up to the maximum, less a
 * random part of up to a half, so that tasks that failed together do not return together.
 * `random` is uniform in [0, 1).
 */
export function backoffMs(attempt: number, options: BackoffOptions, random: number): number {
  const doublings = Math.min(Math.max(attempt - 1, 0), 30);
  const full = Math.min(options.firstMs * 2 ** doublings, options.maxMs);
  return Math.round(full * (1 - random / 2));
}
