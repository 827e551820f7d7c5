import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReindexReport } from '../../runtime/app/reindex/run-reindex.ts';
import { SearchProbe } from '../integration/elasticsearch/search-probe.ts';
import { databaseOptions, startPostgres, type PostgresServer } from '../services/postgres.ts';
import { useSearches } from '../services/use-searches.ts';
import { connectorFiles } from './connector-files.ts';
import { millrace, WorkerProcess } from './worker-process.ts';

const searches = await useSearches(['elasticsearch']);
const idOf = (row: unknown): number => (row as { readonly id: number }).id;
const REGIONS = ['north', 'south', 'west'];

describe.skipIf(searches.length === 0).each(searches)('indexes in $name that records name', (search) => {
  const prefix = `named${process.pid}`;
  const probe = new SearchProbe(search.url);
  let server: PostgresServer;
  let folder: string;
  let worker: WorkerProcess;

  beforeAll(async () => {
    server = await startPostgres();
    await server.sql(`create table orders (id int primary key, region text not null, n int not null);
      alter table orders replica identity full;
      insert into orders select i, (array['north', 'south'])[1 + i % 2], 0 from generate_series(1, 600) i`);
    folder = mkdtempSync(join(tmpdir(), 'mr-names-'));
    const sink = {
      'connector.class': 'elasticsearch',
      'connection.url': search.url,
      topics: `${prefix}.public.orders`,
      'tasks.max': '2',
    };
    const connectors = {
      source: {
        'connector.class': 'postgres',
        ...databaseOptions(server),
        'topic.prefix': prefix,
        'plugin.name': 'pgoutput',
        'publication.autocreate.mode': 'filtered',
        'table.include.list': 'public.orders',
        'topic.creation.default.partitions': '3',
        'topic.creation.default.replication.factor': '1',
      },
      regions: {
        ...sink,
        'millrace.unwrap': 'true',
        'millrace.partial.updates': 'refuse',
        'millrace.index': `${prefix}-region-\${value.region}`,
      },
      years: {
        ...sink,
        'key.ignore': 'true',
        'behavior.on.null.values': 'ignore',
        'millrace.index': `${prefix}-at-\${time:yyyy}`,
      },
    };
    const files = connectorFiles(folder, connectors);
    worker = await WorkerProcess.start(['--set', 'offset.flush.interval.ms=200', ...files], folder);
  });

  afterAll(async () => {
    await worker?.stop();
    await server?.stop();
    const { body } = await probe.call('GET', `/${prefix}-*/_alias`);
    for (const index of Object.keys(body as object)) await probe.remove(index);
    rmSync(folder, { recursive: true, force: true });
  });

  const found = async (): Promise<unknown[]> => {
    const documents = await Promise.all(REGIONS.map((region) => probe.documents(`${prefix}-region-${region}`)));
    const rows = REGIONS.flatMap((region, i) => (documents[i] ?? []).map(({ source }) => [region, source]));
    return rows.toSorted((a, b) => idOf(a[1]) - idOf(b[1]));
  };
  const rows = async (): Promise<unknown[]> =>
    (await server.sql('select id, region, n from orders order by id')).map(({ id, region, n }) => [
      region,
      { id: Number(id), region, n: Number(n) },
    ]);

  async function reindexed(name: string): Promise<ReindexReport> {
    const place = ['--hub', 'millrace-data', '--url', worker.url, '--json'];
    const { code, out, err } = await millrace(['reindex', name, ...place], folder);
    if (code !== 0) throw new Error(err);
    return JSON.parse(out) as ReindexReport;
  }

  async function same(): Promise<void> {
    const wanted = JSON.stringify(await rows());
    const is = async () => JSON.stringify(await found()) === wanted;
    await worker.until('all documents are rows', is).catch(() => undefined);
    expect(await found()).toEqual(await rows());
  }

  test('by a field are built anew, each beside its own, and switched together', async () => {
    await server.sql(`update orders set n = n + 1 where id % 3 = 0; delete from orders where id % 7 = 0;
      insert into orders select i, 'west', 1 from generate_series(1001, 1100) i`);
    await same();
    // What nobody knows is wrong with it.
    await probe.call('DELETE', `/${prefix}-region-north/_doc/2?refresh=true`);
    await probe.call('PUT', `/${prefix}-region-west/_doc/foreign?refresh=true`, { id: 5000, region: 'west', n: 0 });
    expect(JSON.stringify(await found())).not.toBe(JSON.stringify(await rows()));
    const report = await reindexed('regions');
    expect(report).toMatchObject({ rejected: 0, left: [] });
    expect(report.indexes.map(({ name }) => name)).toEqual(REGIONS.map((region) => `${prefix}-region-${region}`));
    await same();
    const [document] = await probe.documents(`${prefix}-region-west`);
    expect(report.indexes.map(({ shadow }) => shadow)).toContain(document?.index);
    await server.sql('update orders set n = n + 10; delete from orders where id % 5 = 0');
    await same();
  });

  test('by time are built anew', async () => {
    const before = await probe.documents(`${prefix}-at-*`);
    const [index = ''] = new Set(before.map((document) => document.index));
    const [first] = before;
    await probe.call('DELETE', `/${index}/_doc/${first?.id}?refresh=true`);
    const report = await reindexed('years');
    expect(report.indexes).toMatchObject([{ name: index, documents: before.length }]);
    expect(await probe.documents(index)).toHaveLength(before.length);
  });
});
