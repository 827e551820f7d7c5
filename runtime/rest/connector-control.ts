import type { FastifyInstance } from 'fastify';
import type { TargetState } from '../store/configs.ts';
import { pathParameter, queryFlag, resource, type Handler } from './resource.ts';
import type { RestContext } from './rest-context.ts';

/** `/connectors/{c}/pause`, `/resume`, `/stop`, `/restart`. */
export function connectorControlResource(app: FastifyInstance, { herder }: RestContext): void {
  const target =
    (state: TargetState, code: number): Handler =>
    async (request, reply) => {
      await herder.setTarget(pathParameter(request, 'connector'), state);
      return reply.code(code).send();
    };
  resource(app, '/connectors/:connector/pause', { PUT: target('PAUSED', 202) });
  resource(app, '/connectors/:connector/resume', { PUT: target('STARTED', 202) });
  resource(app, '/connectors/:connector/stop', { PUT: target('STOPPED', 204) });
  resource(app, '/connectors/:connector/restart', {
    POST: async (request, reply) => {
      const status = await herder.restart(pathParameter(request, 'connector'), {
        includeTasks: queryFlag(request, 'includeTasks'),
        onlyFailed: queryFlag(request, 'onlyFailed'),
      });
      return status === null ? reply.code(204).send() : reply.code(202).send(status);
    },
  });
}
