import { MillraceError } from '../../runtime/record/error.ts';
import type { SearchClient } from './http/search-client.ts';
import { answeredJson, isObject, searchError, serverError } from './http/search-error.ts';

/** Which server answers. */
export interface Server {
  readonly product: 'Elasticsearch' | 'OpenSearch';
  /** null: it does not say. */
  readonly version: string | null;
}

const OLDEST = { Elasticsearch: [7, 10], OpenSearch: [2, 0] } as const;

/** Asks a server what it is. Throws where it is too old, is none, or refuses. */
export async function recognise(client: SearchClient, signal: AbortSignal): Promise<Server> {
  const doing = `asking ${client.shown} what it is`;
  const answer = await client.send({ method: 'GET', path: '/' }, signal);
  const body = answeredJson(doing, answer);
  // A user may be allowed to write and not to ask this.
  if (answer.status === 403 || answer.status === 405) return { product: 'Elasticsearch', version: null };
  if (answer.status >= 300) throw searchError(doing, answer.status, serverError(body));
  const { version } = body;
  const number = isObject(version) && typeof version['number'] === 'string' ? version['number'] : null;
  if (number === null || !isObject(version)) throw unknown(client.shown);
  const product = version['distribution'] === 'opensearch' ? 'OpenSearch' : 'Elasticsearch';
  const server: Server = { product, version: number };
  if (isTooOld(server)) throw tooOld(server);
  return server;
}

function isTooOld({ product, version }: Server): boolean {
  if (version === null) return false;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldMajor, oldMinor] = OLDEST[product];
  return major < oldMajor || (major === oldMajor && minor < oldMinor);
}

function tooOld({ product, version }: Server): MillraceError {
  const [major, minor] = OLDEST[product];
  return new MillraceError('ELASTICSEARCH_VERSION_UNSUPPORTED', `${product} ${version} is too old`, {
    kind: 'config',
    key: 'connection.url',
    remedy: `Use ${product} ${major}.${minor} or later.`,
  });
}

function unknown(shown: string): MillraceError {
  return new MillraceError(
    'ELASTICSEARCH_NOT_THE_SERVER',
    `what answers at ${shown} is no Elasticsearch or OpenSearch`,
    {
      kind: 'config',
      key: 'connection.url',
      remedy: 'Set connection.url to the HTTP address of the cluster (port 9200 by default).',
    },
  );
}
