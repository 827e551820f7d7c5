import type { FastifyInstance } from 'fastify';
import { pathParameter, resource } from './resource.ts';
import type { RestContext } from './rest-context.ts';

/** `GET /connectors/{c}/profile`, millrace's own: where the time of its tasks goes, and what waits in their queues. */
export function connectorProfileResource(app: FastifyInstance, { herder }: RestContext): void {
  resource(app, '/connectors/:connector/profile', {
    GET: async (request) => herder.answers.profile(pathParameter(request, 'connector')),
  });
}
