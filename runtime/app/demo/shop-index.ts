import { setTimeout as sleep } from 'node:timers/promises';
import { openClient } from '../../../connectors/elasticsearch/http/transport-client.ts';
import type {
  SearchAnswer,
  SearchClient,
  SearchRequest,
} from '../../../connectors/elasticsearch/http/search-client.ts';
import { recognise } from '../../../connectors/elasticsearch/server.ts';
import { parseConfig } from '../../../connectors/elasticsearch/settings.ts';
import { realEnv } from '../../env/real.ts';
import { MillraceError } from '../../record/error.ts';
import { searchConfig, TABLES, topicOf } from './demo-connectors.ts';

/** What a search over the shop finds. */
export interface IndexState {
  /** Documents of all tables. */
  readonly documents: number;
  readonly newestOrder: { readonly id: number; readonly status: string } | null;
  readonly paidOrders: number;
}

const LOOK_MS = 500;
const INDEXES = TABLES.map(topicOf);

/** The search indexes of the shop as somebody sees them who searches: asked twice a second. */
export class ShopIndex {
  /** "OpenSearch 3.8.0 at http://127.0.0.1:9200". */
  readonly name: string;
  /** Without user and password (I9). */
  readonly shown: string;
  readonly #client: SearchClient;
  readonly #stop = new AbortController();
  #state: IndexState | null = null;
  #looking: Promise<void> = Promise.resolve();

  private constructor(client: SearchClient, name: string) {
    this.#client = client;
    this.shown = client.shown;
    this.name = name;
  }

  /** Opens a server and removes what an earlier demo left there. Throws where none answers that can be used. */
  static async open(url: string, signal: AbortSignal): Promise<ShopIndex> {
    const client = await openClient(parseConfig(searchConfig(url)), realEnv);
    try {
      const { product, version } = await recognise(client, signal);
      for (const index of INDEXES) await ask(client, { method: 'DELETE', path: `/${index}` }, signal);
      return new ShopIndex(client, `${product} ${version ?? ''} at ${client.shown}`);
    } catch (error) {
      await client.close();
      throw error instanceof MillraceError ? ofOption(error) : error;
    }
  }

  /** What was found last; null: nothing yet. */
  get state(): IndexState | null {
    return this.#state;
  }

  /** Begins to look. */
  watch(): void {
    this.#looking = this.#look();
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#looking;
    await this.#client.close();
  }

  async #look(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      // A search that fails shows nothing new: whether the index is right is for the sink and the proof to say.
      this.#state = await search(this.#client, signal).catch(() => this.#state);
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

interface Found {
  readonly hits?: {
    readonly total: { readonly value: number };
    readonly hits: readonly { readonly _source: { readonly id: number; readonly status: string } }[];
  };
  readonly count?: number;
}

async function search(client: SearchClient, signal: AbortSignal): Promise<IndexState> {
  const orders = `/${topicOf('orders')}/_search?ignore_unavailable=true`;
  const count = `/${INDEXES.join(',')}/_count?ignore_unavailable=true`;
  const newest = { size: 1, sort: [{ id: { order: 'desc', unmapped_type: 'long' } }] };
  const paid = { size: 0, track_total_hits: true, query: { match: { status: 'paid' } } };
  const [all, last, found] = await Promise.all([
    asked(client, { method: 'GET', path: count }, signal),
    asked(client, { method: 'POST', path: orders, body: JSON.stringify(newest) }, signal),
    asked(client, { method: 'POST', path: orders, body: JSON.stringify(paid) }, signal),
  ]);
  return {
    documents: all.count ?? 0,
    newestOrder: last.hits?.hits[0]?._source ?? null,
    paidOrders: found.hits?.total.value ?? 0,
  };
}

async function asked(client: SearchClient, request: SearchRequest, signal: AbortSignal): Promise<Found> {
  return JSON.parse((await ask(client, request, signal)).text) as Found;
}

/** What is not there is no error. */
async function ask(client: SearchClient, request: SearchRequest, signal: AbortSignal): Promise<SearchAnswer> {
  const answer = await client.send(request, signal);
  if (answer.status < 300 || answer.status === 404) return answer;
  throw new MillraceError(
    'DEMO_SEARCH_REFUSED',
    `${client.shown} answers ${answer.status}: ${answer.text.slice(0, 300)}`,
    { kind: 'unavailable', remedy: 'The user of --search needs to make, write, read and remove indexes.' },
  );
}

const ADDRESS =
  'Correct the address of --search: http://user:password@host:9200. `npm run services -- opensearch` in a checkout starts a server.';
const OF_ADDRESS: ReadonlySet<string> = new Set([
  'ELASTICSEARCH_UNAVAILABLE',
  'ELASTICSEARCH_NOT_THE_SERVER',
  'ELASTICSEARCH_UNAUTHENTICATED',
]);

/** An error of a server of the user's own, by the option it was named with. */
function ofOption({ code, message, kind, remedy = ADDRESS }: MillraceError): MillraceError {
  return new MillraceError(code, message, { kind, key: '--search', remedy: OF_ADDRESS.has(code) ? ADDRESS : remedy });
}
