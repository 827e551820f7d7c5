import { MillraceError, type ErrorKind } from '../../record/error.ts';

/** What follows a failure: try again by itself, wait for the operator, or never. */
export type RetryClass = 'retry' | 'operator' | 'never';

/**
 * The one table from an error's kind to what happens next.
 *
 * - `retry`: the task starts again from its durable offsets after a back-off.
 * - `operator`: it fails, and starts again when somebody says so.
 * - `never`: it fails; starting it unchanged would fail again, or harm.
 *
 * `docs/errors.md` explains each line; a test holds it against this table.
 */
export const RETRY: Readonly<Record<ErrorKind, RetryClass>> = {
  unavailable: 'retry',
  throttled: 'retry',
  busy: 'retry',
  full: 'retry',
  config: 'never',
  permission: 'operator',
  data: 'operator',
  position: 'operator',
  fenced: 'never',
  corrupt: 'operator',
  conflict: 'operator',
  missing: 'operator',
  closed: 'operator',
  bug: 'operator',
};

/** Errors that are not ours have no kind: stop and ask. */
export function retryClass(error: unknown): RetryClass {
  return error instanceof MillraceError ? RETRY[error.kind] : 'operator';
}
