import type { Socket } from 'node:net';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { guard } from './access.ts';
import { adminLoggersResource } from './admin-loggers.ts';
import { connectorResource } from './connector.ts';
import { connectorCheckResource } from './connector-check.ts';
import { connectorConfigResource } from './connector-config.ts';
import { connectorControlResource } from './connector-control.ts';
import { connectorOffsetsResource } from './connector-offsets.ts';
import { connectorProfileResource } from './connector-profile.ts';
import { connectorPluginsResource } from './connector-plugins.ts';
import { deadLettersResource } from './dead-letters.ts';
import { DETAILS_HEADER, detailsHeader } from './error-details.ts';
import { connectorsResource } from './connectors.ts';
import { connectorStatusResource } from './connector-status.ts';
import { connectorTasksResource } from './connector-tasks.ts';
import { connectorTopicsResource } from './connector-topics.ts';
import { healthResource } from './health.ts';
import { hubTopicsResource } from './hub-topics.ts';
import { metricsResource } from './metrics.ts';
import { planResource } from './plan.ts';
import { checkOrigin } from './request-origin.ts';
import type { RestContext } from './rest-context.ts';
import { errorAnswer, httpError, RestError, type ErrorMessage } from './rest-error.ts';
import { rewindResource } from './rewind.ts';
import { rootResource } from './root.ts';

/** Characters of a path segment, some of them encoded: longer ones are not found. */
const MAX_SEGMENT = 4096;

/** The REST API, not listening yet. Kafka Connect's paths, bodies, codes. */
export function restServer(context: RestContext): FastifyInstance {
  const app = newServer(context);
  // Bodies come as bytes: what a resource does not read is not parsed, what it reads has its own errors.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  if (context.headers !== undefined)
    app.addHook('onRequest', async (_request, reply) => void reply.headers(context.headers?.() ?? {}));
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  app.addHook('onRequest', async (request, reply) => {
    if (closing) throw new RestError(503, 'The worker is ending.');
    checkOrigin(request, reply, context);
  });
  if (context.access !== undefined) guard(app, context.access);
  app.addHook('onRequest', async (request) => negotiate(request));
  app.addHook('onSend', async (_request, reply) => {
    const type = reply.getHeader('content-type');
    if (typeof type === 'string' && type.startsWith('application/json'))
      reply.header('content-type', 'application/json');
  });
  app.setErrorHandler((error, _request, reply) => sendError(error, reply, context));
  app.setNotFoundHandler(() => {
    throw httpError(404);
  });
  for (const register of resourcesOf(context)) register(app, context);
  return app;
}

/** Milliseconds for the headers of a request to arrive. */
const HEADERS_MS = 20_000;
/** How often requests that are late are looked for. */
const CHECK_TIMEOUTS_MS = 2000;

function newServer(context: RestContext): FastifyInstance {
  const { tls, limits } = context;
  const http =
    limits === undefined ? {} : { maxHeaderSize: limits.headerBytes, connectionsCheckingInterval: CHECK_TIMEOUTS_MS };
  const app = fastify({
    logger: false,
    bodyLimit: context.bodyBytes,
    return503OnClosing: false,
    clientErrorHandler: refuseConnection,
    forceCloseConnections: true,
    requestTimeout: limits?.requestTimeoutMs ?? 0,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_SEGMENT },
    // Before any hook runs.
    frameworkErrors: (error, _request, reply) =>
      sendError(error, (reply as FastifyReply).headers(context.headers?.() ?? {}), context),
    ...(tls === undefined ? { http } : { https: { ...http, ...tls } }),
  }) as unknown as FastifyInstance;
  if (limits !== undefined) {
    app.server.maxConnections = limits.connections;
    // Node exchanges the two where that of headers is the longer one.
    app.server.headersTimeout = Math.min(limits.requestTimeoutMs, HEADERS_MS);
  }
  return app;
}

const RESOURCES: readonly ((app: FastifyInstance, context: RestContext) => void)[] = [
  rootResource,
  healthResource,
  metricsResource,
  connectorsResource,
  connectorResource,
  connectorConfigResource,
  connectorCheckResource,
  connectorStatusResource,
  connectorProfileResource,
  connectorTasksResource,
  connectorControlResource,
  connectorOffsetsResource,
  rewindResource,
  connectorTopicsResource,
  deadLettersResource,
  connectorPluginsResource,
  hubTopicsResource,
  planResource,
];

/** What Kafka Connect serves at `admin.listeners` where there are any. */
const ADMIN_RESOURCES: typeof RESOURCES = [adminLoggersResource];

function resourcesOf({ paths = 'all' }: RestContext): typeof RESOURCES {
  if (paths === 'admin') return ADMIN_RESOURCES;
  return paths === 'all' ? [...RESOURCES, ...ADMIN_RESOURCES] : RESOURCES;
}

function sendError(error: unknown, reply: FastifyReply, { log, hide = (text) => text }: RestContext): void {
  const { status, body, unexpected } = errorAnswer(error, hide);
  if (unexpected) log.error('a request failed unexpectedly', { error });
  const details = detailsHeader(error, hide);
  if (details !== null) reply.header(DETAILS_HEADER, details);
  // As bytes: what is sent before any hook runs must have Connect's plain content type too.
  void reply
    .code(status)
    .header('content-type', 'application/json')
    .send(Buffer.from(JSON.stringify(body)));
}

/** Answers what is no HTTP, or too much of it: there is no request to reply to. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return;
  const status = CONNECTION_STATUS[error.code ?? ''] ?? 400;
  const { message } = httpError(status);
  const body = JSON.stringify({ error_code: status, message } satisfies ErrorMessage);
  const line = message.replace('HTTP ', 'HTTP/1.1 ');
  socket.end(
    `${line}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

const CONNECTION_STATUS: Readonly<Record<string, number>> = { ERR_HTTP_REQUEST_TIMEOUT: 408, HPE_HEADER_OVERFLOW: 431 };

/** 406 for a client that takes no JSON, 415 for a body that is none. */
function negotiate(request: FastifyRequest): void {
  const { accept, 'content-type': type, 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (accept !== undefined && !request.url.startsWith('/metrics') && !acceptsJson(accept)) throw httpError(406);
  const hasBody = encoding !== undefined || (length !== undefined && length !== '0');
  const json = /^application\/json\s*(?:;|$)/i.test(type ?? '');
  if ((hasBody && !json) || (type !== undefined && !json && request.method !== 'GET')) throw httpError(415);
}

function acceptsJson(accept: string): boolean {
  return accept.split(',').some((range) => /^\s*(?:\*\/\*|application\/\*|application\/json)\s*(?:;|$)/i.test(range));
}
