import { describe, expect, test } from 'vitest';
import { areRetriesExhausted, withRetries } from '../../../../connectors/postgres/retry-limit.ts';
import type { Env } from '../../../../runtime/env/env.ts';
import { MillraceError } from '../../../../runtime/record/error.ts';

const away = new MillraceError('POSTGRES_UNAVAILABLE', 'away', { kind: 'unavailable' });
const wrong = new MillraceError('POSTGRES_AUTHENTICATION', 'wrong', { kind: 'permission' });

/** Fails with these errors, one a call, then succeeds. */
async function run(maxRetries: number, errors: readonly Error[]) {
  const waits: number[] = [];
  const warnings: (string | null)[] = [];
  let calls = 0;
  const edges = {
    env: {
      random: { next: () => 1 },
      timers: { sleep: async (ms: number) => void waits.push(ms) },
    } as unknown as Env,
    context: { warning: (_: string, text: string | null) => void warnings.push(text) },
  };
  const work = async () => {
    const error = errors[calls++];
    if (error !== undefined) throw error;
    return calls;
  };
  const outcome = await withRetries({ maxRetries, retryWaitMs: 300 }, edges, new AbortController().signal, work).catch(
    (error: unknown) => error,
  );
  return { outcome, waits, warnings, calls };
}

describe('a server that is away', () => {
  test('is tried as often as the limit says, with waits that grow up to the longest', async () => {
    const { outcome, waits, calls } = await run(4, [away, away, away, away, away, away]);
    expect(areRetriesExhausted(outcome)).toBe(true);
    expect([calls, waits]).toEqual([5, [100, 200, 300, 300]]);
  });

  test('that comes back clears the warning', async () => {
    const { outcome, warnings } = await run(2, [away]);
    expect(outcome).toBe(2);
    expect(warnings).toEqual([expect.stringContaining('attempt 1'), null]);
  });

  test('is left to the restart of the task where there is no limit', async () => {
    expect(await run(-1, [away])).toMatchObject({ outcome: away, calls: 1 });
  });
});

test('what does not pass by itself is not tried again', async () => {
  expect(await run(5, [wrong])).toMatchObject({ outcome: wrong, calls: 1 });
});
