import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { MysqlTask } from '../../../connectors/mysql/task.ts';
import type { SourceOffset } from '../../../runtime/connector/source.ts';
import { appOptions, MYSQL_VERSIONS, startMysql, type MysqlServer, type MysqlVersion } from '../../services/mysql.ts';
import { appears, promote, replicaSettings, replicate } from '../../services/mysql-replication.ts';
import type { RecordText } from '../change/debezium-records.ts';
import { EventRun } from '../change/event-run.ts';
import { useJournals } from '../change/use-journals.ts';
import { stopsAfter } from './stops-after.ts';

const OPTIONS = {
  'include.schema.changes': 'false',
  'connect.keep.alive.interval.ms': '300',
  'snapshot.mode': 'no_data',
};
const ROWS = 12_000;
/** What lets a replica commit in another order: newer MySQLs do it by themselves. */
const WRITE_SETS: Partial<Record<MysqlVersion, readonly string[]>> = {
  'mysql-5.7': ['--transaction-write-set-extraction=XXHASH64', '--binlog-transaction-dependency-tracking=WRITESET'],
  'mysql-8.0': ['--binlog-transaction-dependency-tracking=WRITESET'],
};
const TABLES = ['a', 'b', 'held'];
const wide = 'x'.repeat(400);

describe.each(MYSQL_VERSIONS)('after a failover of %s', (version) => {
  const servers: MysqlServer[] = [];
  const runs: EventRun[] = [];
  const journals = useJournals();

  const server = async (settings: readonly string[]): Promise<MysqlServer | string> => {
    const started = await startMysql(version, { settings });
    if ('missing' in started) return started.missing;
    servers.push(started);
    return started;
  };

  afterEach(async () => {
    for (const run of runs.splice(0)) await run.close();
    await journals.clear();
    for (const one of servers.splice(0)) await one.stop();
  });

  const start = async (
    of: MysqlServer,
    offsets: readonly SourceOffset[] = [],
    more: Readonly<Record<string, string>> = {},
  ): Promise<EventRun> => {
    const run = new EventRun(
      new MysqlTask({ name: 'app', ...appOptions(of), ...OPTIONS, ...more }),
      offsets,
      journals.open,
    );
    runs.push(run);
    await run.start();
    return run;
  };

  /** A run that ends by itself once it stands inside a transaction and after so many batches. */
  const inside = async (of: MysqlServer, offsets: readonly SourceOffset[], batches: number): Promise<EventRun> => {
    const stopping = stopsAfter(new MysqlTask({ name: 'app', ...appOptions(of), ...OPTIONS }), batches);
    const run = new EventRun(stopping.task, offsets, journals.open);
    await run.start();
    await Promise.race([stopping.stopped, sleep(30_000)]);
    await run.close();
    return run;
  };

  it('to a replica with another order of commits no row is lost, and what was done is not done again', async ({
    skip,
  }) => {
    const family = version.startsWith('mariadb') ? 'mariadb' : 'mysql';
    const [primary, replica] = [
      await server([...replicaSettings(family, 1), ...(WRITE_SETS[version] ?? [])]),
      // Its rows events are cut in another way.
      await server([...replicaSettings(family, 2), '--binlog-row-event-max-size=1024']),
    ];
    if (typeof primary === 'string') return skip(primary);
    if (typeof replica === 'string') return skip(replica);
    await replicate(primary, replica);
    const tables = TABLES.map((name) => `create table app.${name} (id int primary key, v varchar(500))`);
    await primary.sql(
      'create database app character set utf8mb4',
      ...tables,
      "insert into app.held values (1, 'free')",
    );
    await appears(replica, 'select count(*) from app.held');

    // The replica cannot commit the first transaction before the second one: a session there holds a row of it.
    const holder = await replica.connect();
    await holder.query('a test', 'set session sql_log_bin = 0');
    await holder.query('a test', 'begin');
    await holder.query('a test', 'select * from app.held where id = 1 for update');
    const first = await start(primary);
    await first.until(() => first.offsets.size > 0);
    await first.close();
    const domain = (id: number): string => (family === 'mariadb' ? `set session gtid_domain_id = ${id}` : 'select 1');
    await primary.sql(
      domain(11),
      'begin',
      ...inserts('a', 0, ROWS / 2),
      "update app.held set v = 'taken' where id = 1",
      ...inserts('a', ROWS / 2, ROWS),
      'commit',
    );
    await primary.sql(domain(12), 'begin', ...inserts('b', 0, ROWS), 'commit');
    await appears(replica, 'select count(*) from app.b');

    const before = await inside(primary, [...first.offsets.values()], 4);
    const [stored] = [...before.offsets.values()];
    expect(stored?.offset['event']).toBeGreaterThan(0);
    expect(ids(before.records, 'a').length).toBeGreaterThan(ROWS / 10);
    expect(ids(before.records, 'a').length).toBeLessThan(ROWS);
    await holder.query('a test', 'rollback');
    await holder.close();
    await appears(replica, 'select count(*) from app.a');
    await promote(replica);
    await primary.stop();

    const between = await inside(replica, [...before.offsets.values()], 3);
    const open = [...between.offsets.values()].at(-1)?.offset;
    // The other transaction came first: two are open now.
    expect(String(open?.['millrace.parts'])).toContain(String(stored?.offset['millrace.transaction']));
    expect(ids(between.records, 'a')).toEqual([]);

    const last = await start(replica, [...between.offsets.values()]);
    await replica.sql("insert into app.a values (-1, 'the end')");
    await last.until((records) => ids(records, 'a').includes(-1), 60_000);
    const records = [...before.records, ...between.records, ...last.records];
    for (const table of ['a', 'b']) {
      const found = ids(records, table).filter((id) => id >= 0);
      expect(new Set(found).size, table).toBe(ROWS);
      // At most the rows of the one event that the place was in.
      expect(found.length - ROWS, table).toBeLessThan(30);
    }
    expect(ids(records, 'held')).toEqual([1]);
  });

  it('a connector with the server id of another one ends by name', async ({ skip }) => {
    const one = await server([]);
    if (typeof one === 'string') return skip(one);
    await one.sql('create database app character set utf8mb4', 'create table app.a (id int primary key, v text)');
    const quick = { 'retriable.restart.connector.wait.ms': '100' };
    const left = await start(one, [], quick);
    const right = await start(one, [], { ...quick, name: 'other', 'topic.prefix': 'other' });
    for (let i = 0; i < 600 && left.failure === undefined && right.failure === undefined; i++) await sleep(50);
    const failure = left.failure ?? right.failure;
    expect(failure).toMatchObject({ code: 'MYSQL_SERVER_ID_TAKEN', kind: 'config', key: 'database.server.id' });
    expect(failure?.message).toContain('3 times');
    // The other one has the stream for itself.
    const winner = left.failure === undefined ? left : right;
    await one.sql("insert into app.a values (1, 'v')");
    await winner.until((records) => records.length === 1);
    expect(winner.failure).toBeUndefined();
  });
});

function inserts(table: string, from: number, to: number): string[] {
  const statements: string[] = [];
  for (let at = from; at < to; at += 500) {
    const rows = Array.from({ length: 500 }, (_, i) => `(${at + i}, '${wide}')`);
    statements.push(`insert into app.${table} values ${rows.join(', ')}`);
  }
  return statements;
}

function ids(records: readonly RecordText[], table: string): number[] {
  return records
    .filter(({ topic }) => topic === `app.app.${table}`)
    .map(({ key }) => (JSON.parse(key ?? '{}') as { payload: { id: number } }).payload.id);
}
