import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Transport } from '@elastic/transport';
import type { Env } from '../../../runtime/env/env.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { ElasticsearchOptions } from '../options.ts';
import { awsSignature, type Sign } from './aws-signature.ts';
import { connectionError, refusal } from './connection-error.ts';
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
  const [{ host, pathname } = { host: '', pathname: '/' }] = urls;
  return new TransportClient(options, {
    transport,
    sign: await awsSignature(options, env, host),
    prefix: pathname.replace(/\/$/, ''),
    end: () => pool.empty(),
    shown: urls.map(({ origin }) => origin).join(', '),
  });
}

interface ClientParts {
  readonly transport: Transport;
  /** null: requests are not signed. */
  readonly sign: Sign | null;
  /** What stands before every path. */
  readonly prefix: string;
  readonly shown: string;
  readonly end: () => Promise<void>;
}

class TransportClient implements SearchClient {
  readonly #options: ElasticsearchOptions;
  readonly #parts: ClientParts;

  constructor(options: ElasticsearchOptions, parts: ClientParts) {
    this.#options = options;
    this.#parts = parts;
  }

  get shown(): string {
    return this.#parts.shown;
  }

  async send(request: SearchRequest, signal: AbortSignal): Promise<SearchAnswer> {
    const { method, path, body, ndjson, timeoutMs } = request;
    const [bare = '', querystring] = path.split('?');
    const { transport, sign, prefix } = this.#parts;
    const doing = `${method} ${bare} of ${this.shown}`;
    const signature = await sign?.({ method, path: prefix + bare, query: querystring ?? '', body: body ?? '' });
    // Texts and buffers are sent as they are, and the transport takes them for plain text.
    const type = body === undefined ? {} : { 'content-type': ndjson === true ? NDJSON : JSON_TYPE };
    try {
      const answer = await transport.request(
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
          headers: { ...type, ...signature },
          ...(timeoutMs === undefined ? {} : { requestTimeout: timeoutMs }),
        },
      );
      const { statusCode: status, headers } = answer;
      const text = typeof answer.body === 'string' ? answer.body : '';
      const refused = refusal(doing, { status, text }, this.#options);
      if (refused !== null) throw refused;
      const location = headers?.['location'];
      return {
        status,
        text,
        contentType: headers?.['content-type'] ?? '',
        ...(typeof location === 'string' ? { location } : {}),
      };
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof MillraceError ? error : connectionError(doing, error, this.#options);
    }
  }

  close(): Promise<void> {
    return this.#parts.end();
  }
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

type TlsKey = 'millrace.tls.ca.file' | 'millrace.tls.cert.file' | 'millrace.tls.key.file';

async function tlsOptions(options: ElasticsearchOptions, env: Env) {
  const read = async (key: TlsKey) => {
    const path = options[key];
    if (path === '') return undefined;
    try {
      return await env.files.readFile(path);
    } catch (cause) {
      throw tlsFile(key, `reading ${path}: ${String(cause)}`, cause);
    }
  };
  const ca = await read('millrace.tls.ca.file');
  const cert = await read('millrace.tls.cert.file');
  const key = await read('millrace.tls.key.file');
  if (ca !== undefined) readable('millrace.tls.ca.file', () => new X509Certificate(ca));
  const own = cert === undefined ? null : readable('millrace.tls.cert.file', () => new X509Certificate(cert));
  const secret = key === undefined ? null : readable('millrace.tls.key.file', () => createPrivateKey(Buffer.from(key)));
  if (own !== null && secret !== null && !own.checkPrivateKey(secret))
    throw tlsFile('millrace.tls.key.file', 'it is not the key of the certificate in millrace.tls.cert.file');
  return {
    tls: {
      rejectUnauthorized: options['millrace.tls.verify'],
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
  };
}

function readable<T>(key: TlsKey, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw tlsFile(key, `the file is no PEM: ${String(cause)}`, cause);
  }
}

function tlsFile(key: TlsKey, problem: string, cause?: unknown): MillraceError {
  return new MillraceError('ELASTICSEARCH_TLS_FILE', `${key}: ${problem}`, {
    kind: 'config',
    key,
    remedy: `Correct ${key}, and see that the worker may read the file.`,
    ...(cause === undefined ? {} : { cause }),
  });
}
