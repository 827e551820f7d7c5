import type { TopicFacts } from '../../../runtime/connector/sink.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { JsonObject, JsonValue } from '../../../runtime/record/record.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import type { SearchClient } from '../http/search-client.ts';
import { answeredJson, isObject, searchError, serverError, successful } from '../http/search-error.ts';
import { claimsOf, gone, judgeClaim, metaWith, shared, type Claims, type IndexState } from './claim.ts';
import { missingProperties, propertiesOf } from './mapping.ts';

export interface IndexesOptions {
  readonly client: SearchClient;
  /** Of indexes that are created. */
  readonly body: (index: string, signal: AbortSignal) => Promise<IndexBody>;
  /** Of data streams that are created. */
  readonly streamSettings: JsonObject;
  readonly adopt: boolean;
  /** Whether indexes are made where they are missing; false: they must be there. */
  readonly create: boolean;
  /** The index that a topic has by its name alone; null: none. Two topics of one such index are a mistake. */
  ownIndex(topic: string): string | null;
}

/** Settings and mapping of a new index. */
export interface IndexBody extends JsonObject {
  readonly settings: JsonObject;
  /** The mapping has the fields that every index has beside those of its records. */
  readonly mappings: JsonObject;
}

/** A topic whose records go to an index. */
export interface Writer {
  readonly topic: string;
  readonly facts: TopicFacts;
  readonly committed: boolean;
}

/** The indexes of a task: made, claimed for their topics, and mapped as their records need it. */
export class Indexes {
  readonly #options: IndexesOptions;
  readonly #claimed = new Map<string, Writer[]>();
  readonly #mapped = new Map<string, WeakSet<Schema>>();
  readonly #streams = new Set<string>();

  constructor(options: IndexesOptions) {
    this.#options = options;
  }

  /** Whether an index needs nothing before records of this topic, of so many partitions, go to it. */
  isReady(index: string, topic: string, partitions?: number): boolean {
    const writer = this.#claimed.get(index)?.find((one) => one.topic === topic);
    return writer !== undefined && (partitions === undefined || writer.facts.partitions >= partitions);
  }

  isMapped(index: string, schema: Schema): boolean {
    return this.#mapped.get(index)?.has(schema) === true;
  }

  /**
   * Makes an index where it is missing, and claims it for a topic. Throws a `position` or `conflict`
   * error where versions there do not compare with offsets of the topic (D6).
   */
  async prepare(index: string, writer: Writer, signal: AbortSignal): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const state = await this.#state(index, signal);
      const filled = state !== null && !state.claims.has(writer.topic) && (await this.#isFilled(index, signal));
      const { adopt } = this.#options;
      const rival = state === null ? undefined : this.#rival(index, writer.topic, state.claims);
      const verdict = judgeClaim({ index, ...writer, state, filled, adopt, rival });
      if (verdict instanceof MillraceError) throw verdict;
      if (verdict === 'held') break;
      if (attempt > 5) throw contended(index);
      // Another task may do the same now: look again whether the claim stands.
      if (verdict === 'create') await this.#create(index, writer, signal);
      else if (state !== null) await this.#claim(state, writer, signal);
    }
    const others = (this.#claimed.get(index) ?? []).filter(({ topic }) => topic !== writer.topic);
    this.#claimed.set(index, [...others, writer]);
  }

  /** Whether what was claimed still stands; throws where an index was replaced since. */
  async stillClaimed(index: string, signal: AbortSignal): Promise<void> {
    const writers = this.#claimed.get(index) ?? [];
    const [first] = writers;
    if (first === undefined) return;
    const state = await this.#state(index, signal);
    if (state === null) throw gone(index, first.topic);
    for (const writer of writers) {
      const rival = this.#options.adopt ? undefined : this.#rival(index, writer.topic, state.claims);
      if (rival !== undefined) throw shared(index, writer.topic, rival);
      const held = state.claims.get(writer.topic);
      if (held !== undefined && held.id === writer.facts.id) continue;
      // `_meta` is written as a whole: a task that claimed for another topic at the same moment took ours away.
      if (held !== undefined || state.claims.size === 0) throw gone(index, writer.topic);
      await this.#claim(state, writer, signal);
    }
  }

  #rival(index: string, topic: string, claims: Claims): string | undefined {
    const { ownIndex } = this.#options;
    if (ownIndex(topic) !== index) return undefined;
    return [...claims.keys()].find((other) => other !== topic && ownIndex(other) === index);
  }

  /** Adds to the mapping what records of this schema need; what is mapped already stays as it is. */
  async map(index: string, schema: Schema, signal: AbortSignal): Promise<void> {
    const present = await this.#mapping(index, signal);
    const missing = missingProperties(propertiesOf(schema), (present['properties'] ?? {}) as JsonObject);
    if (missing !== null) {
      const doing = `mapping the fields of ${index}`;
      const answer = await this.#put(`/${encodeURIComponent(index)}/_mapping`, { properties: missing }, signal);
      // A mapping that others own, and that is at odds with this one, stays: the server judges the documents.
      if (answer.status >= 300 && answer.status !== 400)
        throw searchError(doing, answer.status, serverError(answeredJson(doing, answer)));
    }
    const known = this.#mapped.get(index) ?? new WeakSet();
    known.add(schema);
    this.#mapped.set(index, known);
  }

  /** Makes a data stream with a template of its own where it is missing. */
  async prepareStream(name: string, schema: Schema | null, signal: AbortSignal): Promise<void> {
    if (this.#streams.has(name)) return;
    if ((await this.#state(name, signal)) === null) {
      if (!this.#options.create) throw missingResource(name);
      const properties = { '@timestamp': { type: 'date' }, ...(schema === null ? {} : propertiesOf(schema)) };
      const template = {
        index_patterns: [name],
        data_stream: {},
        priority: 500,
        template: { settings: this.#options.streamSettings, mappings: { properties } },
      };
      const doing = `making a template for data stream ${name}`;
      successful(doing, await this.#put(`/_index_template/millrace-${encodeURIComponent(name)}`, template, signal));
    }
    this.#streams.add(name);
  }

  isStreamReady(name: string): boolean {
    return this.#streams.has(name);
  }

  async #create(index: string, writer: Writer, signal: AbortSignal): Promise<void> {
    if (!this.#options.create) throw missingResource(index);
    const meta = metaWith({}, new Map([[writer.topic, writer.facts]]));
    const { settings, mappings } = await this.#options.body(index, signal);
    const kept = isObject(mappings['_meta']) ? mappings['_meta'] : {};
    const body = { settings, mappings: { ...mappings, _meta: { ...kept, ...meta } } };
    const answer = await this.#put(`/${encodeURIComponent(index)}`, body, signal);
    const doing = `creating index ${index}`;
    const parsed = answeredJson(doing, answer);
    if (answer.status < 300) return;
    const error = serverError(parsed);
    if (error.type !== 'resource_already_exists_exception') throw searchError(doing, answer.status, error);
  }

  async #claim({ concrete, claims, meta }: IndexState, { topic, facts }: Writer, signal: AbortSignal): Promise<void> {
    const body = { _meta: metaWith(meta, new Map([...claims, [topic, facts]])) };
    const doing = `claiming index ${concrete} for topic ${topic}`;
    successful(doing, await this.#put(`/${encodeURIComponent(concrete)}/_mapping`, body, signal));
  }

  async #state(index: string, signal: AbortSignal): Promise<IndexState | null> {
    const doing = `looking at index ${index}`;
    const path = `/${encodeURIComponent(index)}?filter_path=*.aliases,*.mappings._meta,*.data_stream,error,status`;
    const answer = await this.#options.client.send({ method: 'GET', path }, signal);
    const body = answeredJson(doing, answer);
    if (answer.status === 404 && serverError(body).type === 'index_not_found_exception') return null;
    if (answer.status >= 300) throw searchError(doing, answer.status, serverError(body));
    const concrete = writeIndex(index, body);
    const found = body[concrete];
    const mappings = isObject(found) ? found['mappings'] : undefined;
    const meta = isObject(mappings) && isObject(mappings['_meta']) ? mappings['_meta'] : {};
    return { concrete, meta, claims: claimsOf(meta) };
  }

  async #mapping(index: string, signal: AbortSignal): Promise<JsonObject> {
    const answer = await this.#options.client.send({ method: 'GET', path: `/${encodeURIComponent(index)}` }, signal);
    const body = successful(`reading the mapping of ${index}`, answer);
    const found = body[writeIndex(index, body)];
    const mappings = isObject(found) ? found['mappings'] : undefined;
    return isObject(mappings) ? mappings : {};
  }

  async #isFilled(index: string, signal: AbortSignal): Promise<boolean> {
    const { client } = this.#options;
    const name = encodeURIComponent(index);
    successful(`refreshing ${index}`, await client.send({ method: 'POST', path: `/${name}/_refresh` }, signal));
    const counted = successful(
      `counting ${index}`,
      await client.send({ method: 'GET', path: `/${name}/_count` }, signal),
    );
    return counted['count'] !== 0;
  }

  #put(path: string, body: JsonValue, signal: AbortSignal) {
    return this.#options.client.send({ method: 'PUT', path, body: JSON.stringify(body) }, signal);
  }
}

/** Of an answer about a name: the index that writes to it go to. */
function writeIndex(name: string, body: JsonObject): string {
  const names = Object.keys(body);
  const [only] = names;
  if (names.length === 1 && only !== undefined) return only;
  const writing = names.find((index) => {
    const of = body[index];
    const aliases = isObject(of) ? of['aliases'] : undefined;
    const alias = isObject(aliases) ? aliases[name] : undefined;
    return isObject(alias) && alias['is_write_index'] === true;
  });
  // A data stream has no such mark: its youngest index is the last.
  return writing ?? names.toSorted().at(-1) ?? name;
}

function missingResource(name: string): MillraceError {
  return new MillraceError('ELASTICSEARCH_RESOURCE_MISSING', `${name} does not exist`, {
    kind: 'missing',
    key: 'topic.to.external.resource.mapping',
    remedy: `Create ${name}, or correct topic.to.external.resource.mapping.`,
  });
}

function contended(index: string): MillraceError {
  return new MillraceError('ELASTICSEARCH_CLAIM_CONTENDED', `other writers keep changing the mapping of ${index}`, {
    kind: 'busy',
    key: 'millrace.index',
    remedy: 'See that one connector alone writes to the index.',
  });
}
