const FIRST_WAIT_MS = 100;

/** Wait before a repetition, the first one being 0: doubles up to the longest, less a random part of up to a half. */
export function retryWait(repetition: number, longestMs: number, random: number): number {
  return Math.min(longestMs, FIRST_WAIT_MS * 2 ** Math.min(repetition, 20)) * (0.5 + random / 2);
}
