import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReindexReport } from '../../runtime/app/reindex/run-reindex.ts';
import type { VerifyReport } from '../../runtime/app/verify/verify.ts';
import { createWorkload, startWorkload, type Workload } from '../chaos/history/workload.ts';
import { SearchProbe } from '../integration/elasticsearch/search-probe.ts';
import { databaseOptions, startPostgres, type PostgresServer } from '../services/postgres.ts';
import { useSearches } from '../services/use-searches.ts';
import { connectorFiles } from './connector-files.ts';
import { millrace, WorkerProcess } from './worker-process.ts';

const searches = await useSearches();

describe.skipIf(searches.length === 0).each(searches)('the indexes of a sink in $name', (search) => {
  // The Elasticsearch that tests can have runs no scripts: `doc` has events that need them.
  const tables = search.scripts ? ['item', 'doc'] : ['item'];
  const prefix = `reindex${process.pid}`;
  const probe = new SearchProbe(search.url);
  let server: PostgresServer;
  let folder: string;
  let worker: WorkerProcess;
  let workload: Workload;

  beforeAll(async () => {
    server = await startPostgres();
    await createWorkload(server);
    await server.sql('select work(200, 3000)');
    folder = mkdtempSync(join(tmpdir(), 'mr-reindex-'));
    const connectors = {
      source: {
        'connector.class': 'postgres',
        ...databaseOptions(server),
        'topic.prefix': prefix,
        'plugin.name': 'pgoutput',
        'publication.autocreate.mode': 'filtered',
        'status.update.interval.ms': '300',
        'table.include.list': tables.map((table) => `public.${table}`).join(','),
      },
      search: {
        'connector.class': 'elasticsearch',
        'connection.url': search.url,
        'topics.regex': `${prefix}\\..*`,
        'millrace.unwrap': 'true',
        'millrace.partial.updates': search.scripts ? 'script' : 'refuse',
      },
    };
    const files = connectorFiles(folder, connectors);
    worker = await WorkerProcess.start(['--set', 'offset.flush.interval.ms=200', ...files], folder);
    await worker.until('indexed', async () => (await probe.documents(`${prefix}.public.item`)).length > 50);
    workload = startWorkload(server, 200, 2);
  });

  afterAll(async () => {
    await workload?.stop();
    await worker?.stop();
    await server?.stop();
    for (const table of tables) await probe.removeBehind(`${prefix}.public.${table}-*`);
    rmSync(folder, { recursive: true, force: true });
  });

  async function reindexed(...more: string[]): Promise<ReindexReport> {
    const { code, out, err } = await millrace(
      ['reindex', 'search', '--hub', 'millrace-data', '--url', worker.url, '--json', ...more],
      folder,
    );
    if (code !== 0) throw new Error(err);
    return JSON.parse(out) as ReindexReport;
  }

  async function state(connector: string): Promise<unknown> {
    const { body } = await worker.get(`/connectors/${connector}/status`);
    return (body as { connector: { state: string } }).connector.state;
  }

  /** Hub and indexes are what the tables are. */
  async function expectVerified(): Promise<void> {
    const { code, out, err } = await millrace(
      ['verify', 'source', '--hub', 'millrace-data', '--json', '--index', 'search'],
      folder,
    );
    if (out === '') throw new Error(`${err}\n${worker.log}`);
    const report = JSON.parse(out) as VerifyReport;
    expect(report.comparisons.flatMap(({ copy, differences }) => differences.map((one) => ({ copy, ...one })))).toEqual(
      [],
    );
    expect(report.comparisons).toHaveLength(tables.length * 2);
    expect(code).toBe(0);
  }

  test('are built anew under load, and nothing is lost on the way', async () => {
    const first = await reindexed();
    expect(first).toMatchObject({ rejected: 0, left: [] });
    expect(first.indexes.map(({ name }) => name).toSorted()).toEqual(
      tables.map((table) => `${prefix}.public.${table}`).toSorted(),
    );
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const second = await reindexed('--keep-mapping');
    expect(second.left.toSorted()).toEqual(first.indexes.map(({ shadow }) => shadow).toSorted());
    await workload.stop();
    await expectVerified();
    const [document] = await probe.documents(`${prefix}.public.item`);
    expect(second.indexes.map(({ shadow }) => shadow)).toContain(document?.index);
    expect(Number((await server.sql('select count(*) as n from oracle'))[0]?.['n'])).toBeGreaterThan(4000);
  });

  test.each(['reindex.before_switch', 'reindex.after_switch'])(
    'lose nothing where the command is killed at %s: the sink is stopped, and goes on from there',
    async (point) => {
      const load = startWorkload(server, 200, 2);
      try {
        const args = ['reindex', 'search', '--hub', 'millrace-data', '--url', worker.url];
        expect((await millrace(args, folder, { MILLRACE_CRASH_AT: point })).code).toBeNull();
        expect(await state('search')).toBe('STOPPED');
        // What comes meanwhile waits in the hub.
        await new Promise((resolve) => setTimeout(resolve, 1500));
        const resumed = await millrace(['connectors', 'resume', 'search', '--url', worker.url], folder);
        expect(resumed).toMatchObject({ code: 0 });
      } finally {
        await load.stop();
      }
      await expectVerified();
    },
  );

  test('are not built without the worker that has the hub', async () => {
    const { code, err } = await millrace(['reindex', 'search', '--hub', 'millrace-data', '--offline'], folder);
    expect(err).toContain('HUB_IN_USE');
    expect(err).toContain('remedy: Leave --offline out');
    expect(code).not.toBe(0);
  });

  test('are not built where the connector is none of search', async () => {
    const { code, err } = await millrace(['reindex', 'source', '--hub', 'millrace-data'], folder);
    expect(err).toContain('REINDEX_NO_INDEX');
    expect(code).not.toBe(0);
  });
});
