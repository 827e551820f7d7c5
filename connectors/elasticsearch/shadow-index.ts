import type { RawConfig } from '../../runtime/connector/options.ts';
import type { Replacement, SinkRebuild } from '../../runtime/connector/sink-target.ts';
import type { Env } from '../../runtime/env/env.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import type { JsonObject, JsonValue } from '../../runtime/record/record.ts';
import { createBody } from './open-target.ts';
import type { SearchClient } from './http/search-client.ts';
import { answeredJson, isObject, searchError, serverError, successful } from './http/search-error.ts';
import { openClient } from './http/transport-client.ts';
import type { IndexBody } from './index/indexes.ts';
import { abandoned, discardable, type AliasesOf } from './index/shadows.ts';
import type { ElasticsearchOptions } from './options.ts';
import { documentSettings, parseConfig } from './settings.ts';
import { ElasticsearchSinkTask } from './task.ts';

/**
 * Indexes beside those that serve: each has the name of one with a suffix. Those that topics alone name are made
 * at once, others when a record goes to them. Afterwards a name is an alias; an index that had the name itself is
 * removed in the same step, one behind an alias stays.
 */
export class ShadowIndexes implements SinkRebuild {
  readonly #options: ElasticsearchOptions;
  readonly #raw: RawConfig;
  readonly #client: SearchClient;
  readonly #suffix: string;
  /** Names that are known before there are records. */
  readonly #fixed: readonly string[];
  #keep = false;
  /** Whether indexes with the suffix are ours. */
  #begun = false;

  private constructor(raw: RawConfig, client: SearchClient, fixed: readonly string[], suffix: string) {
    this.#raw = raw;
    this.#options = parseConfig(raw);
    this.#client = client;
    this.#fixed = fixed;
    this.#suffix = suffix;
  }

  /** Throws a `config` error where documents cannot be made again. */
  static async open(config: RawConfig, topics: readonly string[], mark: string, env: Env): Promise<ShadowIndexes> {
    const options = parseConfig(config);
    const fixed = fixedNames(options, topics);
    return new ShadowIndexes(config, await openClient(options, env), fixed, `-${mark}`);
  }

  createTask(): ElasticsearchSinkTask {
    return new ElasticsearchSinkTask(this.#raw, {
      suffix: this.#suffix,
      body: (shadow, signal) => this.#bodyOf(shadow, signal),
    });
  }

  async create({ keep }: { readonly keep: boolean }, signal: AbortSignal): Promise<void> {
    this.#keep = keep;
    const [taken] = await this.built(signal);
    if (taken !== undefined) throw exists(taken.shadow);
    // From here on every index with the suffix is one of these.
    this.#begun = true;
    for (const name of this.#fixed) {
      const shadow = `${name}${this.#suffix}`;
      const body = await this.#bodyOf(shadow, signal);
      successful(`creating index ${shadow}`, await this.#send('PUT', `/${encodeURIComponent(shadow)}`, body, signal));
    }
  }

  async built(signal: AbortSignal): Promise<readonly Replacement[]> {
    const shadows = Object.keys(await this.#aliases(`*${this.#suffix}`, signal));
    return shadows.toSorted().map((shadow) => ({ name: shadow.slice(0, -this.#suffix.length), shadow }));
  }

  async refresh(signal: AbortSignal): Promise<void> {
    for (const { shadow } of await this.built(signal)) {
      const answer = await this.#send('POST', `/${encodeURIComponent(shadow)}/_refresh`, undefined, signal);
      successful(`refreshing ${shadow}`, answer);
    }
  }

  async count({ shadow }: Replacement, signal: AbortSignal): Promise<number> {
    const answer = await this.#send('GET', `/${encodeURIComponent(shadow)}/_count`, undefined, signal);
    return Number(successful(`counting ${shadow}`, answer)['count']);
  }

  async take(signal: AbortSignal): Promise<readonly string[]> {
    const actions: JsonValue[] = [];
    const left: string[] = [];
    for (const { name, shadow } of await this.built(signal)) {
      const before = await this.#behind(name, signal);
      if (before.includes(name)) actions.push({ remove_index: { index: name } });
      for (const index of before.filter((one) => one !== name)) {
        actions.push({ remove: { index, alias: name } });
        left.push(index);
      }
      actions.push({ add: { index: shadow, alias: name, is_write_index: true } });
    }
    if (actions.length > 0)
      successful('switching the aliases', await this.#send('POST', '/_aliases', { actions }, signal));
    const names = [...new Set((await this.built(signal)).map(({ name }) => name))];
    for (const name of names) left.push(...abandoned(await this.#aliases(`${name}-*`, signal), name, this.#suffix));
    return [...new Set(left)];
  }

  async discard(signal: AbortSignal): Promise<void> {
    if (!this.#begun) return;
    const shadows = await this.#aliases(`*${this.#suffix}`, signal);
    for (const shadow of discardable(shadows, this.#suffix)) {
      await this.#send('DELETE', `/${encodeURIComponent(shadow)}`, undefined, signal);
    }
  }

  /** The aliases of each index of such a name. */
  async #aliases(pattern: string, signal: AbortSignal): Promise<AliasesOf> {
    const path = `/${encodeURIComponent(pattern)}/_alias?expand_wildcards=all`;
    const body = successful(`looking for ${pattern}`, await this.#send('GET', path, undefined, signal));
    return Object.fromEntries(
      Object.entries(body).map(([index, of]) => [
        index,
        isObject(of) && isObject(of['aliases']) ? Object.keys(of['aliases']) : [],
      ]),
    );
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

  /** Settings and mapping of a new index: those of the one whose place it takes, or the sink's own. */
  async #bodyOf(shadow: string, signal: AbortSignal): Promise<IndexBody> {
    const own = createBody(this.#options);
    return this.#keep ? this.#likeBefore(shadow.slice(0, -this.#suffix.length), own, signal) : own;
  }

  /** The mapping and the settings that shape an index, as they are; the claims are those of the topics now. */
  async #likeBefore(name: string, own: IndexBody, signal: AbortSignal): Promise<IndexBody> {
    const doing = `reading the mapping of ${name}`;
    const answer = await this.#send('GET', `/${encodeURIComponent(name)}`, undefined, signal);
    if (answer.status === 404) return own;
    const [before] = Object.values(successful(doing, answer));
    const mappings = isObject(before) && isObject(before['mappings']) ? before['mappings'] : {};
    const { _meta, ...mapping } = mappings;
    const meta = Object.fromEntries(Object.entries(isObject(_meta) ? _meta : {}).filter(([key]) => key !== 'millrace'));
    const settings = isObject(before) && isObject(before['settings']) ? before['settings']['index'] : undefined;
    const kept = isObject(settings)
      ? Object.fromEntries(Object.entries(settings).filter(([key]) => SHAPING.has(key)))
      : {};
    return { settings: { ...own.settings, index: kept }, mappings: { ...mapping, _meta: meta } };
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

function fixedNames(options: ElasticsearchOptions, topics: readonly string[]): readonly string[] {
  if (options['use.autogenerated.ids']) {
    throw unfit('ids that the server made cannot be made again', 'use.autogenerated.ids');
  }
  const settings = documentSettings(options);
  const names = topics.flatMap((topic) => {
    const target = settings.target(topic);
    if (target.kind === 'stream') throw unfit('data streams are never rewritten', 'data.stream.type');
    return target.fixed === null ? [] : [target.fixed];
  });
  return [...new Set(names)];
}

function exists(index: string): MillraceError {
  return new MillraceError('ELASTICSEARCH_SHADOW_EXISTS', `there is an index ${index} already`, {
    kind: 'conflict',
    key: 'millrace.index',
    remedy: 'Give the command again; a reindex of another connector may have begun in the same second.',
  });
}

function unfit(problem: string, key: string): MillraceError {
  return new MillraceError('ELASTICSEARCH_NOT_REINDEXABLE', `the connector cannot be reindexed: ${problem}`, {
    kind: 'config',
    key,
    remedy:
      'Stop the connector, delete its indexes, reset its offsets (millrace connectors offsets NAME --reset), and start it.',
  });
}
