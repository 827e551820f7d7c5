import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ANYONE, identify, type Credentials, type Identity } from './authentication.ts';
import type { RateLimit } from './rate-limit.ts';
import { RestError } from './rest-error.ts';
import { isChange, mayAct, neededRole } from './roles.ts';

/** A change that was asked for, or a request that was refused: never a body, never a credential (I9). */
export interface AuditEvent {
  readonly who: string;
  readonly role: string;
  readonly via: string;
  /** Address of the client. */
  readonly from: string;
  readonly method: string;
  /** Path and query as they were sent. */
  readonly url: string;
  readonly status: number;
  readonly outcome: 'done' | 'refused' | 'failed';
  /** Milliseconds it took. */
  readonly ms: number;
}

/** Who may do what, and who is told of it. */
export interface RestAccess {
  readonly credentials: Credentials;
  /** Requests by identity, or by address. */
  readonly limit: RateLimit;
  /** Attempts with wrong credentials by address. */
  readonly failures: RateLimit;
  readonly audit: (event: AuditEvent) => void;
}

/**
 * Lets in who may: credentials, then the rate of requests, then the role. Before anything of a body is read.
 * A preflight carries no credentials: OPTIONS, which tells methods only, needs none.
 */
export function guard(app: FastifyInstance, access: RestAccess): void {
  const identities = new WeakMap<FastifyRequest, Identity>();
  app.addHook('onRequest', async (request, reply) => {
    const identity = await authenticate(request, reply, access);
    identities.set(request, identity);
    const { name, via } = identity;
    const waitSeconds = access.limit.take(via === 'open' ? `address ${request.ip}` : `${via} ${name}`);
    if (waitSeconds > 0) throw tooMany(reply, waitSeconds);
    const needed = neededRole(request.method, request.routeOptions.url);
    if (!mayAct(identity.role, needed)) {
      throw new RestError(
        403,
        `${name} is ${identity.role}; ${request.method} ${request.url} needs the role ${needed}.`,
        { remedy: `Use a token of the role ${needed}: \`millrace token create --role ${needed}\` makes one.` },
      );
    }
  });
  app.addHook('onResponse', async (request, reply) => {
    const { statusCode: status } = reply;
    const denied = status === 401 || status === 403;
    if (!isChange(request.method) && !denied) return;
    const { name: who, role, via } = identities.get(request) ?? { name: 'nobody', role: 'none', via: 'none' };
    const outcome = status < 400 ? 'done' : status < 500 ? 'refused' : 'failed';
    const { ip: from, method, url } = request;
    access.audit({ who, role, via, from, method, url, status, outcome, ms: Math.round(reply.elapsedTime) });
  });
}

async function authenticate(request: FastifyRequest, reply: FastifyReply, access: RestAccess): Promise<Identity> {
  const { credentials, failures } = access;
  if (request.method === 'OPTIONS' || (credentials.tokens === null && credentials.users === null)) return ANYONE;
  const { authorization } = request.headers;
  // Passwords can be guessed, tokens cannot: who guesses locks nobody out who has a token.
  const guesses = credentials.users !== null && /^\s*basic\s/i.test(authorization ?? '');
  if (guesses && failures.isSpent(request.ip)) throw tooMany(reply, 1);
  const identity = await identify(authorization, credentials);
  if (identity !== null) return identity;
  if (authorization !== undefined && failures.take(request.ip) > 0) throw tooMany(reply, 1);
  reply.header('www-authenticate', credentials.users === null ? 'Bearer realm="millrace"' : 'Basic realm="millrace"');
  throw new RestError(401, authorization === undefined ? MISSING : WRONG);
}

const MISSING =
  'This worker needs a token: send Authorization: Bearer <token>, or use --token or MILLRACE_TOKEN. `millrace token create` makes one.';
const WRONG = 'This worker does not know these credentials: they may be misspelt or revoked.';

function tooMany(reply: FastifyReply, waitSeconds: number): RestError {
  reply.header('retry-after', String(waitSeconds));
  return new RestError(429, 'Too many requests: wait as Retry-After says, or raise millrace.rest.requests.per.second.');
}
