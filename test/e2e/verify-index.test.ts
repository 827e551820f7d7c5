import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VerifyReport } from '../../runtime/app/verify/verify.ts';
import { SearchProbe } from '../integration/elasticsearch/search-probe.ts';
import { databaseOptions, startPostgres, type PostgresServer } from '../services/postgres.ts';
import { useSearches } from '../services/use-searches.ts';
import { connectorFiles } from './connector-files.ts';
import { millrace, WorkerProcess } from './worker-process.ts';

const PLACEHOLDER = '__debezium_unavailable_value';
const searches = await useSearches();

describe.skipIf(searches.length === 0).each(searches)('an index in $name beside its table', (search) => {
  const probe = new SearchProbe(search.url);
  const prefix = `verify${process.pid}`;
  const index = `${prefix}.public.items`;
  const bare = `${prefix}bare`;
  let server: PostgresServer;
  let folder: string;
  let worker: WorkerProcess;

  beforeAll(async () => {
    server = await startPostgres();
    await server.sql(`
      create table items (id int primary key, note text, price numeric(12, 2), free numeric, f4 float4, f8 float8,
        data bytea, on_day date, at_time time, ms timestamp(3), us timestamp, zoned timestamptz, flag boolean, doc jsonb,
        uid uuid, big bigint);
      insert into items select i, 'it''s "' || i, i * -1.25, i / 7.0, i / 3.0, i / 9.0, decode(lpad(to_hex(i), 8, '0'), 'hex'),
        date '2024-01-01' + i, time '10:00' + i * interval '1.001 s', '2024-01-01T10:00:00.5', '2024-01-01T10:00:00.123456',
        '2024-05-01T10:00:00.25+02', i % 2 = 0, jsonb_build_object('i', i), gen_random_uuid(), 9007199254740993 + i
        from generate_series(1, 100) i;
      insert into items (id, f8, us, price) values (1000, 'NaN', 'infinity', 99999999.99), (1001, '-0', null, -0.01);
      insert into items (id, free, on_day) values (1002, 1e-12, '0044-03-15 BC'), (1003, 1e25, '12024-01-01');
      insert into items (id, note) values (2000, repeat(md5('a'), 4000)), (2001, '${PLACEHOLDER}');
      alter table items alter note set storage external;
      create table nothing (id int primary key);
      create table loose (note text)`);
    folder = mkdtempSync(join(tmpdir(), 'mr-verify-index-'));
    const method = search.scripts ? {} : { 'write.method': 'UPSERT' };
    const connectors = {
      mine: sourceOf(prefix, 'public.items'),
      bare: { ...sourceOf(bare, 'public.nothing,public.loose'), 'slot.name': 'bare', 'publication.name': 'bare' },
      search: {
        'connector.class': 'elasticsearch',
        'connection.url': search.url,
        topics: [index, `${bare}.public.nothing`, `${bare}.public.loose`].join(','),
        'millrace.unwrap': 'true',
        'tasks.max': '2',
        ...method,
      },
    };
    const files = connectorFiles(folder, connectors);
    worker = await WorkerProcess.start(['--set', 'offset.flush.interval.ms=200', ...files], folder);
    await worker.until('streaming', async () => {
      return (await server.sql('select 1 from pg_replication_slots where active')).length === 2;
    });
    await server.sql(`
      insert into items (id, note) select i, 'after' from generate_series(101, 200) i;
      update items set flag = null where id in (2000, 2001);
      update items set price = price + 1 where id <= 10;
      delete from items where id between 11 and 20;
      update items set id = 3000 where id = 21`);
  });

  function sourceOf(topics: string, tables: string) {
    return {
      'connector.class': 'postgres',
      ...databaseOptions(server),
      'topic.prefix': topics,
      'plugin.name': 'pgoutput',
      'publication.autocreate.mode': 'filtered',
      'status.update.interval.ms': '300',
      'topic.creation.default.partitions': '3',
      'topic.creation.default.replication.factor': '1',
      'table.include.list': tables,
    };
  }

  afterAll(async () => {
    await worker?.stop();
    await server?.stop();
    await probe.remove(index);
    rmSync(folder, { recursive: true, force: true });
  });

  async function verified(source = 'mine'): Promise<{ code: number | null; report: VerifyReport }> {
    const args = ['verify', source, '--hub', 'millrace-data', '--json', '--index', 'search'];
    const { code, out, err } = await millrace(args, folder);
    if (out === '') throw new Error(err);
    return { code, report: JSON.parse(out) as VerifyReport };
  }

  test('is equal, type by type', async () => {
    const { code, report } = await verified();
    expect(
      report.comparisons.map(({ copy, equal, differences, inconclusive }) => ({
        copy,
        equal,
        differences,
        inconclusive,
      })),
    ).toEqual([
      { copy: 'hub', equal: true, differences: [], inconclusive: [] },
      { copy: 'search', equal: true, differences: [], inconclusive: [] },
    ]);
    expect(report.comparisons[1]).toMatchObject({ copyRows: '196' });
    expect(code).toBe(0);
    expect(JSON.stringify((await probe.documents(index)).map(({ source }) => source))).toContain(
      '"on_day":"2024-01-02"',
    );
  });

  test('that was never made is that of an empty table; without a key it cannot be compared', async () => {
    const { code, report } = await verified('bare');
    const of = (table: string) => report.comparisons.find((one) => one.table === table && one.copy === 'search');
    expect(of('public.nothing')).toMatchObject({ compared: true, equal: true, copyRows: '0', inconclusive: [] });
    expect(of('public.loose')).toMatchObject({
      compared: false,
      equal: false,
      differences: [],
      inconclusive: [{ key: [], reason: 'the table has no key that its documents could be told by' }],
    });
    expect(code).toBe(7);
    expect((await probe.call('GET', `/${bare}.public.nothing`)).status).toBe(404);
  });

  test('that lost, kept or made up a row is found out, row by row', async () => {
    const one = await probe.call('DELETE', `/${index}/_doc/5`);
    expect(one.status).toBe(200);
    await probe.call('PUT', `/${index}/_doc/777`, { id: 777 });
    const { body } = await probe.call('GET', `/${index}/_doc/6`);
    await probe.call('PUT', `/${index}/_doc/6`, { ...(body as { _source: object })._source, price: 1 });
    const { code, report } = await verified();
    expect(report.comparisons[1]?.differences).toEqual(
      expect.arrayContaining([
        { key: ['5'], kind: 'missing' },
        { key: ['6'], kind: 'stale' },
        { key: ['777'], kind: 'extra' },
      ]),
    );
    expect(code).toBe(1);
  });
});
