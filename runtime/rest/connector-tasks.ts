import type { FastifyInstance } from 'fastify';
import { innerRequest } from './inner.ts';
import { pathParameter, resource, taskParameter } from './resource.ts';
import type { RestContext } from './rest-context.ts';

/** `/connectors/{c}/tasks`. */
export function connectorTasksResource(app: FastifyInstance, { herder }: RestContext): void {
  resource(app, '/connectors/:connector/tasks', {
    GET: async (request) => herder.answers.tasks(pathParameter(request, 'connector')),
    POST: innerRequest,
  });
  resource(app, '/connectors/:connector/fence', { PUT: innerRequest });
  resource(app, '/connectors/:connector/tasks/:task/restart', {
    POST: async (request, reply) => {
      await herder.restartTask(pathParameter(request, 'connector'), taskParameter(request));
      return reply.code(204).send();
    },
  });
}
