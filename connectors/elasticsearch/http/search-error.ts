import { MillraceError, type ErrorKind } from '../../../runtime/record/error.ts';
import type { JsonObject, JsonValue } from '../../../runtime/record/record.ts';
import type { SearchAnswer } from './search-client.ts';

type Rule = readonly [code: string, kind: ErrorKind, remedy: string, key: string];

const UNAVAILABLE: Rule = [
  'ELASTICSEARCH_UNAVAILABLE',
  'unavailable',
  'Check that the cluster is healthy (GET _cluster/health); a red shard cannot be written to.',
  'connection.url',
];
const THROTTLED: Rule = [
  'ELASTICSEARCH_THROTTLED',
  'throttled',
  'Nothing: the task slows down. If it lasts, the cluster needs more write capacity.',
  'max.in.flight.requests',
];
const DENIED: Rule = [
  'ELASTICSEARCH_ACCESS_DENIED',
  'permission',
  'Give the user the privileges read, write, create_index, view_index_metadata and manage on the indexes, and monitor on the cluster.',
  'connection.username',
];
const UNAUTHENTICATED: Rule = [
  'ELASTICSEARCH_UNAUTHENTICATED',
  'permission',
  'Correct connection.username and connection.password, or millrace.connection.api.key.',
  'connection.username',
];
const REDIRECTED: Rule = [
  'ELASTICSEARCH_REDIRECTED',
  'config',
  'Set connection.url to the address of the server itself; redirects are not followed.',
  'connection.url',
];
const NOT_JSON: Rule = [
  'ELASTICSEARCH_NOT_THE_SERVER',
  'unavailable',
  'Something between here and the server answered in its place (a proxy, a login page): see its text, and connection.url.',
  'connection.url',
];
const READ_ONLY: Rule = [
  'ELASTICSEARCH_INDEX_READ_ONLY',
  'busy',
  'Remove the block (index.blocks.write, index.blocks.read_only, or that of the cluster); until then the task waits.',
  'connection.url',
];
const DISK_FULL: Rule = [
  'ELASTICSEARCH_DISK_FULL',
  'full',
  'Free disk space on the data nodes: they passed the flood-stage watermark. The block goes away by itself then.',
  'connection.url',
];
const CLOSED: Rule = [
  'ELASTICSEARCH_INDEX_CLOSED',
  'busy',
  'Open the index again (POST /INDEX/_open); until then the task waits.',
  'connection.url',
];
const SHARDS_FULL: Rule = [
  'ELASTICSEARCH_SHARDS_FULL',
  'full',
  'Delete indexes that nobody needs, or raise cluster.max_shards_per_node; until then the task waits.',
  'connection.url',
];
const MISSING: Rule = [
  'ELASTICSEARCH_INDEX_MISSING',
  'missing',
  'Create the index, or the stream that connectors write to.',
  'topics',
];
const REFUSED: Rule = [
  'ELASTICSEARCH_REQUEST_REFUSED',
  'config',
  'Compare the options with what the server supports; its reason stands above.',
  'connection.url',
];

/** What a server says of a failure. */
export interface ServerError {
  /** Its exception: `mapper_parsing_exception`. */
  readonly type: string;
  readonly reason: string;
}

/** An error of the server in our terms. `status`: of the answer, or of an item of it. */
export function searchError(doing: string, status: number, { type, reason }: ServerError): MillraceError {
  const [code, kind, remedy, key] = ruleOf(status, type, reason);
  const text = type === '' ? reason : `${type}: ${reason}`;
  return new MillraceError(code, `${doing}: ${text === '' ? `HTTP ${status}` : text}`, { kind, remedy, key });
}

function ruleOf(status: number, type: string, reason: string): Rule {
  if (type === 'cluster_block_exception') {
    return /flood-stage|read-only-allow-delete|read_only_allow_delete/.test(reason) ? DISK_FULL : READ_ONLY;
  }
  if (type === 'index_closed_exception') return CLOSED;
  if (/maximum [\w ]*shards open/.test(reason)) return SHARDS_FULL;
  if (type === 'index_not_found_exception') return MISSING;
  if (status === 401) return UNAUTHENTICATED;
  if (status === 403) return DENIED;
  if (status === 429) return THROTTLED;
  if (status >= 300 && status < 400) return REDIRECTED;
  if (status === 408 || status >= 500) return UNAVAILABLE;
  return status === 404 ? MISSING : REFUSED;
}

/** The parsed body of an answer that is JSON, whatever its status. Throws where it is none. */
export function answeredJson(doing: string, answer: SearchAnswer): JsonObject {
  const { status, text, location } = answer;
  if (status >= 300 && status < 400) {
    throw searchError(doing, status, { type: '', reason: `HTTP ${status} to ${location ?? 'nowhere'}` });
  }
  try {
    const parsed = JSON.parse(text) as JsonValue;
    if (isObject(parsed)) return parsed;
  } catch {
    // Told below, with what was there instead.
  }
  if (status === 413 || status >= 400) throw searchError(doing, status, { type: '', reason: plain(answer) });
  const [code, kind, remedy, key] = NOT_JSON;
  throw new MillraceError(code, `${doing}: HTTP ${status} without a whole JSON answer: ${plain(answer)}`, {
    kind,
    remedy,
    key,
  });
}

/** The body of a successful answer. */
export function successful(doing: string, answer: SearchAnswer): JsonObject {
  const body = answeredJson(doing, answer);
  if (answer.status >= 300) throw searchError(doing, answer.status, serverError(body));
  return body;
}

/** The `error` of a body or of an item: an object, or in places a text. */
export function serverError(body: JsonObject): ServerError {
  const error = body['error'] ?? null;
  if (typeof error === 'string') return { type: '', reason: error };
  if (!isObject(error)) return { type: '', reason: '' };
  const reason = textOf(error['reason']);
  const cause = isObject(error['caused_by'] ?? null) ? causeText(error['caused_by'] as JsonObject) : '';
  return { type: textOf(error['type']), reason: cause === '' ? reason : `${reason} (${cause})` };
}

function causeText(cause: JsonObject): string {
  return [textOf(cause['type']), textOf(cause['reason'])].filter((part) => part !== '').join(': ');
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The beginning of a body that is no JSON, as one line of text. */
function plain({ text, status }: SearchAnswer): string {
  const title = /<title>([^<]*)<\/title>/i.exec(text)?.[1];
  const words = (title ?? text.replaceAll(/<[^>]*>/g, ' ')).replaceAll(/\s+/g, ' ').trim();
  return words === '' ? `HTTP ${status}, an empty body` : words.slice(0, 200);
}
