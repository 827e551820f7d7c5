import type { MillraceError } from '../record/error.ts';

/** A record that a chain did not take. */
export class TransformFailure extends Error {
  /** Class of the transform that failed, or whose predicate did. */
  readonly className: string;
  readonly error: MillraceError;

  constructor(className: string, error: MillraceError) {
    super(error.message);
    this.className = className;
    this.error = error;
  }
}
