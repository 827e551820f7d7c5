import { describe, expect, it } from 'vitest';
import { silentLog } from '../../../runtime/app/silent-log.ts';
import { sampleMysql } from '../../../connectors/mysql/sample/sample-rows.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import type { SourceOffset } from '../../../runtime/connector/source.ts';
import { appOptions, MYSQL_VERSIONS, mysqlOptions } from '../../services/mysql.ts';
import type { EventRun } from '../change/event-run.ts';
import { useAppDatabase } from './use-app-database.ts';

interface Shown {
  readonly topic: string;
  readonly op: string;
  readonly after: Readonly<Record<string, unknown>> | null;
}

describe.each(MYSQL_VERSIONS)('on %s', (version) => {
  const app = useAppDatabase(
    version,
    'create table app.t (id int primary key, v varchar(100))',
    "insert into app.t values (1, 'one')",
  );

  const hasRow =
    (id: number) =>
    (run: EventRun): boolean =>
      shown(run).some(({ after }) => after?.['id'] === id);

  /** What was read, but for schema changes, up to and with the row of this id. */
  const until = async (run: EventRun, id: number): Promise<Shown[]> => {
    await run.until(() => hasRow(id)(run));
    return shown(run);
  };

  const offsetsAt = (id: number): Promise<readonly SourceOffset[]> => app.offsetsWhen(hasRow(id));

  it('reads each row by the definition it was written under, however far the catalogue is ahead', async ({ skip }) => {
    skip(version === 'mysql-5.7', 'its binlog does not have them: see schema-history.test.ts');
    const offsets = await offsetsAt(1);
    await app.server.sql(
      "insert into app.t values (2, 'two')",
      'alter table app.t add column n int not null default 7 first',
      "insert into app.t (id, v, n) values (3, 'three', 3)",
      'alter table app.t modify column n bigint, rename column v to w',
      "insert into app.t (id, w, n) values (4, 'four', 5000000000)",
      'alter table app.t drop column w',
      'insert into app.t (id, n) values (5, 5)',
      'create table app._t_gho (id int primary key, z varchar(10))',
      'insert into app._t_gho (id, z) select id, n from app.t where id = 5',
      'rename table app.t to app._t_del, app._t_gho to app.t',
      'drop table app._t_del',
      "insert into app.t values (6, 'six')",
    );
    const run = await app.start({}, offsets);
    expect(await until(run, 6)).toEqual([
      { topic: 'app.app.t', op: 'c', after: { id: 2, v: 'two' } },
      { topic: 'app.app.t', op: 'c', after: { n: 3, id: 3, v: 'three' } },
      { topic: 'app.app.t', op: 'c', after: { n: 5_000_000_000, id: 4, w: 'four' } },
      { topic: 'app.app.t', op: 'c', after: { n: 5, id: 5 } },
      { topic: 'app.app._t_gho', op: 'c', after: { id: 5, z: '5' } },
      { topic: 'app.app.t', op: 'c', after: { id: 6, z: 'six' } },
    ]);
  });

  it('goes on at a replica after a failover, by GTID', async () => {
    const replica = await app.server.copy();
    try {
      const offsets = await offsetsAt(1);
      await replica.sql("insert into app.t values (2, 'two')");
      const run = await app.start(mysqlOptions(replica), offsets);
      expect((await until(run, 2)).map(({ after }) => after?.['id'])).toEqual([2]);
    } finally {
      await replica.stop();
    }
  });

  it('does not go on at a replica that lacks what was read', async () => {
    const replica = await app.server.copy();
    try {
      await app.server.sql("insert into app.t values (2, 'two')");
      const offsets = await offsetsAt(2);
      const failed = app.start(mysqlOptions(replica), offsets).then((run) => run.until(() => false, 3000));
      await expect(failed).rejects.toMatchObject({ code: 'MYSQL_POSITION_AHEAD', kind: 'position' });
    } finally {
      await replica.stop();
    }
  });

  it('reads XA transactions once they are prepared, and stops where one is undone', async () => {
    const run = await app.start();
    await until(run, 1);
    await app.server.sql(
      "xa start 'a'",
      "insert into app.t values (2, 'two')",
      "xa end 'a'",
      "xa prepare 'a'",
      "xa commit 'a'",
    );
    await app.server.sql(
      "xa start 'b'",
      "insert into app.t values (3, 'three')",
      "xa end 'b'",
      "xa commit 'b' one phase",
    );
    expect((await until(run, 3)).map(({ after }) => after?.['id'])).toEqual([1, 2, 3]);
    await app.server.sql(
      "xa start 'c'",
      "insert into app.t values (4, 'four')",
      "xa end 'c'",
      "xa prepare 'c'",
      "xa rollback 'c'",
    );
    await expect(run.until(() => false, 5000)).rejects.toMatchObject({ code: 'MYSQL_ROLLED_BACK', kind: 'position' });
  });

  it('shows a few rows of each table for a plan, and writes nothing', async () => {
    await app.server.sql('create table app.u (id int primary key)', 'insert into app.u values (10), (11), (12), (13)');
    const records = await sampleMysql(
      {
        name: 'app',
        config: appOptions(app.server),
        env: realEnv,
        log: silentLog,
        signal: new AbortController().signal,
      },
      4,
    );
    expect(records.map(({ topic }) => topic)).toEqual(['app.app.t', 'app.app.u', 'app.app.u']);
  });

  it('leaves out what the lists leave out, and still moves on', async () => {
    const run = await app.start({ 'connect.keep.alive.interval.ms': '200', 'table.exclude.list': 'app.other' });
    await until(run, 1);
    const before = JSON.stringify([...run.offsets.values()]);
    await app.server.sql('create table app.other (id int)', 'insert into app.other values (1)');
    await run.until(() => JSON.stringify([...run.offsets.values()]) !== before, 5000);
    expect(shown(run).length).toBe(1);
  });
});

function shown(run: EventRun): Shown[] {
  return run.records.flatMap(({ topic, value }) => {
    if (topic === 'app' || value === null) return [];
    const { payload } = JSON.parse(value) as { payload: { op: string; after: Shown['after'] } };
    return [{ topic, op: payload.op, after: payload.after }];
  });
}
