/**
 * What went wrong, in the sense that decides what happens next. `task/error/retry.ts` holds the one table
 * from kind to retry, ask the operator, or never.
 *
 * - `unavailable`: the other side cannot be reached, is restarting, or timed out.
 * - `throttled`: the other side asks for less or later.
 * - `busy`: something else holds what we need (a slot, a lock) and may let it go.
 * - `config`: an option is wrong.
 * - `permission`: a privilege or credential is missing.
 * - `data`: this record cannot be processed; another may.
 * - `position`: the place to resume from is gone, behind, or of another identity. Never guessed around.
 * - `fenced`: a newer incarnation of this writer exists.
 * - `full`: a disk or quota is exhausted.
 * - `corrupt`: stored bytes fail their check.
 * - `conflict`: the request contradicts the state (exists already, wrong state, wrong epoch).
 * - `missing`: what was named does not exist.
 * - `closed`: the component was closed or its work aborted.
 * - `bug`: none of the above; stop and ask.
 */
export type ErrorKind =
  | 'unavailable'
  | 'throttled'
  | 'busy'
  | 'config'
  | 'permission'
  | 'data'
  | 'position'
  | 'fenced'
  | 'full'
  | 'corrupt'
  | 'conflict'
  | 'missing'
  | 'closed'
  | 'bug';

interface MillraceErrorDetails {
  readonly kind: ErrorKind;
  /** What to do next, as a sentence for the operator. */
  readonly remedy?: string;
  /** The configuration key the error concerns. */
  readonly key?: string;
  readonly cause?: unknown;
}

/** The one error type of the runtime and its connectors. `code` is stable: `AREA_REASON`. */
export class MillraceError extends Error {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly key: string | undefined;
  readonly remedy: string | undefined;

  constructor(code: string, message: string, details: MillraceErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'MillraceError';
    this.code = code;
    this.kind = details.kind;
    this.key = details.key;
    this.remedy = details.remedy;
  }
}
