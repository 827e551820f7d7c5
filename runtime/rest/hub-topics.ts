import type { FastifyInstance } from 'fastify';
import type { TopicDescription } from '../hub/port.ts';
import { readAlterTopic, readCreateTopic } from './request-body.ts';
import { pathParameter, resource } from './resource.ts';
import type { RestContext } from './rest-context.ts';

/** `/topics`, millrace's own: the hub's topics, new ones, more partitions, other settings, records, while this worker writes it. */
export function hubTopicsResource(app: FastifyInstance, { topics, hide = (text) => text }: RestContext): void {
  resource(app, '/topics', {
    GET: async () => (await topics.list()).map((one) => ({ ...shown(one), name: hide(one.name) })),
    POST: async (request, reply) => {
      const { name, partitions, config } = readCreateTopic(request.body);
      const made = await topics.create(name, partitions, config);
      reply.code(201);
      return shown(made);
    },
  });
  resource(app, '/topics/:topic', {
    PATCH: async (request) => {
      const change = readAlterTopic(request.body);
      return shown(await topics.alter(pathParameter(request, 'topic'), change));
    },
  });
  resource(app, '/topics/:topic/records', {
    POST: async (request) => {
      const { body } = request;
      const given = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
      return topics.produce(pathParameter(request, 'topic'), given);
    },
  });
}

/** Offsets as JSON has them. */
function shown({ growths = [], ...topic }: TopicDescription) {
  if (growths.length === 0) return topic;
  return { ...topic, growths: growths.map(({ partitions, offset }) => ({ partitions, offset: Number(offset) })) };
}
