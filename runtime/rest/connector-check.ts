import type { FastifyInstance } from 'fastify';
import { readConfig } from './request-body.ts';
import { pathParameter, requestSignal, resource } from './resource.ts';
import type { RestContext } from './rest-context.ts';

/**
 * millrace's own: reachability and privileges, each failure with what mends it. `GET` of a stored
 * connector, `PUT` of a configuration that is not stored.
 */
export function connectorCheckResource(app: FastifyInstance, { herder }: RestContext): void {
  resource(app, '/connectors/:connector/check', {
    GET: async (request) => herder.check(pathParameter(request, 'connector'), requestSignal(request)),
    PUT: async (request) => {
      const config = readConfig(request.body);
      return herder.gate.check(pathParameter(request, 'connector'), config, requestSignal(request));
    },
  });
}
