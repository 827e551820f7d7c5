import { MillraceError, type ErrorKind } from '../record/error.ts';
import { RestError, statusOf } from './rest-error.ts';

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
  const told = error instanceof MillraceError ? error : requestDetails(error);
  if (told === null) return null;
  const { code, kind, key } = told;
  const remedy = told.remedy === undefined ? undefined : hide(told.remedy);
  const details: ErrorDetails = { code, kind, ...(key === undefined ? {} : { key }) };
  const whole = encodeURIComponent(JSON.stringify(remedy === undefined ? details : { ...details, remedy }));
  return whole.length <= LIMIT ? whole : encodeURIComponent(JSON.stringify(details));
}

type Told = Pick<MillraceError, 'code' | 'kind' | 'key' | 'remedy'>;

/** Of a request that was refused before anybody was asked; null: of what is not looked for here. */
function requestDetails(error: unknown): Told | null {
  const status = statusOf(error);
  const rule = BY_STATUS[status];
  if (rule === undefined) return null;
  const own = error instanceof RestError ? error : { key: undefined, remedy: undefined };
  const key = own.key ?? rule.key;
  const ofKey = status === 400 && own.key !== undefined ? `Correct ${own.key}.` : rule.remedy;
  return { code: `REST_${status}`, kind: rule.kind, key, remedy: own.remedy ?? ofKey };
}

interface Rule {
  readonly kind: ErrorKind;
  readonly remedy: string;
  readonly key?: string;
}

const BY_STATUS: Readonly<Record<number, Rule>> = {
  400: { kind: 'config', remedy: 'Correct the request: schemas/openapi.json has what each path takes.' },
  401: { kind: 'permission', remedy: 'Send a token that the worker knows: `millrace token create` makes one.' },
  403: { kind: 'permission', remedy: 'Ask in a way that the worker allows: docs/security.md has the ways.' },
  404: { kind: 'missing', remedy: 'Correct the path: docs/rest.md has those that there are.' },
  405: { kind: 'config', remedy: 'Use a method that the path has: OPTIONS names them.' },
  406: { kind: 'config', remedy: 'Accept application/json.', key: 'accept' },
  408: { kind: 'unavailable', remedy: 'Send it sooner, or raise the option.', key: 'millrace.rest.request.timeout.ms' },
  413: { kind: 'config', remedy: 'Send less at once, or raise the option.', key: 'millrace.rest.body.bytes' },
  415: { kind: 'config', remedy: 'Send the body with content-type: application/json.', key: 'content-type' },
  429: {
    kind: 'throttled',
    remedy: 'Wait as Retry-After says, or raise the option.',
    key: 'millrace.rest.requests.per.second',
  },
  503: { kind: 'unavailable', remedy: 'Ask again when the worker has started anew.' },
};

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
