import type { TaskContext } from '../../runtime/connector/context.ts';
import type { SinkRejection, SinkTaskStart } from '../../runtime/connector/sink.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import { BulkSender } from './bulk/bulk-sender.ts';
import { PATCH_FIELD } from './bulk/bulk-body.ts';
import { Pace } from './bulk/pace.ts';
import { Slots } from './bulk/slots.ts';
import { Planner } from './document/planner.ts';
import type { SearchClient } from './http/search-client.ts';
import { openClient } from './http/transport-client.ts';
import { Indexes, type IndexBody } from './index/indexes.ts';
import type { ElasticsearchOptions } from './options.ts';
import { recognise } from './server.ts';
import { documentSettings, indexSettings, type DocumentSettings } from './settings.ts';

const MAX_BULK_BYTES = 64 * 1024 * 1024;
/** A claim that was just seen to stand is not looked at again. */
const BELIEVED_MS = 1000;
const REFUSED = 'ELASTICSEARCH_DOCUMENT_REFUSED';

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
  report(context: TaskContext, heldBytes: number): void;
  /** Refused documents that `behavior.on.malformed.documents` leaves out are counted and taken away. */
  tolerated(rejected: readonly SinkRejection[], context: TaskContext): readonly SinkRejection[];
}

export async function openTarget(
  options: ElasticsearchOptions,
  { env, context, signal }: SinkTaskStart,
  topicId: (topic: string) => string,
  shadows: Shadows | null = null,
): Promise<OpenedTarget> {
  const client = await openClient(options, env);
  try {
    const { product, version } = await recognise(client, signal);
    context.info('server', `${product} ${version ?? ''}`.trim());
  } catch (error) {
    await client.close();
    throw error;
  }
  const settings = documentSettings(options, shadows?.suffix);
  const indexes = openIndexes(options, client, settings, shadows);
  const pace = new Pace({
    maxBytes: options['bulk.size.bytes'] === -1 ? MAX_BULK_BYTES : options['bulk.size.bytes'],
    maxInFlight: options['max.in.flight.requests'],
  });
  const counts = { bulks: 0, documents: 0, bytes: 0, newer: 0, retried: 0 };
  const slots = new Slots(() => pace.inFlight);
  const believed = new Map<string, number>();
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
    believe: async (index, aborted) => {
      const nowMs = env.clock.monotonicMs();
      if (nowMs - (believed.get(index) ?? -Infinity) < BELIEVED_MS) return;
      await indexes.stillClaimed(index, aborted);
      believed.set(index, nowMs);
    },
  });
  let leftOut = 0;
  const behaviour = options['behavior.on.malformed.documents'];
  return {
    client,
    settings,
    indexes,
    pace,
    sender,
    planner: new Planner(settings, topicId),
    report(to, heldBytes) {
      to.gauge('bulks_total', counts.bulks);
      to.gauge('documents_total', counts.documents);
      to.gauge('bulk_bytes_total', counts.bytes);
      to.gauge('newer_documents_total', counts.newer);
      to.gauge('retried_documents_total', counts.retried);
      to.gauge('refused_documents_left_out_total', leftOut);
      to.gauge('buffered_bytes', heldBytes);
      to.gauge('bulk_target_bytes', pace.bytes);
      to.gauge('bulks_in_flight', slots.taken);
      to.gauge('bulks_in_flight_limit', pace.inFlight);
    },
    tolerated(rejected, to) {
      if (behaviour === 'fail' || rejected.length === 0) return rejected;
      const kept = rejected.filter(({ error }) => !(error instanceof MillraceError && error.code === REFUSED));
      leftOut += rejected.length - kept.length;
      const [first] = rejected.filter((one) => !kept.includes(one));
      if (first !== undefined && behaviour === 'warn') {
        to.log.warn('documents that the server refused are left out', {
          documents: rejected.length - kept.length,
          first: first.error.message,
        });
      }
      return kept;
    },
  };
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
