import { notFound } from '../app/not-found.ts';
import { DETAILS_HEADER, errorOf } from '../rest/api.ts';
import { MillraceError, type ErrorKind } from '../record/error.ts';

/** A worker's REST API as commands use it. */
export interface RestClient {
  readonly url: string;
  /** Rejects with a `MillraceError` whose kind says which exit status follows. */
  request<T>(method: string, path: string, body?: unknown): Promise<T>;
}

const KINDS: Readonly<Record<number, ErrorKind>> = {
  400: 'config',
  401: 'permission',
  403: 'permission',
  404: 'missing',
  409: 'conflict',
  429: 'throttled',
  503: 'unavailable',
};

/** `token`: sent with each request; null: none. `context`: the one whose address it is. */
export function restClient(
  url: string,
  signal: AbortSignal,
  token: string | null = null,
  context?: string,
): RestClient {
  const connection = { base: url.replace(/\/+$/, ''), token, signal, context };
  const { base } = connection;
  return {
    url: base,
    async request<T>(method: string, path: string, body?: unknown): Promise<T> {
      const answer = await send(connection, method, path, body);
      const text = await answer.text();
      if (answer.status === 404) await refuseUnknown(connection, path);
      if (!answer.ok) throw refused(answer, text, base, `${method} ${path}`);
      if (text === '') return undefined as T;
      const value = parsed(text);
      if (value === undefined) throw noWorker(answer.status, base, `${method} ${path}`);
      return value as T;
    },
  };
}

interface Connection {
  readonly base: string;
  readonly token: string | null;
  readonly signal: AbortSignal;
  readonly context: string | undefined;
}

async function send(
  { base, token, signal, context }: Connection,
  method: string,
  path: string,
  body: unknown,
): Promise<Response> {
  try {
    return await fetch(`${base}${path}`, {
      method,
      signal,
      headers: {
        accept: 'application/json',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw unreachable(base, context, cause, error);
  }
}

function unreachable(base: string, context: string | undefined, what: string, cause: unknown): MillraceError {
  const whose = context === undefined ? '' : ` (context ${context})`;
  const other =
    context === undefined ? '' : '; `millrace context list` shows the contexts, `context use` changes the one in use';
  const tls = base.startsWith('https:')
    ? 'for https with a certificate of your own, name its authority with --ca'
    : 'where it listens with TLS the address begins with https';
  return new MillraceError('CLI_UNREACHABLE', `no worker answers at ${base}${whose}: ${what}`, {
    kind: 'unavailable',
    remedy: `Start one with \`millrace worker\`, or say where it listens with --url or --context; ${tls}${other}.`,
    cause,
  });
}

/** Throws where the path names a connector that does not exist, whatever the worker calls it in its answer. */
async function refuseUnknown(connection: Connection, path: string): Promise<void> {
  const [, encoded] = /^\/connectors\/([^/?]+)/.exec(path) ?? [];
  if (encoded === undefined) return;
  const answer = await send(connection, 'GET', '/connectors', undefined);
  if (!answer.ok) return;
  const known = (await answer.json()) as string[];
  const name = decodeURIComponent(encoded);
  if (known.includes(name)) return;
  throw notFound('CONNECTOR_NOT_FOUND', 'connector', name, known, 'millrace connectors list');
}

function refused({ status, headers }: Response, text: string, base: string, request: string): MillraceError {
  const body = parsed(text);
  const message = typeof body === 'object' && body !== null && 'message' in body ? body.message : undefined;
  if (typeof message !== 'string' || message === '') return noWorker(status, base, request);
  const known = errorOf(message, headers.get(DETAILS_HEADER));
  return known ?? new MillraceError(`REST_${status}`, message, { kind: KINDS[status] ?? 'bug' });
}

/** Every worker answers in JSON, errors with a message: something else listens there, or stands before it. */
function noWorker(status: number, base: string, request: string): MillraceError {
  const message = `what answers at ${base} is no worker’s REST: ${request}: HTTP ${status}`;
  return new MillraceError(`REST_${status}`, message, {
    kind: KINDS[status] ?? 'missing',
    remedy:
      'Say where the worker listens with --url or --context; `millrace context list` shows which address is in use.',
  });
}

/** undefined: no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The name as a path segment. `.` and `..` are none: the address would be that of something else. */
export function segment(name: string): string {
  if (name !== '.' && name !== '..' && name.isWellFormed()) return encodeURIComponent(name);
  throw new MillraceError('CLI_NAME', `nothing can be named ${JSON.stringify(name)}: it cannot stand in an address`, {
    kind: 'config',
    remedy: 'Give the name of a connector; `millrace connectors list` shows them.',
  });
}
