import { ok } from 'node:assert/strict';

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

/** A case over something that is set up before it and torn down after it. */
export function caseOver<Setting extends { tearDown(): Promise<void> }>(
  name: string,
  setUp: () => Promise<Setting>,
  prove: (setting: Setting) => Promise<void>,
): ConformanceCase {
  return {
    name,
    run: async () => {
      const setting = await setUp();
      try {
        await prove(setting);
      } finally {
        await setting.tearDown();
      }
    },
  };
}

/** At least one task, and never more than it may. */
export function plansWithin(plan: (most: number) => readonly unknown[]): void {
  for (const most of [1, 2, 8]) {
    const { length } = plan(most);
    ok(length >= 1 && length <= most, `plan(…, ${most}) gave ${length} tasks`);
  }
}
