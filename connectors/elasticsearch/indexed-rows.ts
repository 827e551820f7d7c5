import type { RawConfig } from '../../runtime/connector/options.ts';
import { listedNames } from '../../runtime/connector/options.ts';
import type { Env } from '../../runtime/env/env.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import { JsonReader } from '../../runtime/record/json-reader.ts';
import type { Value } from '../../runtime/record/value.ts';
import { fieldAt } from './document/field-path.ts';
import type { SearchClient } from './http/search-client.ts';
import { searchError, successful } from './http/search-error.ts';
import { openClient } from './http/transport-client.ts';
import { parseIndexName } from './index/index-name.ts';
import { documentSettings, parseConfig } from './settings.ts';

export interface IndexedRowsOptions {
  /** The sink's. */
  readonly config: RawConfig;
  readonly topic: string;
  readonly env: Env;
  readonly signal: AbortSignal;
}

const PAGE = 1000;
const KEPT = '2m';

type Row = ReadonlyMap<Value, Value>;

/**
 * The documents that a sink has made of a topic's rows, as they stand at one moment, their values
 * exact. None where there is no such index: of a topic that never had a record none is made. Throws a `config` error where the index does not hold the rows of that topic alone.
 */
export async function* indexedRows({ config, topic, env, signal }: IndexedRowsOptions): AsyncGenerator<Row> {
  const index = indexOf(config, topic);
  const client = await openClient(parseConfig(config), env);
  try {
    const name = encodeURIComponent(index);
    if (!(await isThere(client, index, signal))) return;
    await ask(client, `refreshing ${index}`, 'POST', `/${name}/_refresh`, undefined, signal);
    const first = { size: PAGE, sort: ['_doc'] };
    let page = await ask(client, `reading ${index}`, 'POST', `/${name}/_search?scroll=${KEPT}`, first, signal);
    for (;;) {
      const hits = at(page, 'hits', 'hits');
      if (!Array.isArray(hits) || hits.length === 0) break;
      for (const hit of hits as readonly Value[]) {
        const row = at(hit, '_source');
        if (row instanceof Map) yield row;
      }
      const next = { scroll: KEPT, scroll_id: at(page, '_scroll_id') as string };
      page = await ask(client, `reading ${index}`, 'POST', '/_search/scroll', next, signal);
    }
    const last = { scroll_id: [at(page, '_scroll_id') as string] };
    await ask(client, `reading ${index}`, 'DELETE', '/_search/scroll', last, signal);
  } finally {
    await client.close();
  }
}

function indexOf(config: RawConfig, topic: string): string {
  const options = parseConfig(config);
  if (!options['millrace.unwrap'] || (config['transforms'] ?? '').trim() !== '') {
    throw unfit(
      'its documents are no rows as their table has them',
      'millrace.unwrap',
      'Compare an index that is written with millrace.unwrap=true and without transforms.',
    );
  }
  const target = documentSettings(options).target(topic);
  const name = parseIndexName(options['millrace.index']);
  if (target.kind === 'stream' || target.fixed === null || typeof name === 'string') {
    throw unfit(
      'the rows of a table are in several indexes',
      'millrace.index',
      'Compare an index whose name depends on the topic only.',
    );
  }
  const own = options['external.resource.usage'] !== 'DISABLED' || name.parts.some(({ kind }) => kind === 'topic');
  if (!own && listedNames(config['topics']).length !== 1) {
    throw unfit('the rows of several tables are in one index', 'millrace.index', 'Put ${topic} into millrace.index.');
  }
  return target.fixed;
}

function unfit(problem: string, key: string, remedy: string): MillraceError {
  return new MillraceError('ELASTICSEARCH_NOT_COMPARABLE', `the index cannot be compared: ${problem}`, {
    kind: 'config',
    key,
    remedy,
  });
}

async function isThere(client: SearchClient, index: string, signal: AbortSignal): Promise<boolean> {
  const answer = await client.send({ method: 'GET', path: `/${encodeURIComponent(index)}/_alias` }, signal);
  if (answer.status === 404) return false;
  successful(`looking at ${index}`, answer);
  return true;
}

async function ask(
  client: SearchClient,
  doing: string,
  method: 'POST' | 'DELETE',
  path: string,
  body: object | undefined,
  signal: AbortSignal,
): Promise<Value> {
  const request = { method, path, timeoutMs: 120_000, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const { status, text } = await client.send(request, signal);
  if (status >= 300) throw searchError(doing, status, { type: '', reason: text.slice(0, 300) });
  return new JsonReader(Buffer.from(text)).document(null);
}

function at(value: Value, ...names: readonly string[]): Value {
  return fieldAt({ schema: null, value }, names)?.value ?? null;
}
