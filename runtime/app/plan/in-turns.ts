import type { Env } from '../../env/env.ts';

/** Records worked on before others get their turn: a few milliseconds. */
const AT_ONCE = 100;

/** Maps records on the thread that serves REST: it answers others in between (D9), and stops when the asker has gone. */
export async function inTurns<T, R>(
  items: readonly T[],
  { timers }: Pick<Env, 'timers'>,
  signal: AbortSignal,
  map: (item: T) => R,
): Promise<R[]> {
  const results: R[] = [];
  for (const [index, item] of items.entries()) {
    if (index > 0 && index % AT_ONCE === 0) await timers.sleep(0, signal);
    results.push(map(item));
  }
  return results;
}
