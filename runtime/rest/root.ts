import type { FastifyInstance } from 'fastify';
import { resource } from './resource.ts';
import type { RestContext } from './rest-context.ts';

/** `GET /`: which worker this is. */
export function rootResource(app: FastifyInstance, { version, commit, hubId }: RestContext): void {
  resource(app, '/', { GET: async () => ({ version, commit, kafka_cluster_id: hubId }) });
}
