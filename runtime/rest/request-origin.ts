import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RestContext } from './rest-context.ts';
import { httpError, RestError } from './rest-error.ts';

/** Methods a page may use where the configuration names none, as CORS calls them simple. */
const SIMPLE_METHODS = 'GET,POST,HEAD';

/**
 * Keeps pages of other origins from commanding this worker through somebody's browser (D17), not even with
 * requests that need no preflight: by the origin they send, and, where the worker listens on loopback only,
 * by the name they called it (DNS rebinding: a foreign name that was made to point here).
 */
export function checkOrigin(request: FastifyRequest, reply: FastifyReply, context: RestContext): void {
  refuseForeignHost(request, context.hosts);
  refuseForeignOrigin(request, reply, context);
}

/** Names a worker that listens on loopback only may be called by, beside addresses and `localhost`. */
function refuseForeignHost({ headers: { host } }: FastifyRequest, known: readonly string[] | null): void {
  if (known === null || host === undefined) return;
  const name = hostName(host);
  if (name === 'localhost' || isAddress(name) || known.some((one) => one.toLowerCase() === name)) return;
  throw new RestError(
    403,
    `This worker listens on loopback only and is not called ${name}. Call it by its address or localhost, or set rest.advertised.host.name=${name}.`,
    { key: 'rest.advertised.host.name', remedy: 'Call it by its address or localhost, or set the option.' },
  );
}

/** Without port, in lower case. */
function hostName(host: string): string {
  const [, name] = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(host) ?? [];
  return (name ?? host).toLowerCase();
}

function isAddress(name: string): boolean {
  return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(name) || /^\[[0-9a-f:.]+\]$/.test(name);
}

/** No page of another origin, unless it is allowed; then with the headers its browser asks for. */
function refuseForeignOrigin(request: FastifyRequest, reply: FastifyReply, context: RestContext): void {
  const { origin } = request.headers;
  if (origin === undefined) return;
  const allowed = context.allowOrigin.split(',').map((one) => one.trim());
  if (!allowed.includes('*') && !allowed.includes(origin)) {
    if (origin === `${request.protocol}://${request.host}`) return;
    const remedy = 'Where pages of this origin may command the worker, name it in access.control.allow.origin.';
    throw new RestError(403, httpError(403).message, { key: 'access.control.allow.origin', remedy });
  }
  reply.header('access-control-allow-origin', origin).header('vary', 'Origin');
  if (request.method !== 'OPTIONS') return;
  const methods = context.allowMethods === '' ? SIMPLE_METHODS : context.allowMethods;
  reply.header('access-control-allow-methods', methods);
  const { tokens = null, users = null } = context.access?.credentials ?? {};
  const credentials = tokens === null && users === null ? '' : ',authorization';
  reply.header('access-control-allow-headers', `content-type,accept,origin${credentials}`);
}
