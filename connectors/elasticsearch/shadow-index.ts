import type { RawConfig } from '../../runtime/connector/options.ts';
import type { Env } from '../../runtime/env/env.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import type { JsonObject, JsonValue } from '../../runtime/record/record.ts';
import { createBody } from './open-target.ts';
import type { SearchClient } from './http/search-client.ts';
import { answeredJson, isObject, searchError, serverError, successful } from './http/search-error.ts';
import { openClient } from './http/transport-client.ts';
import type { ElasticsearchOptions } from './options.ts';
import { documentSettings, parseConfig } from './settings.ts';

/** The index of a topic, and the one that is built to take its place. */
export interface Shadow {
  readonly topic: string;
  /** The name that is written to and searched. */
  readonly name: string;
  readonly shadow: string;
}

/** What of the index before is kept. */
export interface ShadowBody {
  /** The mapping as it stands, instead of one made from the schemas of records. */
  readonly keepMapping: boolean;
}

/**
 * Builds indexes beside those that serve, and puts them in their place.
 *
 * Procedure: `create`, write to the shadows with `config`, `take`. The name becomes an alias then; an
 * index that had the name itself is removed in the same step, one behind an alias stays.
 */
export class ShadowIndexes {
  readonly shadows: readonly Shadow[];
  readonly #options: ElasticsearchOptions;
  readonly #raw: RawConfig;
  readonly #client: SearchClient;

  private constructor(raw: RawConfig, options: ElasticsearchOptions, client: SearchClient, shadows: readonly Shadow[]) {
    this.#raw = raw;
    this.#options = options;
    this.#client = client;
    this.shadows = shadows;
  }

  /** Throws a `config` error where the documents of a topic have no index of their own, or cannot be made again. */
  static async open(config: RawConfig, topics: readonly string[], suffix: string, env: Env): Promise<ShadowIndexes> {
    const options = parseConfig(config);
    const shadows = shadowsOf(options, topics, suffix);
    return new ShadowIndexes(config, options, await openClient(options, env), shadows);
  }

  /**
   * Whether versions order the changes of a document whoever writes them. Merges have none, and a patch adds
   * one to the version of its document, whatever its offset: a second writer could bring an older image back.
   */
  get isOrdered(): boolean {
    const { 'write.method': method, 'millrace.unwrap': unwrap, 'millrace.partial.updates': partial } = this.#options;
    return method === 'INSERT' && !(unwrap && partial === 'script');
  }

  /** The connector's configuration, leading to the shadows. */
  get config(): RawConfig {
    const mapping = this.shadows.map(({ topic, shadow }) => `${topic}:${shadow}`).join(',');
    const { 'topics.regex': _pattern, ...others } = this.#raw;
    return {
      ...others,
      topics: this.shadows.map(({ topic }) => topic).join(','),
      'external.resource.usage': 'INDEX',
      'topic.to.external.resource.mapping': mapping,
    };
  }

  async create({ keepMapping }: ShadowBody, signal: AbortSignal): Promise<void> {
    for (const { name, shadow } of distinct(this.shadows)) {
      const doing = `creating index ${shadow}`;
      const own = createBody(this.#options);
      const body = keepMapping ? await this.#likeBefore(name, own, signal) : own;
      successful(doing, await this.#send('PUT', `/${encodeURIComponent(shadow)}`, body, signal));
    }
  }

  /** Makes what was written to the shadows visible to searches. */
  async refresh(signal: AbortSignal): Promise<void> {
    for (const { shadow } of distinct(this.shadows)) {
      const answer = await this.#send('POST', `/${encodeURIComponent(shadow)}/_refresh`, undefined, signal);
      successful(`refreshing ${shadow}`, answer);
    }
  }

  async count(shadow: string, signal: AbortSignal): Promise<number> {
    const answer = await this.#send('GET', `/${encodeURIComponent(shadow)}/_count`, undefined, signal);
    return Number(successful(`counting ${shadow}`, answer)['count']);
  }

  /** All names lead to their shadows from one moment on. Returns the indexes that nothing leads to any more. */
  async take(signal: AbortSignal): Promise<readonly string[]> {
    const actions: JsonValue[] = [];
    const left: string[] = [];
    for (const { name, shadow } of distinct(this.shadows)) {
      const before = await this.#behind(name, signal);
      if (before.includes(name)) actions.push({ remove_index: { index: name } });
      for (const index of before.filter((one) => one !== name)) {
        actions.push({ remove: { index, alias: name } });
        left.push(index);
      }
      actions.push({ add: { index: shadow, alias: name, is_write_index: true } });
    }
    successful('switching the aliases', await this.#send('POST', '/_aliases', { actions }, signal));
    return left;
  }

  /** Removes the shadows again. */
  async discard(signal: AbortSignal): Promise<void> {
    for (const { shadow } of distinct(this.shadows)) {
      await this.#send('DELETE', `/${encodeURIComponent(shadow)}`, undefined, signal);
    }
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  /** Indexes that a name leads to; itself where it is one. */
  async #behind(name: string, signal: AbortSignal): Promise<readonly string[]> {
    const doing = `looking at ${name}`;
    const answer = await this.#send('GET', `/${encodeURIComponent(name)}/_alias`, undefined, signal);
    const body = answeredJson(doing, answer);
    if (answer.status === 404) return [];
    if (answer.status >= 300) throw searchError(doing, answer.status, serverError(body));
    return Object.keys(body);
  }

  /** The mapping and the settings that shape an index, as they are; the claims are those of the topics now. */
  async #likeBefore(name: string, own: JsonObject, signal: AbortSignal): Promise<JsonObject> {
    const doing = `reading the mapping of ${name}`;
    const answer = await this.#send('GET', `/${encodeURIComponent(name)}`, undefined, signal);
    const [before] = Object.values(successful(doing, answer));
    const mappings = isObject(before) && isObject(before['mappings']) ? before['mappings'] : {};
    const { _meta, ...mapping } = mappings;
    const meta = Object.fromEntries(Object.entries(isObject(_meta) ? _meta : {}).filter(([key]) => key !== 'millrace'));
    const settings = isObject(before) && isObject(before['settings']) ? before['settings']['index'] : undefined;
    const kept = isObject(settings)
      ? Object.fromEntries(Object.entries(settings).filter(([key]) => SHAPING.has(key)))
      : {};
    const ownSettings = isObject(own['settings']) ? own['settings'] : {};
    return { settings: { ...ownSettings, index: kept }, mappings: { ...mapping, _meta: meta } };
  }

  #send(method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body: JsonObject | undefined, signal: AbortSignal) {
    const request = { method, path, timeoutMs: 120_000, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    return this.#client.send(request, signal);
  }
}

const SHAPING = new Set([
  'number_of_shards',
  'number_of_replicas',
  'analysis',
  'refresh_interval',
  'sort',
  'similarity',
  'mapping',
]);

function shadowsOf(options: ElasticsearchOptions, topics: readonly string[], suffix: string): readonly Shadow[] {
  if (options['use.autogenerated.ids']) {
    throw unfit('ids that the server made cannot be made again', 'use.autogenerated.ids');
  }
  const settings = documentSettings(options);
  return topics.map((topic) => {
    const target = settings.target(topic);
    if (target.kind === 'stream') throw unfit('data streams are never rewritten', 'data.stream.type');
    if (target.fixed === null) throw unfit('the index of a record depends on the record', 'millrace.index');
    return { topic, name: target.fixed, shadow: `${target.fixed}-${suffix}` };
  });
}

function distinct(shadows: readonly Shadow[]): readonly Shadow[] {
  return [...new Map(shadows.map((one) => [one.name, one])).values()];
}

function unfit(problem: string, key: string): MillraceError {
  return new MillraceError('ELASTICSEARCH_NOT_REINDEXABLE', `the connector cannot be reindexed: ${problem}`, {
    kind: 'config',
    key,
    remedy:
      'Stop the connector, delete its indexes, reset its offsets (millrace connectors offsets NAME --reset), and start it.',
  });
}
