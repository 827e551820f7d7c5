import type { FastifyInstance } from 'fastify';
import { readCreateTopic } from './request-body.ts';
import type { ProducedRecords } from './hub-records.ts';
import { pathParameter, resource } from './resource.ts';
import type { RestContext } from './rest-context.ts';

/** `/topics`, millrace's own: the hub's topics, and new ones, and records, while this worker writes it. */
export function hubTopicsResource(app: FastifyInstance, { topics, hide = (text) => text }: RestContext): void {
  resource(app, '/topics', {
    GET: async () => (await topics.list()).map((one) => ({ ...one, name: hide(one.name) })),
    POST: async (request, reply) => {
      const { name, partitions, config } = readCreateTopic(request.body);
      const made = await topics.create(name, partitions, config);
      reply.code(201);
      return made;
    },
  });
  resource(app, '/topics/:topic/records', {
    POST: async (request) => {
      const { body } = request;
      const given = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
      return { records: await topics.produce(pathParameter(request, 'topic'), given) } satisfies ProducedRecords;
    },
  });
}
