import type { FastifyInstance } from 'fastify';
import { pathParameter, resource } from './resource.ts';
import type { RestContext } from './rest-context.ts';
import { RestError } from './rest-error.ts';

/** `/connectors/{c}/topics`: the topics it has used. */
export function connectorTopicsResource(app: FastifyInstance, context: RestContext): void {
  const { herder, topicTracking, topicTrackingReset, hide = (text: string) => text } = context;
  resource(app, '/connectors/:connector/topics', {
    GET: async (request) => {
      if (!topicTracking) throw new RestError(403, 'Topic tracking is disabled.');
      const name = pathParameter(request, 'connector');
      return { [name]: { topics: herder.topics(name).map(hide) } };
    },
  });
  resource(app, '/connectors/:connector/topics/reset', {
    PUT: async (request, reply) => {
      if (!topicTracking) throw new RestError(403, 'Topic tracking is disabled.');
      if (!topicTrackingReset) throw new RestError(403, 'Topic tracking reset is disabled.');
      await herder.resetTopics(pathParameter(request, 'connector'));
      return reply.code(202).send();
    },
  });
}
