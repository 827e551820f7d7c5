import type { FastifyInstance } from 'fastify';
import { pathParameter, requestSignal, resource, served } from './resource.ts';
import type { RestContext } from './rest-context.ts';
import { readRewind } from './rewind-request.ts';

/** A connector has to stop and be looked at upstream. */
const REWIND_TIMEOUT_MS = 280_000;

/** millrace's own: a connector back to an earlier place, or with `dry_run` what that would read again. */
export function rewindResource(app: FastifyInstance, { rewinder }: RestContext): void {
  resource(app, '/connectors/:connector/rewind', {
    POST: async (request) => {
      const wanted = readRewind(request.body);
      const signal = requestSignal(request, REWIND_TIMEOUT_MS);
      return served(rewinder).rewind(pathParameter(request, 'connector'), wanted, signal);
    },
  });
}
