import type { Transport } from '@elastic/transport';
import type { Env } from '../../../runtime/env/env.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { ElasticsearchOptions } from '../options.ts';
import type { SearchAnswer, SearchClient, SearchRequest } from './search-client.ts';

type Sdk = typeof import('@elastic/transport');

/** Every status is an answer here: what it means is decided where it is known what was asked. */
const ANY_STATUS = Array.from({ length: 200 }, (_, n) => 400 + n);

const JSON_TYPE = 'application/json';
const NDJSON = 'application/x-ndjson';

function asText(text: string): never {
  return text as never;
}

/** Loads the official transport, an optional dependency. */
async function loadTransport(): Promise<Sdk> {
  try {
    return await import('@elastic/transport');
  } catch (cause) {
    throw new MillraceError('ELASTICSEARCH_TRANSPORT_MISSING', '@elastic/transport is not installed', {
      kind: 'config',
      key: 'connector.class',
      remedy: 'Run `npm install @elastic/transport`.',
      cause,
    });
  }
}

/**
 * The official client's transport with plain media types and without its product check: one path for
 * Elasticsearch 7 to 9 and OpenSearch, which refuse each other's vendored ones.
 */
export async function openClient(options: ElasticsearchOptions, env: Env): Promise<SearchClient> {
  const sdk = await loadTransport();
  const urls = options['connection.url'].map((url) => new URL(url));
  const proxy = proxyUrl(options);
  const pool = new sdk.WeightedConnectionPool({
    Connection: proxy === undefined ? sdk.UndiciConnection : sdk.HttpConnection,
    ...(await tlsOptions(options, env)),
    ...authOptions(options),
    ...(proxy === undefined ? {} : { proxy }),
  });
  pool.addConnection(urls.map((url) => ({ url })));
  const serializer = new sdk.Serializer();
  // Texts stay texts: an answer is judged, and parsed, where it is known what was asked.
  serializer.deserialize = asText;
  const transport = new sdk.Transport({
    connectionPool: pool,
    serializer,
    maxRetries: 0,
    compression: options['connection.compression'],
    requestTimeout: options['read.timeout.ms'],
    vendoredHeaders: {
      jsonContentType: JSON_TYPE,
      ndjsonContentType: NDJSON,
      accept: 'application/json',
    },
    enableMetaHeader: false,
    name: 'millrace',
  });
  return new TransportClient(transport, () => pool.empty(), urls.map(({ origin }) => origin).join(', '));
}

class TransportClient implements SearchClient {
  readonly shown: string;
  readonly #transport: Transport;
  readonly #end: () => Promise<void>;

  constructor(transport: Transport, end: () => Promise<void>, shown: string) {
    this.#transport = transport;
    this.#end = end;
    this.shown = shown;
  }

  async send(request: SearchRequest, signal: AbortSignal): Promise<SearchAnswer> {
    const { method, path, body, ndjson, timeoutMs } = request;
    const [bare = '', querystring] = path.split('?');
    try {
      const result = await this.#transport.request(
        {
          method,
          path: bare,
          ...(querystring === undefined ? {} : { querystring }),
          ...(body === undefined ? {} : ndjson === true ? { bulkBody: body as string } : { body }),
        },
        {
          meta: true,
          ignore: ANY_STATUS,
          signal,
          // Texts and buffers are sent as they are, and the transport takes them for plain text.
          ...(body === undefined ? {} : { headers: { 'content-type': ndjson === true ? NDJSON : JSON_TYPE } }),
          ...(timeoutMs === undefined ? {} : { requestTimeout: timeoutMs }),
        },
      );
      const { statusCode, headers } = result;
      const text = typeof result.body === 'string' ? result.body : '';
      const location = headers?.['location'];
      return {
        status: statusCode,
        text,
        contentType: headers?.['content-type'] ?? '',
        ...(typeof location === 'string' ? { location } : {}),
      };
    } catch (error) {
      signal.throwIfAborted();
      throw unavailable(`${method} ${bare} of ${this.shown}`, error);
    }
  }

  close(): Promise<void> {
    return this.#end();
  }
}

function unavailable(doing: string, cause: unknown): MillraceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MillraceError('ELASTICSEARCH_UNAVAILABLE', `${doing}: ${reason}`, {
    kind: 'unavailable',
    key: 'connection.url',
    remedy: 'Check that the server runs and can be reached from here; for slow answers raise read.timeout.ms.',
    cause,
  });
}

function proxyUrl(options: ElasticsearchOptions): string | undefined {
  const host = options['proxy.host'];
  if (host === '') return undefined;
  const url = new URL(`http://${host}:${options['proxy.port']}`);
  url.username = options['proxy.username'];
  url.password = options['proxy.password'];
  return url.href;
}

function authOptions(options: ElasticsearchOptions) {
  const apiKey = options['millrace.connection.api.key'];
  if (apiKey !== '') return { auth: { apiKey } };
  const username = options['connection.username'];
  return username === '' ? {} : { auth: { username, password: options['connection.password'] } };
}

async function tlsOptions(options: ElasticsearchOptions, env: Env) {
  const read = async (key: 'millrace.tls.ca.file' | 'millrace.tls.cert.file' | 'millrace.tls.key.file') => {
    const path = options[key];
    if (path === '') return undefined;
    try {
      return await env.files.readFile(path);
    } catch (cause) {
      throw new MillraceError('ELASTICSEARCH_TLS_FILE', `${key}: reading ${path}: ${String(cause)}`, {
        kind: 'config',
        key,
        remedy: `Correct ${key}, and see that the worker may read the file.`,
        cause,
      });
    }
  };
  const ca = await read('millrace.tls.ca.file');
  const cert = await read('millrace.tls.cert.file');
  const key = await read('millrace.tls.key.file');
  return {
    tls: {
      rejectUnauthorized: options['millrace.tls.verify'],
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
  };
}
