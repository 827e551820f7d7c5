import { MillraceError, type ErrorKind } from '../../record/error.ts';

/** An error as it crosses threads. */
export interface ThreadError {
  readonly code: string;
  readonly message: string;
  readonly kind: ErrorKind;
  readonly key?: string;
  readonly remedy?: string;
}

export function packError(error: unknown): ThreadError {
  if (!(error instanceof MillraceError)) {
    return { code: 'THREAD_FAILED', message: error instanceof Error ? error.message : String(error), kind: 'bug' };
  }
  const { code, message, kind, key, remedy } = error;
  return { code, message, kind, ...(key === undefined ? {} : { key }), ...(remedy === undefined ? {} : { remedy }) };
}

export function unpackError({ code, message, ...details }: ThreadError): MillraceError {
  return new MillraceError(code, message, details);
}
