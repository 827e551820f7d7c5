import type { FastifyInstance } from 'fastify';
import { pathParameter, resource } from './resource.ts';
import type { RestContext } from './rest-context.ts';
import { RestError } from './rest-error.ts';

const TRACKING = option('topic.tracking.enable');
const RESET = option('topic.tracking.allow.reset');

function option(key: string): { readonly key: string; readonly remedy: string } {
  return { key, remedy: `Set ${key}=true for the worker.` };
}

/** `/connectors/{c}/topics`: the topics it has used. */
export function connectorTopicsResource(app: FastifyInstance, context: RestContext): void {
  const { herder, topicTracking, topicTrackingReset, hide = (text: string) => text } = context;
  resource(app, '/connectors/:connector/topics', {
    GET: async (request) => {
      if (!topicTracking) throw new RestError(403, 'Topic tracking is disabled.', TRACKING);
      const name = pathParameter(request, 'connector');
      return { [name]: { topics: herder.topics(name).map(hide) } };
    },
  });
  resource(app, '/connectors/:connector/topics/reset', {
    PUT: async (request, reply) => {
      if (!topicTracking) throw new RestError(403, 'Topic tracking is disabled.', TRACKING);
      if (!topicTrackingReset) throw new RestError(403, 'Topic tracking reset is disabled.', RESET);
      await herder.resetTopics(pathParameter(request, 'connector'));
      return reply.code(202).send();
    },
  });
}
