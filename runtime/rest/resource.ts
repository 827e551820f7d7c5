import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { httpError, RestError } from './rest-error.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
const METHODS: readonly Method[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Answers a request; what it returns is the JSON body, undefined leaves none. */
export type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** Serves a path: its methods; OPTIONS says which there are; any other is 405. */
export function resource(app: FastifyInstance, url: string, handlers: Partial<Record<Method, Handler>>): void {
  const served = METHODS.filter((method) => handlers[method] !== undefined);
  for (const method of served) {
    const handler = handlers[method];
    if (handler !== undefined) app.route({ method, url, handler });
  }
  const allow = [...(served.includes('GET') ? ['HEAD'] : []), ...served, 'OPTIONS'].join(',');
  app.route({
    method: 'OPTIONS',
    url,
    handler: (_request, reply) =>
      reply.code(200).header('allow', allow).header('content-type', 'application/json').send(''),
  });
  app.route({
    method: METHODS.filter((method) => !served.includes(method)),
    url,
    handler: () => {
      throw httpError(405);
    },
  });
}

/** A parameter of the path, decoded. */
export function pathParameter(request: FastifyRequest, name: string): string {
  return (request.params as Readonly<Record<string, string>>)[name] ?? '';
}

/** All values of a query parameter. */
export function queryValues(request: FastifyRequest, name: string): readonly string[] {
  const value = (request.query as Readonly<Record<string, string | string[]>>)[name];
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** As Java reads a boolean: true in any case, everything else is false. */
export function queryFlag(request: FastifyRequest, name: string): boolean {
  return queryValues(request, name)[0]?.toLowerCase() === 'true';
}

/** A flag of millrace's own: true or false in any case, by default false. What is neither is refused before anything is done. */
export function ownFlag(request: FastifyRequest, name: string): boolean {
  const [word] = queryValues(request, name);
  const value = FLAGS[(word ?? 'false').toLowerCase()];
  if (value !== undefined) return value;
  throw new RestError(400, `${name} must be true or false, not ${JSON.stringify(word)}`, { key: name });
}

const FLAGS: Readonly<Record<string, boolean | undefined>> = { true: true, false: false };

/** A task number of the path; what is none does not exist. */
export function taskParameter(request: FastifyRequest): number {
  const text = pathParameter(request, 'task');
  if (!/^-?\d{1,9}$/.test(text)) throw httpError(404);
  return Number(text);
}

/** Aborts when the client has gone, or after `timeoutMs`. */
export function requestSignal(request: FastifyRequest, timeoutMs = 60_000): AbortSignal {
  const controller = new AbortController();
  request.raw.once('close', () => {
    if (request.raw.destroyed && !request.raw.complete) controller.abort(new Error('the client has gone'));
  });
  return AbortSignal.any([controller.signal, AbortSignal.timeout(timeoutMs)]);
}

/** What a resource is served from; 404 where this server was made without it. */
export function served<T>(part: T | undefined): T {
  if (part === undefined) throw httpError(404);
  return part;
}
