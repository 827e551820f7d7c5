import type { FastifyInstance } from 'fastify';
import { resource } from './resource.ts';
import type { RestContext } from './rest-context.ts';

/** `GET /metrics`: Prometheus text exposition. */
export function metricsResource(app: FastifyInstance, { metrics }: RestContext): void {
  resource(app, '/metrics', {
    GET: async (_request, reply) => {
      const { text, contentType } = await metrics();
      return reply.header('content-type', contentType).send(text);
    },
  });
}
