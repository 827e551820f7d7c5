import { MillraceError, type ErrorKind } from '../record/error.ts';

/**
 * What an error knows beyond Connect's body: it stands in a header of the answer, as percent-encoded JSON, so
 * that the body stays as Connect's clients expect it.
 */
export const DETAILS_HEADER = 'millrace-error';

interface ErrorDetails {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly key?: string;
  readonly remedy?: string;
}

/** Bytes of the header; longer remedies are left out. */
const LIMIT = 6000;

/** null: there is nothing to tell. */
export function detailsHeader(error: unknown, hide: (text: string) => string): string | null {
  if (!(error instanceof MillraceError)) return null;
  const { code, kind, key } = error;
  const remedy = error.remedy === undefined ? undefined : hide(error.remedy);
  const details: ErrorDetails = { code, kind, ...(key === undefined ? {} : { key }) };
  const whole = encodeURIComponent(JSON.stringify(remedy === undefined ? details : { ...details, remedy }));
  return whole.length <= LIMIT ? whole : encodeURIComponent(JSON.stringify(details));
}

/** The error that a worker answered with, where it says more than its text. */
export function errorOf(message: string, header: string | null): MillraceError | null {
  if (header === null) return null;
  try {
    const { code, kind, key, remedy } = JSON.parse(decodeURIComponent(header)) as ErrorDetails;
    const more = { ...(key === undefined ? {} : { key }), ...(remedy === undefined ? {} : { remedy }) };
    return new MillraceError(code, message, { kind, ...more });
  } catch {
    return null;
  }
}
