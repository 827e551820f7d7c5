import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { FoundDocument, SearchProbe } from '../../integration/elasticsearch/search-probe.ts';
import type { SearchServer } from '../../services/elasticsearch.ts';
import { databaseOptions, type PostgresServer } from '../../services/postgres.ts';
import type { WorkerPlace } from './worker-place.ts';

const LIMIT_MS = 60_000;

type Config = Readonly<Record<string, string>>;

interface SearchCopyPlace {
  readonly postgres: PostgresServer;
  readonly search: SearchServer;
  readonly folder: string;
  readonly prefix: string;
  /** What the place has beside what every copy has. */
  readonly worker?: Config;
  readonly source?: Config;
  readonly sink: Config;
}

/**
 * A worker that copies the tables of the workload into indexes. `doc` has a large column that most events leave out: a
 * script sets the others, or, where the server has none, they are merged, which needs order.
 */
export function searchCopyPlace(place: SearchCopyPlace): WorkerPlace {
  const { postgres, search, folder, prefix, worker = {}, source = {} } = place;
  const sink = {
    'connector.class': 'io.confluent.connect.elasticsearch.ElasticsearchSinkConnector',
    'connection.url': search.url,
    'millrace.unwrap': 'true',
    ...place.sink,
  };
  const method = search.scripts ? {} : { 'write.method': 'UPSERT' };
  return {
    folder,
    worker: { 'offset.flush.interval.ms': '100', ...worker },
    connectors: {
      source: {
        'connector.class': 'postgres',
        ...databaseOptions(postgres),
        'topic.prefix': prefix,
        'plugin.name': 'pgoutput',
        'slot.name': 'search',
        'publication.name': 'search',
        'publication.autocreate.mode': 'filtered',
        'table.include.list': 'public.item,public.doc',
        ...source,
      },
      items: { ...sink, topics: `${prefix}.public.item` },
      docs: { ...sink, ...method, topics: `${prefix}.public.doc` },
    },
  };
}

type Rows = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Waits until every document of the workload's tables is its row, and nothing else is there. */
export async function expectCopies(postgres: PostgresServer, probe: SearchProbe, prefix: string): Promise<void> {
  for (const table of ['item', 'doc']) {
    const rows = texts(await postgres.sql(`select * from ${table} order by key`));
    let last: Rows = {};
    for (let waited = 0; waited < LIMIT_MS; waited += 500) {
      last = rowsOf(await probe.documents(`${prefix}.public.${table}`));
      if (JSON.stringify(last) === JSON.stringify(rows)) break;
      await sleep(500);
    }
    expect(last, table).toEqual(rows);
  }
}

/** Rows by their key, each with its columns as texts. */
function texts(rows: readonly Readonly<Record<string, unknown>>[]): Rows {
  return Object.fromEntries(
    rows.map((row) => {
      const columns = Object.entries(row).filter(([name]) => name !== '_millrace_version');
      const named = columns.toSorted(([a], [b]) => (a < b ? -1 : 1));
      return [String(row['key']), Object.fromEntries(named.map(([name, value]) => [name, String(value)]))];
    }),
  );
}

function rowsOf(documents: readonly FoundDocument[]): Rows {
  const rows = texts(documents.map(({ source }) => source));
  expect(Object.keys(rows)).toHaveLength(documents.length);
  return rows;
}
