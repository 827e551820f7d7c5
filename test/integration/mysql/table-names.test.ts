import { describe, expect, it } from 'vitest';
import { silentLog } from '../../../runtime/app/silent-log.ts';
import { checkMysql } from '../../../connectors/mysql/check/check.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { appOptions, MYSQL_VERSIONS } from '../../services/mysql.ts';
import { useAppDatabase } from './use-app-database.ts';

describe.each(MYSQL_VERSIONS)('tables of alike names on %s', (version) => {
  const app = useAppDatabase(
    version,
    'create table app.Item (id int primary key, upper int)',
    'create table app.item (lower int, id int primary key, code int)',
    'create table app.cafe (id int primary key, plain int)',
    'insert into app.Item values (1, 10)',
    'insert into app.item values (20, 2, 200)',
    'insert into app.cafe values (3, 30)',
  );

  it('are read by their own columns each, in the snapshot and in the stream', async () => {
    const run = await app.start({ 'include.schema.changes': 'false' });
    await run.until((records) => records.length === 3);
    await app.server.sql('update app.Item set upper = 11', 'update app.item set code = 201');
    await run.until((records) => records.length === 5);
    const rows = run.records.map(({ topic, value }) => {
      const { payload } = JSON.parse(value ?? '') as { payload: { after: unknown } };
      return [topic, JSON.stringify(payload.after)];
    });
    expect(rows.toSorted()).toEqual([
      ['app.app.Item', '{"id":1,"upper":10}'],
      ['app.app.Item', '{"id":1,"upper":11}'],
      ['app.app.cafe', '{"id":3,"plain":30}'],
      ['app.app.item', '{"lower":20,"id":2,"code":200}'],
      ['app.app.item', '{"lower":20,"id":2,"code":201}'],
    ]);
    for (const { key } of run.records) expect(key?.match(/"field":"id"/g)).toHaveLength(1);
  });

  it('with one topic are refused, in the snapshot and in the stream', async () => {
    await app.server.sql('create table app.`order items` (id int primary key)');
    const run = await app.start();
    await app.server.sql('insert into app.`order items` values (1)');
    await run.until((records) => records.some(({ topic }) => topic === 'app.app.order_items'));
    await app.server.sql('create table app.order_items (id int primary key)', 'insert into app.order_items values (1)');
    const shared = { code: 'CHANGE_TOPIC_SHARED', kind: 'config', key: 'table.include.list' };
    await expect(run.until(() => false)).rejects.toMatchObject(shared);
    const again = await app.start();
    await expect(again.until(() => false)).rejects.toMatchObject(shared);
    const failed = (await checked()).filter(({ ok }) => !ok);
    expect(failed).toEqual([expect.objectContaining({ code: 'CHANGE_TOPIC_SHARED' })]);
  });

  const checked = () =>
    checkMysql({
      name: 'app',
      config: { name: 'app', ...appOptions(app.server) },
      env: realEnv,
      log: silentLog,
      signal: new AbortController().signal,
    });

  const CASCADE =
    'create table app.part (id int primary key, item int, foreign key (item) references app.item (id) on delete set null)';

  it('whose foreign keys change rows behind the binlog are named', async ({ skip }) => {
    skip(version === 'mysql-9.7', 'it writes those changes');
    const fine = await app.start();
    expect(fine.said.warnings.get('MYSQL_CASCADES')).toBe(null);
    await app.server.sql(
      CASCADE,
      'create table app.note (id int primary key, item int, foreign key (item) references app.Item (id))',
    );
    const run = await app.start();
    const warning = run.said.warnings.get('MYSQL_CASCADES');
    expect(warning).toContain('app.part by themselves');
    const failed = (await checked()).filter(({ ok }) => !ok);
    expect(failed).toEqual([expect.objectContaining({ code: 'MYSQL_CASCADES', fatal: false, problem: warning })]);
  });

  it('whose foreign keys change rows in the binlog are read, and nothing is warned of', async ({ skip }) => {
    skip(version !== 'mysql-9.7', 'the storage engine changes them');
    await app.server.sql(CASCADE, 'insert into app.part values (4, 2)');
    const run = await app.start({ 'include.schema.changes': 'false', 'table.include.list': 'app.part' });
    expect(run.said.warnings.get('MYSQL_CASCADES')).toBe(null);
    await run.until((records) => records.length === 1);
    await app.server.sql('delete from app.item');
    await run.until((records) => records.length === 2);
    expect(run.records[1]?.value).toContain('"after":{"id":4,"item":null}');
  });
});
