import { describe, expect, it } from 'vitest';
import { checkMysql } from '../../../connectors/mysql/check/check.ts';
import { silentContext } from '../../../runtime/connector/conformance/silent-context.ts';
import type { SourceOffset } from '../../../runtime/connector/source.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { appOptions } from '../../services/mysql.ts';
import type { EventRun } from '../change/event-run.ts';
import { useAppDatabaseOf } from './use-app-database.ts';

const QUIET = { 'include.schema.changes': 'false' };

type Row = Readonly<Record<string, unknown>>;

/** `without`: by file and position. */
describe.each([
  ['with GTIDs', []],
  ['without GTIDs', ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF']],
] as const)('MySQL 5.7, whose binlog does not describe its tables, %s', (_, settings) => {
  // A value is the name of the column it was written to: a row read by another structure shows it.
  const app = useAppDatabaseOf('mysql-5.7', { settings }, [
    'create table app.t (id int primary key, a varchar(20), b varchar(20))',
    "insert into app.t values (1, 'a', 'b')",
  ]);

  const hasRow =
    (id: number) =>
    (run: EventRun): boolean =>
      rowsOf(run).some((row) => row['id'] === id);

  const until = async (run: EventRun, id: number): Promise<Row[]> => {
    await run.until(() => hasRow(id)(run));
    return rowsOf(run);
  };

  const offsetsAt = (id: number): Promise<readonly SourceOffset[]> => app.offsetsWhen(hasRow(id), QUIET);

  const failure = async (run: EventRun): Promise<unknown> =>
    run.until(() => false, 10_000).catch((error: unknown) => error);

  it('reads each row by the structure it was written under, where the stream keeps up', async () => {
    const run = await app.start(QUIET);
    await until(run, 1);
    const steps: readonly (readonly [string, string, Row])[] = [
      ['alter table app.t change a x varchar(20), change b a varchar(20)', "(2, 'x', 'a')", { id: 2, x: 'x', a: 'a' }],
      ['alter table app.t modify x varchar(20) after a', "(3, 'a', 'x')", { id: 3, a: 'a', x: 'x' }],
      ['alter table app.t add n tinyint unsigned first', "(200, 4, 'a', 'x')", { n: 200, id: 4, a: 'a', x: 'x' }],
      ['alter table app.t modify n tinyint', "(-56, 5, 'a', 'x')", { n: -56, id: 5, a: 'a', x: 'x' }],
      [
        'alter table app.t modify a varchar(20) character set latin2',
        "(1, 6, 'ż', 'x')",
        { n: 1, id: 6, a: 'ż', x: 'x' },
      ],
      ["alter table app.t modify n enum('n', 'm')", "('m', 7, 'a', 'x')", { n: 'm', id: 7, a: 'a', x: 'x' }],
      ["alter table app.t modify n enum('m', 'n')", "('m', 8, 'a', 'x')", { n: 'm', id: 8, a: 'a', x: 'x' }],
    ];
    for (const [statement, values, row] of steps) {
      await app.server.sql('set names utf8mb4', statement, `insert into app.t values ${values}`);
      expect((await until(run, Number(row['id']))).at(-1)).toEqual(row);
    }
    await app.server.sql(
      'create table app.u (id int primary key, y varchar(20), z varchar(20))',
      'rename table app.t to app.v, app.u to app.t',
      "insert into app.t values (9, 'y', 'z')",
    );
    expect((await until(run, 9)).at(-1)).toEqual({ id: 9, y: 'y', z: 'z' });
    await app.server.sql(
      'drop table app.t',
      'create table app.t (id int, z varchar(20), y varchar(20), primary key (id))',
      "insert into app.t values (10, 'z', 'y')",
    );
    expect((await until(run, 10)).at(-1)).toEqual({ id: 10, z: 'z', y: 'y' });
  });

  it('goes on behind one statement: rows before it by the history, rows after it by the catalogue', async () => {
    const offsets = await offsetsAt(1);
    await app.server.sql(
      "insert into app.t values (2, 'a', 'b')",
      'create table if not exists app.t (id int)',
      "insert into app.t values (20, 'a', 'b')",
      'alter table app.t change a b varchar(20), change b a varchar(20)',
      'create index i on app.t (a)',
      'alter table app.t add index `i2` (`b`), algorithm=inplace',
      'alter table app.t add key `i3` (`a`, `b`)',
      "insert into app.t values (3, 'b', 'a')",
      'create table if not exists app.t (id int)',
      'create table app.other (id int primary key, t int, foreign key (t) references t (id))',
    );
    const run = await app.start(QUIET, offsets);
    expect(await until(run, 3)).toEqual([
      { id: 2, a: 'a', b: 'b' },
      { id: 20, a: 'a', b: 'b' },
      { id: 3, b: 'b', a: 'a' },
    ]);
  });

  it('stops where rows stand between statements that the catalogue is behind both of', async () => {
    const offsets = await offsetsAt(1);
    await app.server.sql(
      "insert into app.t values (2, 'a', 'b')",
      'alter table app.t change a x varchar(20), change b a varchar(20)',
      "insert into app.t values (3, 'x', 'a')",
      'alter table app.t change a y varchar(20), change x a varchar(20)',
      "insert into app.t values (4, 'a', 'y')",
    );
    const run = await app.start(QUIET, offsets);
    expect(await failure(run)).toMatchObject({
      code: 'MYSQL_SCHEMA_UNKNOWN',
      kind: 'position',
      message: expect.stringMatching(/^the rows of app\.t at .* by "alter table app\.t change a y/) as string,
      remedy: expect.stringContaining('table.exclude.list') as string,
    });
    expect(rowsOf(run).filter(({ id }) => id !== 2)).toEqual([]);
    await run.close();

    const without = await app.start(
      { ...QUIET, 'table.exclude.list': 'app.t' },
      run.offsets.size === 0 ? offsets : [...run.offsets.values()],
    );
    await app.server.sql('create table app.end (id int primary key)', 'insert into app.end values (5)');
    await until(without, 5);
    await without.close();
    const again = await app.start(QUIET, [...without.offsets.values()]);
    await app.server.sql("insert into app.t values (6, 'a', 'y')");
    expect((await until(again, 6)).at(-1)).toEqual({ id: 6, a: 'a', y: 'y' });
  });

  it('needs no structure that no row was written under', async () => {
    const offsets = await offsetsAt(1);
    await app.server.sql(
      "insert into app.t values (2, 'a', 'b')",
      'alter table app.t change a x varchar(20), change b a varchar(20)',
      'alter table app.t change a y varchar(20), change x a varchar(20)',
      "insert into app.t values (4, 'a', 'y')",
    );
    const run = await app.start(QUIET, offsets);
    expect(await until(run, 4)).toEqual([
      { id: 2, a: 'a', b: 'b' },
      { id: 4, a: 'a', y: 'y' },
    ]);
  });

  it('follows a table swap that it is behind', async () => {
    const offsets = await offsetsAt(1);
    await app.server.sql(
      'create table app._t_gho like app.t',
      'alter table app._t_gho change a c varchar(20), change b a varchar(20)',
      "insert into app._t_gho values (1, 'c', 'a')",
      "insert into app.t values (2, 'a', 'b')",
      "insert into app._t_gho values (2, 'c', 'a')",
      'rename table app.t to app._t_del, app._t_gho to app.t',
      'drop table app._t_del',
      "insert into app.t values (3, 'c', 'a')",
    );
    const run = await app.start(QUIET, offsets);
    expect(await until(run, 3)).toEqual([
      { id: 1, c: 'c', a: 'a' },
      { id: 2, a: 'a', b: 'b' },
      { id: 2, c: 'c', a: 'a' },
      { id: 3, c: 'c', a: 'a' },
    ]);
  });

  it('reads the rows of a table that is gone', async () => {
    const offsets = await offsetsAt(1);
    await app.server.sql(
      "insert into app.t values (2, 'a', 'b')",
      'drop table app.t',
      'create table app.end (id int primary key)',
      'insert into app.end values (3)',
    );
    const run = await app.start(QUIET, offsets);
    expect(await until(run, 3)).toEqual([{ id: 2, a: 'a', b: 'b' }, { id: 3 }]);
  });

  it('uses what it wrote before where it comes to a statement again', async () => {
    const first = await app.start(QUIET);
    await until(first, 1);
    const offsets = [...first.offsets.values()];
    await app.server.sql(
      'alter table app.t change a x varchar(20), change b a varchar(20)',
      "insert into app.t values (2, 'x', 'a')",
    );
    await until(first, 2);
    await first.close();
    await app.server.sql(
      'alter table app.t change a y varchar(20), change x a varchar(20)',
      "insert into app.t values (3, 'a', 'y')",
    );
    const run = await app.start(QUIET, offsets);
    expect(await until(run, 3)).toEqual([
      { id: 2, x: 'x', a: 'a' },
      { id: 3, a: 'a', y: 'y' },
    ]);
  });

  it('does not trust its history at a place that its stream did not come to', async () => {
    const offsets = await offsetsAt(1);
    await app.server.sql('alter table app.t change a x varchar(20), change b a varchar(20)');
    const [row] = await app.server.sql('show master status');
    const altered = offsets.map(({ partition, offset }) => ({
      partition,
      offset: {
        ...offset,
        ...(offset['pos'] === undefined ? {} : { file: row?.['File'] ?? '', pos: Number(row?.['Position']) }),
        ...(offset['gtids'] === undefined ? {} : { gtids: row?.['Executed_Gtid_Set'] ?? '' }),
      },
    }));
    await app.server.sql("insert into app.t values (2, 'x', 'a')");
    const run = await app.start(QUIET, altered);
    expect(await until(run, 2)).toEqual([{ id: 2, x: 'x', a: 'a' }]);
  });

  it('knows what became of a table that was left out for a time', async () => {
    const first = await offsetsAt(1);
    const without = await app.start({ ...QUIET, 'table.exclude.list': 'app.t' }, first);
    await app.server.sql(
      'alter table app.t change a x varchar(20), change b a varchar(20)',
      'create table app.end (id int primary key)',
      'insert into app.end values (2)',
    );
    await until(without, 2);
    await without.close();
    const run = await app.start(QUIET, [...without.offsets.values()]);
    await app.server.sql("insert into app.t values (3, 'x', 'a')");
    expect(await until(run, 3)).toEqual([{ id: 3, x: 'x', a: 'a' }]);
  });

  it('stops where rows do not fit, since a statement is not in the binlog; recovery takes the present structure', async () => {
    const offsets = await offsetsAt(1);
    await app.server.sql(
      'set sql_log_bin = 0',
      'alter table app.t modify a varchar(300)',
      'set sql_log_bin = 1',
      "insert into app.t values (2, 'a', 'b')",
    );
    const run = await app.start(QUIET, offsets);
    expect(await failure(run)).toMatchObject({
      code: 'MYSQL_SCHEMA_MISMATCH',
      message: expect.stringContaining('a: the length is 300 in its rows, 20 in the structure') as string,
    });
    expect(rowsOf(run)).toEqual([]);
    const recovered = await app.start({ ...QUIET, 'snapshot.mode': 'recovery' }, offsets);
    expect(await until(recovered, 2)).toEqual([{ id: 2, a: 'a', b: 'b' }]);
  });

  it('has the key of a unique index, as long as there is one', async () => {
    await app.server.sql('create table app.k (id int not null, x int, unique key u (id))');
    const run = await app.start(QUIET);
    await until(run, 1);
    await app.server.sql('insert into app.k values (2, 2)');
    await until(run, 2);
    await app.server.sql('alter table app.k drop index u', 'insert into app.k values (3, 3)');
    await until(run, 3);
    const keys = run.records.filter(({ topic }) => topic === 'app.app.k').map(({ key }) => key);
    expect(keys).toEqual([expect.stringContaining('"payload":{"id":2}') as string, null]);
  });

  it('keeps tables apart whose names differ in case only', async () => {
    await app.server.sql('create table app.T (id int primary key, c varchar(20))');
    const run = await app.start(QUIET);
    await until(run, 1);
    await app.server.sql("insert into app.T values (2, 'c')", "insert into app.t values (3, 'a', 'b')");
    expect((await until(run, 3)).slice(1)).toEqual([
      { id: 2, c: 'c' },
      { id: 3, a: 'a', b: 'b' },
    ]);
  });

  it('is found ready by a check', async () => {
    const results = await checkMysql({
      name: 'app',
      config: { name: 'app', ...appOptions(app.server) },
      env: realEnv,
      log: silentContext('app').log,
      signal: new AbortController().signal,
    });
    expect(results.filter(({ ok }) => !ok)).toEqual([]);
    expect(results.map(({ name }) => name)).toContain('the binlog’s tables are known by a schema history');
  });

  it('writes the history as Debezium does, one entry a statement, for tables of all kinds', async () => {
    const run = await app.start({ ...QUIET, 'schema.history.internal.kafka.topic': 'history.of.app' });
    await until(run, 1);
    await app.server.sql(
      "alter table app.t add e enum('x', 'it''s') not null default 'x'",
      'create database app2',
      'create table app2.u (id int)',
      'drop database app2',
      'create view app.w as select * from app.t',
      'drop view app.w',
      "insert into app.t values (2, 'a', 'b', 'it''s')",
    );
    await until(run, 2);
    const entries = await app.journals.entries('history.of.app');
    expect(entries.map(({ source, databaseName, ddl }) => [source, databaseName, ddl])).toEqual([
      [{ server: 'app' }, '', ''],
      [{ server: 'app' }, 'app', ''],
      [{ server: 'app' }, 'app', "alter table app.t add e enum('x', 'it''s') not null default 'x'"],
      [{ server: 'app' }, 'app2', 'create table app2.u (id int)'],
      [{ server: 'app' }, 'app2', 'drop database app2'],
    ]);
    expect(entries[2]).toMatchObject({
      position: { file: 'binlog.000001', pos: expect.any(Number) as number },
      ts_ms: expect.any(Number) as number,
      tableChanges: [
        {
          type: 'ALTER',
          id: '"app"."t"',
          table: {
            primaryKeyColumnNames: ['id'],
            columns: [
              { name: 'id', typeName: 'INT', position: 1, optional: false },
              { name: 'a', typeName: 'VARCHAR', length: 20, charsetName: 'utf8mb4' },
              { name: 'b' },
              { name: 'e', typeName: 'ENUM', enumValues: ["'x'", "'it's'"], defaultValueExpression: 'x' },
            ],
          },
        },
      ],
    });
  });
});

describe('MySQL 5.7 that leaves statements out of its binlog', () => {
  const app = useAppDatabaseOf('mysql-5.7', { settings: ['--binlog-ignore-db=scratch'] }, []);

  it('is refused, since a changed table would not be noticed', async () => {
    await expect(app.start(QUIET)).rejects.toMatchObject({
      code: 'MYSQL_BINLOG_FILTER',
      kind: 'config',
      message: expect.stringContaining('binlog_ignore_db') as string,
    });
  });
});

/** The rows of the captured tables, as they were written. */
function rowsOf(run: EventRun): Row[] {
  return run.records.flatMap(({ value }) => {
    if (value === null) return [];
    const { payload } = JSON.parse(value) as { payload: { after?: Row | null } };
    return payload.after === undefined || payload.after === null ? [] : [payload.after];
  });
}
