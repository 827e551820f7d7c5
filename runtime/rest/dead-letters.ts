import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { DeadLetterQuery, RedriveRequest } from './dead-letter-access.ts';
import { readFields } from './request-body.ts';
import { ownFlag, pathParameter, queryValues, resource } from './resource.ts';
import type { RestContext } from './rest-context.ts';
import { RestError } from './rest-error.ts';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 10_000;
const FIELDS = ['error', 'key', 'from', 'to', 'only', 'force'];

/** `/connectors/{c}/deadletters`, millrace's own: records that could not be processed, and their way back. */
export function deadLettersResource(app: FastifyInstance, { deadLetters }: RestContext): void {
  const order = (action: RedriveRequest['action']) => async (request: FastifyRequest) =>
    deadLetters.redrive(connector(request), { action, ...readRedrive(request.body) });
  resource(app, '/connectors/:connector/deadletters', {
    GET: async (request) =>
      deadLetters.list(connector(request), readQuery(request), readLimit(request), ownFlag(request, 'all')),
  });
  resource(app, '/connectors/:connector/deadletters/:topic/:partition/:offset', {
    GET: async (request) => {
      const topic = pathParameter(request, 'topic');
      const partition = Number(whole(pathParameter(request, 'partition'), 'partition'));
      const offset = whole(pathParameter(request, 'offset'), 'offset');
      return deadLetters.show(connector(request), topic, partition, offset, ownFlag(request, 'stack'));
    },
  });
  resource(app, '/connectors/:connector/deadletters/redrive', {
    POST: async (request, reply) => {
      reply.code(202);
      return order('redrive')(request);
    },
  });
  resource(app, '/connectors/:connector/deadletters/discard', {
    POST: async (request, reply) => {
      reply.code(202);
      return order('discard')(request);
    },
  });
  resource(app, '/connectors/:connector/deadletters/jobs', {
    GET: async (request) => deadLetters.jobs(connector(request)),
  });
  resource(app, '/connectors/:connector/deadletters/jobs/:job', {
    GET: async (request) => deadLetters.job(connector(request), pathParameter(request, 'job')),
    DELETE: async (request) => deadLetters.cancel(connector(request), pathParameter(request, 'job')),
  });
}

function connector(request: FastifyRequest): string {
  return pathParameter(request, 'connector');
}

function readQuery(request: FastifyRequest): DeadLetterQuery {
  const [error] = queryValues(request, 'error');
  const [key] = queryValues(request, 'key');
  return queryOf(error, key, queryValues(request, 'from')[0], queryValues(request, 'to')[0]);
}

function queryOf(error: unknown, key: unknown, from: unknown, to: unknown): DeadLetterQuery {
  return {
    ...(error === undefined ? {} : { error: text(error, 'error') }),
    ...(key === undefined ? {} : { key: text(key, 'key') }),
    ...(from === undefined ? {} : { fromMs: time(from, 'from') }),
    ...(to === undefined ? {} : { toMs: time(to, 'to') }),
  };
}

/** An empty body means all that are open. */
function readRedrive(body: unknown): Omit<RedriveRequest, 'action'> {
  const given = Buffer.isBuffer(body) && body.toString().trim() !== '' ? body : Buffer.from('{}');
  const { error, key, from, to, only, force } = readFields(given, 'a JSON object of what to redrive', FIELDS);
  if (force !== undefined && typeof force !== 'boolean')
    throw new RestError(400, 'force must be true or false', { key: 'force' });
  return { filter: queryOf(error, key, from, to), only: readOnly(only), force: force === true };
}

function readOnly(only: unknown): RedriveRequest['only'] {
  if (only === undefined || only === null) return null;
  if (!Array.isArray(only))
    throw new RestError(400, 'only must be a list of objects with partition and offset', { key: 'only' });
  return only.map((one: unknown) => {
    const { partition, offset } = (typeof one === 'object' && one !== null ? one : {}) as Record<string, unknown>;
    return {
      partition: Number(whole(partition, 'only: partition')),
      offset: String(whole(offset, 'only: offset')),
    };
  });
}

function readLimit(request: FastifyRequest): number {
  const [given] = queryValues(request, 'limit');
  if (given === undefined) return DEFAULT_LIMIT;
  const limit = Number(given);
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new RestError(400, `limit must be a whole number from 1 to ${MAX_LIMIT}`, { key: 'limit' });
}

/** ISO 8601, or epoch milliseconds. */
function time(value: unknown, name: string): number {
  const given = typeof value === 'number' || typeof value === 'string' ? String(value) : '';
  const ms = /^\d+$/.test(given) ? Number(given) : Date.parse(given);
  if (Number.isFinite(ms)) return ms;
  throw new RestError(400, `${name} must be a time such as 2026-01-31T12:00:00Z, or epoch milliseconds`, { key: name });
}

function text(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  throw new RestError(400, `${name} must be a text`, { key: name });
}

function whole(value: unknown, name: string): bigint {
  const given = typeof value === 'number' || typeof value === 'string' ? String(value) : '';
  if (/^\d{1,18}$/.test(given)) return BigInt(given);
  throw new RestError(400, `${name} must be a whole number`, { key: name });
}
