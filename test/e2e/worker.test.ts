import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startPostgres, type PostgresServer } from '../services/postgres.ts';
import { millrace, WorkerProcess } from './worker-process.ts';

let postgres: PostgresServer;
let home: string;

beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.sql('CREATE TABLE orders (id int PRIMARY KEY, item text)');
});

afterAll(() => postgres.stop());

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'millrace-e2e-'));
  await mkdir(join(home, 'connectors'));
  return () => rm(home, { recursive: true, force: true });
});

function source(slot: string): object {
  return {
    name: 'shop',
    config: {
      'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
      'database.hostname': postgres.host,
      'database.port': String(postgres.port),
      'database.user': '${env:PGUSER}',
      'database.dbname': postgres.database,
      'topic.prefix': 'shop',
      'plugin.name': 'pgoutput',
      'slot.name': slot,
      'publication.name': slot,
      'table.include.list': 'public.orders',
    },
  };
}

function archive(): object {
  return {
    'connector.class': 's3',
    topics: 'shop.public.orders',
    'store.url': `file://${home}`,
    's3.bucket.name': 'archive',
    'flush.size': '2',
  };
}

async function tail(
  ...args: readonly string[]
): Promise<{ key: { id: number }; value: { op: string; after: { item: string } } }[]> {
  const { out, err, code } = await millrace(
    ['topics', 'tail', 'shop.public.orders', '--json', '--no-follow', ...args],
    home,
  );
  if (code !== 0) throw new Error(err);
  return out
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { key: { id: number }; value: { op: string; after: { item: string } } });
}

describe('millrace worker, as a process', () => {
  it('streams Postgres into the hub and archives it, survives kill -9, drains on SIGTERM', async () => {
    await postgres.sql("TRUNCATE orders; INSERT INTO orders VALUES (1, 'apple'), (2, 'pear')");
    await writeFile(join(home, 'connectors', 'shop.json'), JSON.stringify(source('e2e')));
    await writeFile(join(home, 'connectors', 'archive.json'), JSON.stringify(archive()));
    const env = { PGUSER: postgres.user };

    const first = await WorkerProcess.start(['connectors'], home, env);
    await first.running('shop');
    await first.running('archive');
    await first.until('holding two rows', async () => (await tail('--from-beginning')).length === 2);
    expect((await first.get('/connectors/shop/config')).body).toMatchObject({ 'database.user': '${env:PGUSER}' });
    await first.kill();

    await postgres.sql("INSERT INTO orders VALUES (3, 'plum')");
    const second = await WorkerProcess.start([], home, env);
    await second.running('shop');
    await second.until('holding the third row', async () =>
      (await tail('--from-beginning')).some(({ key }) => key.id === 3),
    );
    const records = await tail('--from-beginning');
    expect(records.map(({ key }) => key.id)).toEqual(expect.arrayContaining([1, 2, 3]));
    // Killed before the snapshot's end was stored, the row comes with a window of the snapshot (r), else as a change (c).
    const { op, after } = records.find(({ key }) => key.id === 3)?.value ?? {};
    expect(['c', 'r']).toContain(op);
    expect(after).toMatchObject({ item: 'plum' });
    await second.until('archiving two rows', async () => {
      const files = await readdir(join(home, 'archive'), { recursive: true });
      return files.some((name) => name.endsWith('.json'));
    });
    const metrics = String((await second.get('/metrics')).body);
    expect(metrics).toMatch(/millrace_source_record_write_total\{connector="shop",task="0"\} \d+/);
    expect(metrics).toContain('millrace_hub_commits_total');
    expect((await second.stop()).code).toBe(0);
    expect(second.log).toContain('worker has ended');
  });

  it('pauses, resumes, stops and restarts a source without losing a row, and removes its slot when asked to', async () => {
    await postgres.sql('TRUNCATE orders');
    const config = JSON.stringify(source('e2e_control'));
    await writeFile(join(home, 'connectors', 'shop.json'), config);
    const env = { PGUSER: postgres.user };
    const worker = await WorkerProcess.start(['connectors', '--set', 'exactly.once.source.support=enabled'], home, env);
    const remote = ['shop', '--url', worker.url];
    const command = async (...args: readonly string[]): Promise<void> => {
      const { code, err } = await millrace(['connectors', ...args, ...remote], home);
      if (code !== 0) throw new Error(err);
    };
    const holds = (id: number): Promise<void> =>
      worker.until(`holding row ${id}`, async () => (await tail('--from-beginning')).some(({ key }) => key.id === id));
    const state = (expected: string): Promise<void> =>
      worker.until(expected, async () => {
        const { body } = await worker.get('/connectors/shop/status');
        return (body as { connector: { state: string } }).connector.state === expected;
      });

    await worker.running('shop');
    await postgres.sql("INSERT INTO orders VALUES (1, 'one')");
    await holds(1);
    await command('pause');
    await state('PAUSED');
    await postgres.sql("INSERT INTO orders VALUES (2, 'two')");
    await command('resume');
    await holds(2);
    await command('stop');
    await state('STOPPED');
    await postgres.sql("INSERT INTO orders VALUES (3, 'three')");
    await command('resume');
    await worker.running('shop');
    await holds(3);
    await command('restart', '--tasks');
    await postgres.sql("INSERT INTO orders VALUES (4, 'four')");
    await holds(4);
    expect((await tail('--from-beginning')).map(({ key }) => key.id)).toEqual([1, 2, 3, 4]);

    const { body } = await worker.get('/connectors/shop/offsets');
    const { offsets } = body as { offsets: { partition: object }[] };
    expect(offsets.map(({ partition }) => partition)).toContainEqual({ server: 'shop' });
    await worker.until('naming its topics', async () => {
      const topics = await worker.get('/connectors/shop/topics');
      return JSON.stringify(topics.body) === '{"shop":{"topics":["shop.public.orders"]}}';
    });
    await command('delete', '--destroy');
    expect(await postgres.sql("SELECT 1 FROM pg_replication_slots WHERE slot_name = 'e2e_control'")).toEqual([]);
    expect((await worker.stop()).code).toBe(0);
  });

  it('checks privileges before anything is applied, and names the statement that grants them', async () => {
    await postgres.sql("CREATE ROLE poor LOGIN PASSWORD 'poor'");
    await writeFile(join(home, 'connectors', 'shop.json'), JSON.stringify(source('e2e_check')));
    const worker = await WorkerProcess.start([], home, { PGUSER: 'poor' });
    const refused = await millrace(['apply', 'connectors', '--check', '--url', worker.url], home);
    expect(refused.code).toBe(1);
    expect(refused.out).toMatch(/FAIL[^]*remedy:.*(?:GRANT|ALTER ROLE)/);
    expect(refused.out).toMatch(
      /FAIL replication connections are accepted\n.*\n.*remedy: ALTER ROLE \S+ WITH REPLICATION;/,
    );
    expect(refused.err).toContain('nothing was applied');
    expect((await worker.get('/connectors')).body).toEqual([]);
    await writeFile(join(home, 'absent.json'), JSON.stringify({ ...archive(), 'topics.dir': '${env:ABSENT}' }));
    const unset = await millrace(['apply', 'absent.json', '--url', worker.url], home);
    expect(unset.err).toContain('remedy: Start the worker with ABSENT in its environment');
    await worker.stop();

    const able = await WorkerProcess.start([], home, { PGUSER: postgres.user });
    const applied = await millrace(['apply', 'connectors', '--check', '--url', able.url], home);
    expect({ ...applied, out: '' }).toEqual({ code: 0, out: '', err: '' });
    expect(applied.out).toContain('created shop');
    expect((await millrace(['connectors', 'check', 'shop', '--url', able.url], home)).code).toBe(0);
    await able.running('shop');
    await millrace(['connectors', 'delete', 'shop', '--destroy', '--url', able.url], home);
    expect((await able.stop()).code).toBe(0);
  });

  it('refuses a wrong configuration with the key, the remedy and status 2, and starts nothing', async () => {
    await writeFile(join(home, 'connectors', 'shop.json'), JSON.stringify({ ...archive(), 'flush.size': 'many' }));
    const { code, err } = await millrace(['worker', 'connectors', '--set', 'listeners=http://127.0.0.1:0'], home);
    expect(code).toBe(2);
    expect(err).toContain('flush.size');
    expect(err).toContain('CONFIG_INVALID');
    expect(err).not.toContain('at ');
  });

  it('names every wrong worker option at once', async () => {
    const { code, err } = await millrace(
      ['worker', '--set', 'listners=x', '--set', 'offset.flush.interval.ms=0', '--set', 'millrace.log.level=loud'],
      home,
    );
    expect(code).toBe(2);
    for (const key of ['listners', 'offset.flush.interval.ms', 'millrace.log.level']) expect(err).toContain(key);
    expect(err).toContain('Did you mean listeners?');
  });

  it('refuses a second worker on the same hub by name', async () => {
    const worker = await WorkerProcess.start([], home);
    const { code, err } = await millrace(['worker', '--set', 'listeners=http://127.0.0.1:0'], home);
    expect(code).toBe(5);
    expect(err).toContain('HUB_IN_USE');
    expect((await worker.stop()).code).toBe(0);
  });
});
