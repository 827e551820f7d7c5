import { MillraceError, type ErrorKind } from './error.ts';

/** A {@link MillraceError} as it crosses threads: plain data that structured clone takes. Its cause stays behind. */
export interface PackedError {
  readonly code: string;
  readonly message: string;
  readonly kind: ErrorKind;
  readonly key?: string;
  readonly remedy?: string;
}

export function packError({ code, message, kind, key, remedy }: MillraceError): PackedError {
  return { code, message, kind, ...(key === undefined ? {} : { key }), ...(remedy === undefined ? {} : { remedy }) };
}

export function unpackError({ code, message, ...details }: PackedError): MillraceError {
  return new MillraceError(code, message, details);
}
