import type { FastifyInstance } from 'fastify';
import { readApply, readPlan } from './plan-request.ts';
import { requestSignal, resource, served } from './resource.ts';
import type { RestContext } from './rest-context.ts';

/** Looking upstream and sampling takes its time, all connectors together. */
const PLAN_TIMEOUT_MS = 280_000;

/** millrace's own: what a set of configurations would change, and that very change carried out. */
export function planResource(app: FastifyInstance, { planner }: RestContext): void {
  resource(app, '/plan', {
    POST: async (request) => served(planner).plan(readPlan(request.body), requestSignal(request, PLAN_TIMEOUT_MS)),
  });
  resource(app, '/apply', { POST: async (request) => served(planner).apply(readApply(request.body)) });
}
