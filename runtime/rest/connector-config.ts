import type { FastifyInstance } from 'fastify';
import { locationOf } from './connectors.ts';
import { checkedName, readConfig, readPatch } from './request-body.ts';
import { pathParameter, resource } from './resource.ts';
import type { RestContext } from './rest-context.ts';

/** `/connectors/{c}/config`: variables unresolved, secrets hidden; a secret sent back hidden stays as it is. */
export function connectorConfigResource(app: FastifyInstance, { herder }: RestContext): void {
  resource(app, '/connectors/:connector/config', {
    GET: async (request) => herder.answers.config(pathParameter(request, 'connector')),
    PUT: async (request, reply) => {
      const name = checkedName(pathParameter(request, 'connector'));
      const { created, info } = await herder.putConfig(name, readConfig(request.body));
      if (created) reply.code(201).header('location', locationOf(request, name));
      return info;
    },
    PATCH: async (request) => herder.patchConfig(pathParameter(request, 'connector'), readPatch(request.body)),
  });
}
