import type { FastifyInstance } from 'fastify';
import { resource } from './resource.ts';
import type { RestContext } from './rest-context.ts';

const STATUS = { healthy: 200, starting: 503, unhealthy: 500 } as const;

/** `GET /health`: whether this worker works; states of its connectors do not count. */
export function healthResource(app: FastifyInstance, { health }: RestContext): void {
  resource(app, '/health', {
    GET: async (_request, reply) => {
      const { status, message } = health();
      reply.code(STATUS[status]);
      return { status, message };
    },
  });
}
