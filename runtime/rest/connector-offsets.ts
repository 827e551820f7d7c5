import type { FastifyInstance } from 'fastify';
import { readOffsets } from './request-body.ts';
import { pathParameter, requestSignal, resource } from './resource.ts';
import type { RestContext } from './rest-context.ts';

/** `/connectors/{c}/offsets`: source offsets by source partition, a sink's by topic partition. */
export function connectorOffsetsResource(app: FastifyInstance, { herder }: RestContext): void {
  resource(app, '/connectors/:connector/offsets', {
    GET: async (request) => herder.offsets(pathParameter(request, 'connector'), requestSignal(request)),
    PATCH: async (request) => {
      const offsets = readOffsets(request.body);
      return {
        message: await herder.alterOffsets(pathParameter(request, 'connector'), offsets, requestSignal(request)),
      };
    },
    DELETE: async (request) => ({
      message: await herder.alterOffsets(pathParameter(request, 'connector'), null, requestSignal(request)),
    }),
  });
}
