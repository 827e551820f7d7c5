import type { FastifyInstance } from 'fastify';
import { pathParameter, resource } from './resource.ts';
import type { RestContext } from './rest-context.ts';

const STATUS = { healthy: 200, starting: 503, stalled: 500, unhealthy: 500 } as const;

/**
 * `GET /health`: whether this worker works. Connectors it could not start, those that have failed or have a task that
 * has, and those that make no progress are named with the reason. They do not make it unhealthy: as in Kafka Connect
 * the status says whether the worker answers, and who restarts workers by it would restart all for one. `GET /connectors/{c}/health`, millrace's own, says it of one connector, with the
 * same statuses.
 */
export function healthResource(app: FastifyInstance, { health, herder }: RestContext): void {
  resource(app, '/health', {
    GET: async (_request, reply) => {
      const { status, message, connectors } = health();
      reply.code(STATUS[status]);
      return { status, message, ...(connectors.size === 0 ? {} : { connectors: Object.fromEntries(connectors) }) };
    },
  });
  resource(app, '/connectors/:connector/health', {
    GET: async (request, reply) => {
      const health = herder.answers.health(pathParameter(request, 'connector'));
      reply.code(STATUS[health.status]);
      return health;
    },
  });
}
