import { MillraceError, type ErrorKind } from '../record/error.ts';
import { messageOf } from '../record/thrown.ts';

/** The body of every error, as in Kafka Connect. */
export interface ErrorMessage {
  readonly error_code: number;
  readonly message: string;
}

interface RestErrorDetails {
  /** What of the request, or which option, it concerns. */
  readonly key?: string;
  /** What to do next; by default what its status, or its key, says. */
  readonly remedy?: string;
}

/** An answer decided in this room. Its code is `REST_` and the status. */
export class RestError extends Error {
  readonly status: number;
  readonly key: string | undefined;
  readonly remedy: string | undefined;

  constructor(status: number, message: string, { key, remedy }: RestErrorDetails = {}) {
    super(message);
    this.name = 'RestError';
    this.status = status;
    this.key = key;
    this.remedy = remedy;
  }
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  408: 'Request Timeout',
  413: 'Payload Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
};

/** An error that is nothing but its status: `HTTP 404 Not Found`. */
export function httpError(status: number): RestError {
  return new RestError(status, `HTTP ${status} ${REASONS[status] ?? ''}`.trimEnd());
}

const STATUS: Readonly<Record<ErrorKind, number>> = {
  missing: 404,
  conflict: 409,
  config: 400,
  data: 400,
  position: 400,
  permission: 403,
  fenced: 409,
  busy: 409,
  throttled: 503,
  unavailable: 503,
  closed: 503,
  full: 503,
  corrupt: 500,
  bug: 500,
};

interface ErrorAnswer {
  readonly status: number;
  readonly body: ErrorMessage;
  readonly unexpected: boolean;
}

/** The answer to an error, its secrets hidden (I9), and whether it is one of ours to look into. */
export function errorAnswer(error: unknown, hide: (text: string) => string): ErrorAnswer {
  const status = statusOf(error);
  const message = hide(messageOf(error));
  return { status, body: { error_code: status, message: message.trim() }, unexpected: status === 500 };
}

/** The status that an error is answered with. */
export function statusOf(error: unknown): number {
  if (error instanceof RestError) return error.status;
  if (error instanceof MillraceError) return STATUS[error.kind];
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') return error.statusCode;
  return 500;
}
