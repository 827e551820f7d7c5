import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { snapshotDone } from '../../chaos/harness/snapshot-done.ts';
import { verifyPlace } from '../../chaos/harness/verify-place.ts';
import { startWorker, type WorkerPlace } from '../../chaos/harness/worker-place.ts';
import type { WorkerProcess } from '../../e2e/worker-process.ts';
import { appOptions, MYSQL_VERSIONS } from '../../services/mysql.ts';
import { useMysql } from '../../services/use-mysql.ts';

const VALUES = [
  "(1, -1, 18446744073709551615, 0.1, 1e-7, 12.340, b'101', 2026, '2024-02-29', '-12:34:56.5', '2026-11-24 13:14:15.123456', '2026-11-24 13:14:15.5', 'ü🚚', x'00ff', 'b,c', 'x,y', repeat('long', 200))",
  "(2, 7, 7, 1e20, -0.5, -0.005, b'0', 0, '0000-00-00', '838:59:59', '1969-12-31 23:59:59.999999', null, '', '', '', '', null)",
  '(3, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null)',
];

describe.each(MYSQL_VERSIONS)('millrace verify on %s', (version) => {
  const folder = mkdtempSync(join(tmpdir(), 'mr-verify-'));
  let at: WorkerPlace;
  let worker: WorkerProcess | undefined;
  const mysql = useMysql(version, {
    prepare: async (server) => {
      await server.sql(
        "set sql_mode = 'ALLOW_INVALID_DATES'",
        'create database app character set utf8mb4',
        `create table app.t (id int primary key, i int, u bigint unsigned, f float, d double, n decimal(10,3), b bit(3), y year, day date,
        t time(1), dt datetime(6), ts timestamp(1) null, v varchar(50), bin varbinary(10), e enum('a','b,c'), s set('x','y'), l text)`,
        `insert into app.t values ${VALUES.join(', ')}`,
        'create table app.keyless (a int, b varchar(10))',
        "insert into app.keyless values (1, 'one'), (1, 'one'), (2, null)",
      );
      at = {
        folder,
        connectors: {
          app: { 'connector.class': 'mysql', ...appOptions(server), 'connect.keep.alive.interval.ms': '300' },
          named: {
            'connector.class': 'mysql',
            ...appOptions(server),
            'connect.keep.alive.interval.ms': '300',
            'topic.prefix': 'named',
            'database.server.id': '7777',
            'table.include.list': 'app.keyless,app.gone',
          },
        },
      };
      worker = startWorker(at);
      await snapshotDone(at, 2);
    },
  });

  afterAll(async () => {
    await worker?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const verify = () => verifyPlace(at, 'app');

  it('finds the hub equal to the tables, after changes too', async () => {
    const first = await verify();
    expect(first.comparisons.filter(({ equal }) => !equal)).toEqual([]);
    expect(first.comparisons.length).toBe(2);
    await mysql.server.sql(
      'update app.t set f = f / 3, d = d * 3, n = 0.1 where id < 3',
      'insert into app.t (id, f) values (4, 16777217)',
      'delete from app.t where id = 3',
      'update app.t set id = 5 where id = 2',
      "delete from app.keyless where b = 'one' limit 1",
    );
    expect((await verify()).comparisons.filter(({ equal }) => !equal)).toEqual([]);
  });

  it('knows what older rows got when columns were added', async () => {
    await mysql.server.sql(
      `alter table app.t add column c1 int default 7, add column c2 varchar(20) default 'x''y', add column c3 double default 1.5,
      add column c4 decimal(10,3) default 2.5, add column c5 datetime(3) default '2020-01-02 03:04:05.678', add column c6 bit(3) default b'101',
      add column c7 binary(4) default 'ab', add column c8 int not null, add column c9 varchar(5) not null, add column c10 int,
      add column c11 float not null default 0.1, add column c12 date default '2020-02-03', add column c13 set('p','q') default 'p,q'`,
      'insert into app.t (id, c1) values (9, null)',
    );
    expect((await verify()).comparisons.filter(({ equal }) => !equal)).toEqual([]);
  });

  it('tells a named table that it does not see', async () => {
    const { unseen, complete, equal } = await verifyPlace(at, 'named');
    expect({ complete, equal }).toEqual({ complete: false, equal: true });
    expect(unseen).toMatch(
      /^table app\.gone of table\.include\.list is not there, .*: GRANT SELECT ON app\.gone TO 'root'@/,
    );
  });

  it('names a row that the binlog does not know of', async () => {
    await mysql.server.sql('set sql_log_bin = 0', 'insert into app.t (id) values (77)');
    const unequal = (await verify()).comparisons.filter(({ equal }) => !equal);
    expect(
      JSON.stringify(unequal, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
    ).toContain('77');
    expect(unequal.length).toBe(1);
  });
});
