import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MysqlTask } from '../../../connectors/mysql/task.ts';
import type { SourceOffset } from '../../../runtime/connector/source.ts';
import { MYSQL_VERSIONS, mysqlOptions, startMysql, type MysqlServer } from '../../services/mysql.ts';
import { EventRun } from '../change/event-run.ts';

const NEWER = MYSQL_VERSIONS.filter((version) => version === 'mysql-9.7' || version === 'mariadb-11.8');

/** With `npm run test:matrix` only. */
describe.skipIf(NEWER.length === 0)('what newer servers add', () => {
  describe.each(NEWER.length === 0 ? (['mysql-9.7'] as const) : NEWER)('%s', (version) => {
    let server: MysqlServer | undefined;
    let missing = '';

    beforeAll(async () => {
      if (NEWER.length === 0) return;
      const started = await startMysql(version);
      if ('missing' in started) ({ missing } = started);
      else {
        server = started;
        await server.sql('create database app character set utf8mb4');
      }
    });

    afterAll(() => server?.stop());

    const start = async (offsets: readonly SourceOffset[] = []): Promise<EventRun> => {
      const at = server as MysqlServer;
      const config = { ...mysqlOptions(at), 'topic.prefix': 'app', 'include.schema.changes': 'false' };
      const run = new EventRun(new MysqlTask({ name: 'app', ...config }), offsets);
      await run.start();
      return run;
    };

    it('vectors are arrays of floats', async ({ skip }) => {
      skip(missing !== '', missing);
      const at = server as MysqlServer;
      const make = at.family === 'mariadb' ? 'vec_fromtext' : 'string_to_vector';
      await at.sql(
        'create table app.v (id int primary key, v vector(3) not null)',
        `insert into app.v values (1, ${make}('[1,2.5,-0.1]'))`,
      );
      const run = await start();
      await run.until((records) => records.length > 0);
      await at.sql(`insert into app.v values (2, ${make}('[1,2.5,-0.1]'))`);
      await run.until((records) => records.length > 1);
      await run.close();
      for (const { value } of run.records) expect(value).toContain('"v":[1.0,2.5,-0.1]');
      expect(run.records[0]?.value?.split('"payload"')[0]).toBe(run.records[1]?.value?.split('"payload"')[0]);
    });

    it('GTIDs with tags are read, stored and gone on from', async ({ skip }) => {
      skip(missing !== '', missing);
      const at = server as MysqlServer;
      skip(at.family !== 'mysql', 'MariaDB has none');
      await at.sql('create table app.t (id int primary key)', 'insert into app.t values (1)');
      const first = await start();
      const seen = (run: EventRun, id: number): Promise<void> =>
        run.until((records) => records.some(({ key }) => key?.includes(`"payload":{"id":${id}}`) === true));
      await seen(first, 1);
      await at.sql("set gtid_next = 'AUTOMATIC:blue'", 'insert into app.t values (2)', 'insert into app.t values (3)');
      await seen(first, 3);
      await first.close();
      expect(first.records.at(-1)?.value).toMatch(/"gtid":"[0-9a-f-]{36}:blue:2"/);
      const offsets = [...first.offsets.values()];
      const stored = offsets.map(({ offset }) => offset['gtids']).find((gtids) => String(gtids).includes(':blue'));
      expect(stored).toMatch(/:blue:1-2$/);
      await at.sql("set gtid_next = 'AUTOMATIC:green'", 'insert into app.t values (4)');
      const second = await start(offsets);
      await seen(second, 4);
      await second.close();
      expect(second.records.length).toBe(1);
    });
  });
});
