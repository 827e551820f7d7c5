import type { TaskContext } from '../../runtime/connector/context.ts';
import type { SinkTaskStart } from '../../runtime/connector/sink.ts';
import type { Env } from '../../runtime/env/env.ts';
import { BulkSender } from './bulk/bulk-sender.ts';
import { PATCH_FIELD } from './bulk/bulk-body.ts';
import { Pace } from './bulk/pace.ts';
import { Slots } from './bulk/slots.ts';
import { Planner } from './document/planner.ts';
import type { SearchClient } from './http/search-client.ts';
import { openClient } from './http/transport-client.ts';
import { Indexes, type IndexBody } from './index/indexes.ts';
import type { ElasticsearchOptions } from './options.ts';
import { RefusedDocuments } from './refused-documents.ts';
import { recognise } from './server.ts';
import { documentSettings, indexSettings, type DocumentSettings } from './settings.ts';

const MAX_BULK_BYTES = 64 * 1024 * 1024;
/** A claim that was just seen to stand is not looked at again. */
const BELIEVED_MS = 1000;

/** Where a task writes to that builds indexes anew. */
export interface Shadows {
  /** Of the name of every index. */
  readonly suffix: string;
  /** Settings and mapping of one that is made. */
  body(index: string, signal: AbortSignal): Promise<IndexBody>;
}

/** What a task writes with. */
export interface OpenedTarget {
  readonly client: SearchClient;
  readonly settings: DocumentSettings;
  readonly planner: Planner;
  readonly indexes: Indexes;
  readonly pace: Pace;
  readonly sender: BulkSender;
  readonly refused: RefusedDocuments;
  report(heldBytes: number): void;
}

export async function openTarget(
  options: ElasticsearchOptions,
  { env, context, signal }: SinkTaskStart,
  topicId: (topic: string) => string,
  shadows: Shadows | null = null,
): Promise<OpenedTarget> {
  const client = await openServer(options, { env, context, signal });
  const settings = documentSettings(options, shadows?.suffix);
  const indexes = openIndexes(options, client, settings, shadows);
  const pace = new Pace({
    maxBytes: options['bulk.size.bytes'] === -1 ? MAX_BULK_BYTES : options['bulk.size.bytes'],
    maxInFlight: options['max.in.flight.requests'],
  });
  const counts = { bulks: 0, documents: 0, bytes: 0, newer: 0, retried: 0 };
  const slots = new Slots(() => pace.inFlight);
  const sender = new BulkSender({
    client,
    env,
    pace,
    slots,
    maxRetries: options['max.retries'],
    backoffMs: options['retry.backoff.ms'],
    stop: signal,
    count: (what, by) => (counts[what] += by),
    retrying: (error) =>
      context.warning('ELASTICSEARCH_RETRYING', error === null ? null : `${error.code}: ${error.message}`),
    believe: believer(indexes, env),
  });
  const refused = new RefusedDocuments(options['behavior.on.malformed.documents']);
  return {
    client,
    settings,
    indexes,
    pace,
    sender,
    refused,
    planner: new Planner(settings, topicId),
    report: (heldBytes) => {
      showCounts(context, counts);
      context.gauge('refused_documents_left_out_total', refused.leftOut);
      context.gauge('buffered_bytes', heldBytes);
      context.gauge('bulk_target_bytes', pace.bytes);
      context.gauge('bulks_in_flight', slots.taken);
      context.gauge('bulks_in_flight_limit', pace.inFlight);
    },
  };
}

interface Counts {
  readonly bulks: number;
  readonly documents: number;
  readonly bytes: number;
  readonly newer: number;
  readonly retried: number;
}

function showCounts(context: TaskContext, counts: Counts): void {
  context.gauge('bulks_total', counts.bulks);
  context.gauge('documents_total', counts.documents);
  context.gauge('bulk_bytes_total', counts.bytes);
  context.gauge('newer_documents_total', counts.newer);
  context.gauge('retried_documents_total', counts.retried);
}

/** Looks whether an index is still claimed, but for one that was just seen to be. */
function believer(indexes: Indexes, { clock }: Env): (index: string, signal: AbortSignal) => Promise<void> {
  const believed = new Map<string, number>();
  return async (index, signal) => {
    const nowMs = clock.monotonicMs();
    if (nowMs - (believed.get(index) ?? -Infinity) < BELIEVED_MS) return;
    await indexes.stillClaimed(index, signal);
    believed.set(index, nowMs);
  };
}

async function openServer(
  options: ElasticsearchOptions,
  { env, context, signal }: Pick<SinkTaskStart, 'env' | 'context' | 'signal'>,
): Promise<SearchClient> {
  const client = await openClient(options, env);
  try {
    const { product, version } = await recognise(client, signal);
    context.info('server', `${product} ${version ?? ''}`.trim());
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** Deletes stay known for so long, so that an older write that comes late cannot bring a document back. */
const GC_DELETES = '1h';

/** Settings and mapping of an index that is made for the connector. */
export function createBody(options: ElasticsearchOptions): IndexBody {
  const patched =
    options['millrace.unwrap'] &&
    options['write.method'] === 'INSERT' &&
    options['millrace.partial.updates'] === 'script';
  return {
    settings: { 'index.gc_deletes': GC_DELETES, ...indexSettings(options['millrace.index.settings']) },
    mappings: { properties: patched ? { [PATCH_FIELD]: { type: 'long' } } : {} },
  };
}

function openIndexes(
  options: ElasticsearchOptions,
  client: SearchClient,
  settings: DocumentSettings,
  shadows: Shadows | null,
): Indexes {
  const own = createBody(options);
  return new Indexes({
    client,
    body: (index, signal) => shadows?.body(index, signal) ?? Promise.resolve(own),
    streamSettings: indexSettings(options['millrace.index.settings']) ?? {},
    adopt: options['millrace.index.adopt'],
    create: options['external.resource.usage'] === 'DISABLED',
    ownIndex: (topic) => settings.ownIndex(topic),
  });
}
