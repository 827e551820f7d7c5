import { retryWait } from '../../runtime/change/retry-wait.ts';
import type { TaskContext } from '../../runtime/connector/context.ts';
import type { Env } from '../../runtime/env/env.ts';
import { MillraceError } from '../../runtime/record/error.ts';

const EXHAUSTED = 'POSTGRES_RETRIES_EXHAUSTED';

export interface RetryLimit {
  /** `errors.max.retries`; -1: no limit. */
  readonly maxRetries: number;
  /** `retriable.restart.connector.wait.ms`: longest wait between two attempts. */
  readonly retryWaitMs: number;
}

/**
 * Tries again what the server is away for, as often as the limit says. Without a limit it is tried
 * once: the task then starts again by itself.
 */
export async function withRetries<T>(
  { maxRetries, retryWaitMs }: RetryLimit,
  { env, context }: { readonly env: Env; readonly context: Pick<TaskContext, 'warning'> },
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  for (let repetition = 0; ; repetition++) {
    try {
      const result = await work();
      if (repetition > 0) context.warning('POSTGRES_RECONNECTING', null);
      return result;
    } catch (error) {
      if (!isAway(error) || maxRetries < 0) throw error;
      if (repetition >= maxRetries) throw retriesExhausted(error, maxRetries);
      const waitMs = retryWait(repetition, retryWaitMs, env.random.next());
      const next = `attempt ${repetition + 1} in ${Math.round(waitMs)} ms`;
      context.warning('POSTGRES_RECONNECTING', `${error.message}; ${next}`);
      await env.timers.sleep(waitMs, signal);
    }
  }
}

/** A failure that passes by itself, once the server is back. */
export function isAway(error: unknown): error is MillraceError {
  return error instanceof MillraceError && error.kind === 'unavailable';
}

/** The last failure, after which the task fails: its kind is none that starts it again. */
export function retriesExhausted(error: MillraceError, maxRetries: number): MillraceError {
  return new MillraceError(EXHAUSTED, `${error.message}; errors.max.retries=${maxRetries} allows no further attempt`, {
    kind: 'missing',
    key: 'errors.max.retries',
    remedy: 'Restart the connector when the server is back, or raise errors.max.retries (-1: no limit).',
    cause: error,
  });
}

export function areRetriesExhausted(error: unknown): error is MillraceError {
  return error instanceof MillraceError && error.code === EXHAUSTED;
}
