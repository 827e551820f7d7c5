import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { SourceOffset } from '../../../runtime/connector/source.ts';
import { MysqlTask } from '../../../connectors/mysql/task.ts';
import { appOptions, MYSQL_VERSIONS, mysqlOptions, type MysqlServer } from '../../services/mysql.ts';
import { useMysql } from '../../services/use-mysql.ts';
import { EventRun } from '../change/event-run.ts';
import { useAppDatabase } from './use-app-database.ts';

const SCHEMA = ['create table app.t (id int primary key, v varchar(100))', "insert into app.t values (1, 'one')"];
const OPTIONS = { 'include.schema.changes': 'false', 'retriable.restart.connector.wait.ms': '200' };

describe.each(MYSQL_VERSIONS)('on %s', (version) => {
  const app = useAppDatabase(version, ...SCHEMA);
  const start = (more: Record<string, string> = {}, offsets: readonly SourceOffset[] = []): Promise<EventRun> =>
    app.start({ ...OPTIONS, ...more }, offsets);

  it('reads a transaction that only the new server has, and then refuses the old one, which lacks it', async () => {
    const replica = await app.server.copy({ settings: ['--server-id=2'] });
    try {
      const first = await start();
      await untilId(first, 1);
      await first.close();
      await replica.sql("insert into app.t values (2, 'errant')");
      const second = await start(mysqlOptions(replica), [...first.offsets.values()]);
      await untilId(second, 2);
      expect(ids(second)).toEqual([2]);
      await second.close();
      // As many transactions as the replica has, and one more: by their number alone nothing would be missing.
      await app.server.sql("insert into app.t values (3, 'three')", "insert into app.t values (4, 'four')");
      const back = await start({}, [...second.offsets.values()]).catch((error: unknown) => error);
      expect(await failureOf(back)).toMatchObject({ code: 'MYSQL_POSITION_AHEAD', kind: 'position' });
    } finally {
      await replica.stop();
    }
  });

  it('stops where the server is reset while it reads', async () => {
    const run = await start({ 'connect.keep.alive.interval.ms': '300' });
    await untilId(run, 1);
    await app.server.sql("insert into app.t values (2, 'two')");
    await untilId(run, 2);
    await app.server.sql(version === 'mysql-9.7' ? 'reset binary logs and gtids' : 'reset master');
    await app.server.sql("insert into app.t values (3, 'three')");
    expect(await failureOf(run)).toMatchObject({
      code: expect.stringMatching(/^MYSQL_(?:POSITION_AHEAD|BINLOG_PURGED)$/) as string,
      kind: 'position',
    });
  });
});

describe('on MySQL without GTIDs', () => {
  const without = { settings: ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF'] };
  const mysql = useMysql('mysql-8.0', {
    ...without,
    prepare: (server) => server.sql('create database app character set utf8mb4', ...SCHEMA),
  });

  it('does not go on by file and position at another server', async () => {
    const replica = await mysql.server.copy(without);
    const runOf = (server: MysqlServer, offsets: readonly SourceOffset[] = []): EventRun =>
      new EventRun(new MysqlTask({ name: 'app', ...appOptions(server), ...OPTIONS }), offsets);
    const first = runOf(mysql.server);
    try {
      await first.start();
      await untilId(first, 1);
      const second = runOf(replica, [...first.offsets.values()]);
      await second.start();
      expect(await failureOf(second)).toMatchObject({ code: 'MYSQL_SERVER_CHANGED', key: 'database.hostname' });
      await second.close();
    } finally {
      await first.close();
      await replica.stop();
    }
  });
});

async function untilId(run: EventRun, id: number): Promise<void> {
  await run.until(() => ids(run).includes(id));
}

/** Why a run did not start, or what ended it. */
async function failureOf(run: unknown): Promise<unknown> {
  if (run instanceof Error) return run;
  const running = run as EventRun;
  for (let i = 0; i < 200 && running.failure === undefined; i++) await sleep(50);
  return running.failure;
}

function ids({ records }: EventRun): number[] {
  return records.map(({ key }) => (JSON.parse(key ?? '{}') as { payload: { id: number } }).payload.id);
}
