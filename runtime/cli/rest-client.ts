import { notFound } from '../app/not-found.ts';
import { DETAILS_HEADER, errorOf, type ErrorMessage } from '../rest/api.ts';
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

/** `token`: sent with each request; null: none. */
export function restClient(url: string, signal: AbortSignal, token: string | null = null): RestClient {
  const base = url.replace(/\/+$/, '');
  return {
    url: base,
    async request<T>(method: string, path: string, body?: unknown): Promise<T> {
      const answer = await send({ base, token, signal }, method, path, body);
      const text = await answer.text();
      if (answer.status === 404) await refuseUnknown({ base, token, signal }, path);
      if (!answer.ok) throw refused(answer, text, method, path);
      return (text === '' ? undefined : JSON.parse(text)) as T;
    },
  };
}

interface Connection {
  readonly base: string;
  readonly token: string | null;
  readonly signal: AbortSignal;
}

async function send(
  { base, token, signal }: Connection,
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
    throw new MillraceError('CLI_UNREACHABLE', `no worker answers at ${base}: ${cause}`, {
      kind: 'unavailable',
      remedy:
        'Start one with `millrace worker`, or say where it listens with --url or --context; for https with a certificate of your own, name its authority with --ca.',
      cause: error,
    });
  }
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

function refused({ status, headers }: Response, text: string, method: string, path: string): MillraceError {
  let message = text;
  try {
    message = (JSON.parse(text) as ErrorMessage).message;
  } catch {
    // Not the answer of a worker: its text stands for itself.
  }
  const shown = message === '' ? `${method} ${path}: HTTP ${status}` : message;
  const known = errorOf(shown, headers.get(DETAILS_HEADER));
  return known ?? new MillraceError(`REST_${status}`, shown, { kind: KINDS[status] ?? 'bug' });
}

/** The name as a path segment. */
export function segment(name: string): string {
  return encodeURIComponent(name);
}
