import type { TopicFacts } from '../../../runtime/connector/sink.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { JsonObject, JsonValue } from '../../../runtime/record/record.ts';
import { isObject } from '../http/search-error.ts';

/*
 * Which topics' offsets are the versions of an index's documents. It stands in the mapping's `_meta`:
 *
 *     "_meta": { "millrace": { "format": 1, "topics": { "<topic>": { "id": "<topic id>", "partitions": 3 } } } }
 *
 * A version conflict means "the index has a newer one" only while this holds: offsets of a topic made
 * anew begin again, and in a topic that has grown a key may have moved to another partition. There they go on
 * comparing where the hub has kept them in order: it tells each growth, and of what is claimed the number must
 * be one that the topic had.
 */

export type Claims = ReadonlyMap<string, TopicFacts>;

/** What an index says of itself; null: it does not exist. */
export interface IndexState {
  /** The index itself: behind an alias it has another name. */
  readonly concrete: string;
  readonly claims: Claims;
  /** `_meta` as it stands, to be kept beside the claims. */
  readonly meta: JsonObject;
}

export function claimsOf(meta: JsonObject): Claims {
  const ours = meta['millrace'];
  const topics = isObject(ours) ? ours['topics'] : undefined;
  const claims = new Map<string, TopicFacts>();
  for (const [topic, of] of Object.entries(isObject(topics) ? topics : {})) {
    if (isObject(of) && typeof of['id'] === 'string' && typeof of['partitions'] === 'number') {
      claims.set(topic, { id: of['id'], partitions: of['partitions'] });
    }
  }
  return claims;
}

export function metaWith(meta: JsonObject, claims: Claims): JsonObject {
  const topics: Record<string, JsonValue> = {};
  for (const [topic, { id, partitions }] of claims) topics[topic] = { id, partitions };
  return { ...meta, millrace: { format: 1, topics } };
}

export type ClaimVerdict = 'held' | 'create' | 'claim' | MillraceError;

export interface ClaimCase {
  readonly index: string;
  readonly topic: string;
  readonly facts: TopicFacts;
  /** null: there is no such index. */
  readonly state: IndexState | null;
  /** Whether it has documents. */
  readonly filled: boolean;
  /** Records of the topic were written before: an offset is committed. */
  readonly committed: boolean;
  /** `millrace.index.adopt` */
  readonly adopt: boolean;
  /** Another topic that claims the index, and whose name alone leads there too. */
  readonly rival?: string | undefined;
}

/** Whether an index may be written to from a topic. Pure. */
export function judgeClaim(of: ClaimCase): ClaimVerdict {
  const { state, topic, index, facts, filled, committed, adopt, rival } = of;
  if (rival !== undefined && !adopt) return shared(index, topic, rival);
  if (state === null) return committed ? gone(index, topic) : 'create';
  const held = state.claims.get(topic);
  if (held === undefined) {
    if (committed && !adopt) return gone(index, topic);
    return filled && !adopt ? unknownOrigin(index, topic) : 'claim';
  }
  if (held.id !== facts.id) return recreated(index, topic);
  if (held.partitions === facts.partitions) return 'held';
  const sizes = [...(facts.growths ?? []).map(({ partitions }) => partitions), facts.partitions];
  if (facts.growths !== undefined && sizes.includes(held.partitions)) return 'claim';
  // Another task has heard of a growth that this one has not.
  if (facts.growths !== undefined && held.partitions > facts.partitions) return 'held';
  return grown(index, topic, held.partitions, facts.partitions);
}

const REINDEX = 'Build the index anew with `millrace reindex`, then restart the connector.';

function recreated(index: string, topic: string): MillraceError {
  return new MillraceError(
    'ELASTICSEARCH_TOPIC_RECREATED',
    `topic ${topic} was made anew since index ${index} was written: its offsets do not compare with the versions there`,
    { kind: 'position', key: 'topics', remedy: REINDEX },
  );
}

function grown(index: string, topic: string, before: number, now: number): MillraceError {
  return new MillraceError(
    'ELASTICSEARCH_PARTITIONS_CHANGED',
    `topic ${topic} had ${before} partitions when index ${index} was begun and has ${now}: keys may have moved, and the hub does not say that their offsets compare`,
    {
      kind: 'position',
      key: 'topics',
      remedy:
        'Make the topic anew with that many partitions, snapshot its source into it (docs/hub.md), and build the index anew with `millrace reindex`.',
    },
  );
}

/** Public for a task that finds its index replaced while it writes. */
export function gone(index: string, topic: string): MillraceError {
  return new MillraceError(
    'ELASTICSEARCH_INDEX_GONE',
    `records of topic ${topic} were written, but index ${index} was deleted or made anew since`,
    {
      kind: 'position',
      key: 'topics',
      remedy: `${REINDEX} Or stop it and reset its offsets (millrace connectors offsets NAME --reset), which writes every record again.`,
    },
  );
}

/** Public for a task that finds the other topic there while it writes. */
export function shared(index: string, topic: string, rival: string): MillraceError {
  return new MillraceError(
    'ELASTICSEARCH_INDEX_SHARED',
    `topics ${rival} and ${topic} have the same index, ${index}: names of indexes are lower case, and rows of one id would replace each other`,
    {
      kind: 'conflict',
      key: 'millrace.index',
      remedy: `Give one of them an index of its own: a connector with another millrace.index (as "\${topic}-2"), and leave it out of the topics of this one. Or set millrace.index.adopt=true if they share no ids.`,
    },
  );
}

function unknownOrigin(index: string, topic: string): MillraceError {
  return new MillraceError(
    'ELASTICSEARCH_INDEX_UNCLAIMED',
    `index ${index} has documents, and nothing in it says that they came from topic ${topic}`,
    {
      kind: 'conflict',
      key: 'millrace.index.adopt',
      remedy:
        'Set millrace.index.adopt=true if their versions are offsets of this very topic or they share no ids with it; otherwise name another index in millrace.index.',
    },
  );
}
