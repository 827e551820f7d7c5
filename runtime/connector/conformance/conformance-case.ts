/** One sentence of the contract, and what proves it. Rejects where the connector breaks it. */
export interface ConformanceCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** Fails with `what` where the promise does not settle in time. */
export async function inTime<T>(
  env: { readonly timers: { sleep(ms: number, signal: AbortSignal): Promise<void> } },
  ms: number,
  what: string,
  promise: Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const late = env.timers.sleep(ms, done.signal).then(() => {
    throw new Error(`${what}: nothing after ${ms} ms`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    done.abort(new Error('done'));
  }
}
