import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../../runtime/app/silent-log.ts';
import { checkMysql } from '../../../connectors/mysql/check/check.ts';
import type { SourceOffset } from '../../../runtime/connector/source.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { appOptions, MYSQL_VERSIONS, type MysqlServer } from '../../services/mysql.ts';
import type { RecordText } from '../change/debezium-records.ts';
import { EventRun } from '../change/event-run.ts';
import { useAppDatabase } from './use-app-database.ts';

const OPTIONS = { 'include.schema.changes': 'false', 'retriable.restart.connector.wait.ms': '200' };

describe.each(MYSQL_VERSIONS)('on %s', (version) => {
  const app = useAppDatabase(
    version,
    'create table app.t (id int primary key, v varchar(100), n bigint unsigned)',
    "insert into app.t values (1, 'one', 1), (2, 'two', 2)",
  );

  const start = (more: Record<string, string> = {}, offsets: readonly SourceOffset[] = []): Promise<EventRun> =>
    app.start({ ...OPTIONS, ...more }, offsets);

  const check = (more: Record<string, string> = {}): ReturnType<typeof checkMysql> =>
    checkMysql({
      name: 'app',
      config: { name: 'app', ...appOptions(app.server), ...OPTIONS, ...more },
      env: realEnv,
      log: silentLog,
      signal: new AbortController().signal,
    });

  /** Runs until the id was seen and stored, and closes. */
  const untilId = async (run: EventRun, id: number): Promise<void> => run.until((records) => ids(records).includes(id));

  const failureOf = async (run: EventRun): Promise<unknown> => {
    for (let i = 0; i < 200 && run.failure === undefined; i++) await sleep(50);
    return run.failure;
  };

  it('goes on after the last durable offset, by what comes after it only', async () => {
    const first = await start();
    await untilId(first, 2);
    await app.server.sql("insert into app.t values (3, 'three', 3)");
    await untilId(first, 3);
    await first.close();
    await app.server.sql("insert into app.t values (4, 'four', 18446744073709551615)");
    const second = await start({ 'bigint.unsigned.handling.mode': 'precise' }, [...first.offsets.values()]);
    await untilId(second, 4);
    expect(ids(second.records)).toEqual([4]);
    expect(second.records[0]?.value).toContain('"n":"AP//////////"');
  });

  it('reads on after its connection was cut, without a record twice', async () => {
    const run = await start();
    await untilId(run, 2);
    await app.server.sql("insert into app.t values (3, 'three', 3)");
    await untilId(run, 3);
    await cutDumps(app.server);
    await app.server.sql("insert into app.t values (4, 'four', 4)");
    await untilId(run, 4);
    await cutDumps(app.server);
    await app.server.sql('update app.t set v = 5 where id = 4');
    await run.until((records) => records.some(({ value }) => value?.includes('"v":"5"') === true));
    expect(ids(run.records)).toEqual([1, 2, 3, 4, 4]);
  });

  it('keeps its place and lag where it connects again to a quiet server', async () => {
    const run = await start({ 'connect.keep.alive.interval.ms': '100' });
    await untilId(run, 2);
    await app.server.sql("insert into app.t values (3, 'three', 3)");
    await untilId(run, 3);
    await sleep(1500);
    const { gauges, warnings } = run.said;
    const before = { offsets: [...run.offsets.values()], lagMs: gauges.get('lag_ms') };
    warnings.clear();
    await cutDumps(app.server);
    await run.until(() => warnings.get('MYSQL_RECONNECTING') === null, 10_000);
    await sleep(1000);
    expect({ offsets: [...run.offsets.values()], lagMs: gauges.get('lag_ms') }).toEqual(before);
  });

  it('reads on after the server crashed', async () => {
    const run = await start();
    await untilId(run, 2);
    await app.server.sql("insert into app.t values (3, 'three', 3)");
    await untilId(run, 3);
    await app.server.restart('kill');
    await app.server.sql("insert into app.t values (4, 'four', 4)");
    await untilId(run, 4);
    expect(ids(run.records)).toEqual([1, 2, 3, 4]);
  });

  it('stops and says so where the binlog it needs was purged', async () => {
    const first = await start();
    await untilId(first, 2);
    await first.close();
    // A dump thread that has not noticed yet keeps its file.
    await cutDumps(app.server);
    await app.server.sql("insert into app.t values (3, 'three', 3)", 'flush binary logs', 'flush binary logs');
    await purgeAll(app.server);
    const second = await start({}, [...first.offsets.values()]).catch((error: unknown) => error);
    const failure = second instanceof EventRun ? await failureOf(second) : second;
    expect(failure).toMatchObject({ code: 'MYSQL_BINLOG_PURGED', kind: 'position' });
    const again = await start({ 'snapshot.mode': 'when_needed' }, [...first.offsets.values()]);
    await untilId(again, 3);
  });

  it('stops where the server was reset under it', async () => {
    const first = await start();
    await untilId(first, 2);
    await first.close();
    await app.server.sql(version === 'mysql-9.7' ? 'reset binary logs and gtids' : 'reset master');
    await app.server.sql("insert into app.t values (3, 'three', 3)");
    const second = await start({}, [...first.offsets.values()]).catch((error: unknown) => error);
    const failure = second instanceof EventRun ? await failureOf(second) : second;
    expect(failure).toMatchObject({ code: 'MYSQL_POSITION_AHEAD', kind: 'position' });
  });

  it('stops at a change that is in the binlog as a statement', async () => {
    const run = await start();
    await untilId(run, 2);
    await app.server.sql("set session binlog_format = 'STATEMENT'", "update app.t set v = 'x'");
    expect(await failureOf(run)).toMatchObject({ code: 'MYSQL_STATEMENT_FORMAT', kind: 'position' });
  });

  it('warns of statements that change rows and are not in the stream', async () => {
    await app.server.sql(
      'create table app.part (id int primary key) partition by list (id) (partition p0 values in (1), partition p1 values in (2))',
      'insert into app.part values (1), (2)',
    );
    const run = await start();
    await run.until((records) => records.length === 4);
    const { warnings } = run.said;
    const told = (): string => warnings.get('MYSQL_ROWS_UNSEEN') ?? '';
    await app.server.sql(
      'alter table app.part add partition (partition p2 values in (3))',
      'insert into app.part values (3)',
    );
    await run.until((records) => records.length === 5);
    expect(told()).toBe('');
    await app.server.sql('alter table app.part truncate partition p1');
    await run.until(() => told().includes('truncate partition p1'), 5000);
    await app.server.sql('truncate table app.part');
    await run.until(() => told().startsWith('app.part was emptied'), 5000);
  });

  it('stops at a change whose image lacks values', async () => {
    const run = await start();
    await untilId(run, 2);
    await app.server.sql("set session binlog_row_image = 'MINIMAL'", "update app.t set v = 'x' where id = 1");
    expect(await failureOf(run)).toMatchObject({ code: 'MYSQL_ROW_IMAGE', kind: 'config' });
  });

  it('does not start where the binlog is not set up, and names the statement', async ({ skip }) => {
    skip(version === 'mysql-5.7', 'it has no such setting');
    await app.server.sql("set global binlog_row_metadata = 'MINIMAL'");
    try {
      await expect(start()).rejects.toMatchObject({
        code: 'MYSQL_ROW_METADATA',
        remedy: expect.stringMatching(/binlog_row_metadata = 'FULL'/) as string,
      });
      const results = await check();
      expect(results.filter(({ ok }) => !ok).map(({ code, key }) => [code, key])).toEqual([
        ['MYSQL_ROW_METADATA', undefined],
      ]);
    } finally {
      await app.server.sql("set global binlog_row_metadata = 'FULL'");
    }
  });

  it('says how many tables are captured', async () => {
    const named = async (list: string) => (await check({ 'table.include.list': list })).map(({ name }) => name);
    expect(await named('app.t')).toContain('1 table is captured');
    await app.server.sql('create table if not exists app.counted (id int primary key)');
    expect(await named('app.t,app.counted')).toContain('2 tables are captured');
    await app.server.sql('drop table app.counted');
  });

  it('names the key of a wrong password and of a server that does not answer', async () => {
    const failures = async (more: Record<string, string>) =>
      (await check(more)).filter(({ ok }) => !ok).map(({ code, key }) => [code, key]);
    await app.server.sql("create user known@'%' identified by 'secret'");
    try {
      const account = { 'database.user': 'known', 'database.password': 'wrong' };
      expect(await failures(account)).toEqual([['MYSQL_LOGIN', 'database.password']]);
      expect(await failures({ 'database.port': '1' })).toEqual([['MYSQL_UNAVAILABLE', 'database.hostname']]);
    } finally {
      await app.server.sql("drop user known@'%'");
    }
  });

  it('waits for a table that it may read, and reads it whole when it is granted', async () => {
    await app.server.sql(
      "create user poor@'%' identified by 'secret'",
      `grant ${lookRights(app.server)} on *.* to poor@'%'`,
    );
    const options = { 'database.user': 'poor', 'database.password': 'secret', 'table.include.list': 'app.t' };
    try {
      const told = (await check(options)).filter(({ ok }) => !ok).map(({ code, key }) => [code, key]);
      expect(told).toContainEqual(['MYSQL_NO_TABLES', 'table.include.list']);
      const run = app.make({ ...OPTIONS, ...options });
      const started = run.start();
      await run.until(() => typeof run.said.warnings.get('MYSQL_NO_TABLES') === 'string', 10_000);
      expect(run.said.warnings.get('MYSQL_NO_TABLES')).toMatch(/table\.include\.list matches no table .*'poor'@'%'/);
      await sleep(500);
      expect(run.offsets.size).toBe(0);
      await app.server.sql("grant select on app.* to poor@'%'");
      await started;
      await untilId(run, 2);
      expect(run.said.warnings.get('MYSQL_NO_TABLES')).toBe(null);
    } finally {
      await app.server.sql("drop user poor@'%'");
    }
  });

  it('tells a named table that it may not read, and takes an empty database for what it is', async () => {
    await app.server.sql(
      'create table app.b (id int primary key)',
      "create user poor@'%' identified by 'secret'",
      `grant ${lookRights(app.server)} on *.* to poor@'%'`,
      "grant select on app.t to poor@'%'",
    );
    const account = { 'database.user': 'poor', 'database.password': 'secret' };
    const options = { ...account, 'table.include.list': 'app.t,app\\.b,app.x.*' };
    const problem =
      "table app.b of table.include.list is not there, or may not be read: GRANT SELECT ON app.b TO 'poor'@'%';";
    try {
      expect((await check(options)).find(({ code }) => code === 'MYSQL_TABLES_UNSEEN')?.problem).toBe(problem);
      const run = await start(options);
      await untilId(run, 2);
      expect(run.said.warnings.get('MYSQL_TABLES_UNSEEN')).toBe(problem);
      await app.server.sql('drop table app.t', 'drop table app.b', "grant select on app.* to poor@'%'");
      const empty = await start(account);
      // The snapshot is over: the table comes after it.
      await empty.until(() => [...empty.offsets.values()].some(({ partition }) => partition['snapshot'] === undefined));
      await app.server.sql('create table app.t (id int primary key)', 'insert into app.t values (9)');
      await untilId(empty, 9);
      expect(empty.records.at(-1)?.value).toContain('"op":"c"');
    } finally {
      await app.server.sql("drop user poor@'%'");
    }
  });

  it('names each privilege that the account lacks, by the statement that grants it', async () => {
    await app.server.sql("create user poor@'%' identified by 'secret'", "grant select on *.* to poor@'%'");
    try {
      const results = await check({ 'database.user': 'poor', 'database.password': 'secret' });
      const mariadb = app.server.family === 'mariadb';
      const look = mariadb ? 'BINLOG MONITOR' : 'REPLICATION CLIENT';
      // MariaDB and MySQL 5.7 tell everyone.
      const ask =
        mariadb || version === 'mysql-5.7' ? [] : [["GRANT XA_RECOVER_ADMIN ON *.* TO 'poor'@'%';", 'database.user']];
      expect(results.filter(({ code }) => code === 'MYSQL_PERMISSION').map(({ remedy, key }) => [remedy, key])).toEqual(
        [
          ["GRANT REPLICATION SLAVE ON *.* TO 'poor'@'%';", 'database.user'],
          [`GRANT ${look} ON *.* TO 'poor'@'%';`, 'database.user'],
          ["GRANT RELOAD ON *.* TO 'poor'@'%';", 'snapshot.locking.mode'],
          ...ask,
        ],
      );
    } finally {
      await app.server.sql("drop user poor@'%'");
    }
  });

  it('takes the snapshot without a global lock where the account may not lock', async () => {
    await app.server.sql(
      "create or replace user app@'%' identified by 'secret'".replace(
        'or replace ',
        app.server.family === 'mariadb' ? 'or replace ' : '',
      ),
      "grant select, replication slave, replication client on *.* to app@'%'",
      ...(app.server.family === 'mariadb' ? ["grant binlog monitor on *.* to app@'%'"] : []),
    );
    const run = await start({ 'database.user': 'app', 'database.password': 'secret' });
    await untilId(run, 2);
    await app.server.sql("insert into app.t values (3, 'three', 3)");
    await untilId(run, 3);
    expect(ids(run.records)).toEqual([1, 2, 3]);
  });

  it('reads tables in chunks on several connections, each row once', async () => {
    const rows = Array.from({ length: 5000 }, (_, i) => `(${i + 10}, 'row', ${i})`).join(', ');
    await app.server.sql(`insert into app.t values ${rows}`);
    const run = await start({ 'snapshot.max.threads': '3', 'millrace.snapshot.chunk.rows': '500' });
    await run.until((records) => records.length >= 5002);
    await app.server.sql("insert into app.t values (3, 'three', 3)");
    await untilId(run, 3);
    expect(ids(run.records).length).toBe(5003);
    expect(new Set(ids(run.records)).size).toBe(5003);
    expect(run.records.filter(({ value }) => value?.includes('"snapshot":"last"')).length).toBe(1);
  });
});

/** What an account needs beside SELECT. */
function lookRights({ family }: MysqlServer): string {
  return `replication slave, ${family === 'mariadb' ? 'binlog monitor' : 'replication client'}`;
}

function ids(records: readonly RecordText[]): number[] {
  return records.map(({ key }) => (JSON.parse(key ?? '{}') as { payload: { id: number } }).payload.id);
}

/** Ends the dump threads of the server. */
async function cutDumps(server: MysqlServer): Promise<void> {
  const rows = await server.sql("select id from information_schema.processlist where command like 'Binlog Dump%'");
  for (const row of rows) await server.sql(`kill ${row['id']}`);
}

/** Leaves the newest binlog only; the server keeps what a dump thread or its own recovery still needs for a while. */
async function purgeAll(server: MysqlServer): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const logs = await server.sql('show binary logs');
    if (logs.length === 1) return;
    await server.sql(`purge binary logs to '${logs.at(-1)?.['Log_name'] ?? ''}'`);
    await cutDumps(server);
    await sleep(100);
  }
  throw new Error('the server keeps its binlogs');
}
