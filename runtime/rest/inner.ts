import type { FastifyRequest } from 'fastify';
import type { Handler } from './resource.ts';
import { RestError } from './rest-error.ts';

const INNER = 'Leave it to workers: what clients may ask for is in docs/rest.md.';

/** Endpoints that workers of a cluster call on each other, signed. This worker has no others to believe. */
export const innerRequest: Handler = async (request: FastifyRequest) => {
  const { 'x-connect-authorization': signature, 'x-connect-request-signature-algorithm': algorithm } = request.headers;
  if (signature === undefined || algorithm === undefined)
    throw new RestError(400, 'Internal request missing required signature', { remedy: INNER });
  throw new RestError(403, 'Internal request contained invalid signature.', { remedy: INNER });
};
