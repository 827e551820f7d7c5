import type { FastifyInstance } from 'fastify';
import { ownFlag, pathParameter, resource } from './resource.ts';
import type { RestContext } from './rest-context.ts';

/** `/connectors/{c}`. `DELETE ?destroy=true` first removes what its tasks left outside. */
export function connectorResource(app: FastifyInstance, { herder }: RestContext): void {
  resource(app, '/connectors/:connector', {
    GET: async (request) => herder.answers.info(pathParameter(request, 'connector')),
    DELETE: async (request, reply) => {
      await herder.delete(pathParameter(request, 'connector'), ownFlag(request, 'destroy'));
      return reply.code(204).send();
    },
  });
}
