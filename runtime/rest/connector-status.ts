import type { FastifyInstance } from 'fastify';
import { pathParameter, resource, taskParameter } from './resource.ts';
import type { RestContext } from './rest-context.ts';

/** States of a connector and of its tasks; `/progress` is millrace's own: where each task stands. */
export function connectorStatusResource(app: FastifyInstance, { herder }: RestContext): void {
  resource(app, '/connectors/:connector/status', {
    GET: async (request) => herder.answers.status(pathParameter(request, 'connector')),
  });
  resource(app, '/connectors/:connector/progress', {
    GET: async (request) => herder.answers.progress(pathParameter(request, 'connector')),
  });
  resource(app, '/connectors/:connector/tasks/:task/status', {
    GET: async (request) => herder.answers.taskStatus(pathParameter(request, 'connector'), taskParameter(request)),
  });
}
