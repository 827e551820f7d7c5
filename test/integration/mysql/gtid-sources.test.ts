import { describe, expect, it } from 'vitest';
import type { SourceOffset } from '../../../runtime/connector/source.ts';
import { MYSQL_VERSIONS } from '../../services/mysql.ts';
import type { RecordText } from '../change/debezium-records.ts';
import type { EventRun } from '../change/event-run.ts';
import { useAppDatabase } from './use-app-database.ts';

const OPTIONS = {
  'include.schema.changes': 'false',
  'snapshot.mode': 'no_data',
  'connect.keep.alive.interval.ms': '300',
};
const FOREIGN = '3e11fa47-71ca-11e1-9e33-c80aa9429562';

describe.each(MYSQL_VERSIONS)('sources of GTIDs on %s', (version) => {
  const app = useAppDatabase(version, 'create table app.t (id int primary key, v varchar(20))');
  const mariadb = version.startsWith('mariadb');
  const excludes = { 'gtid.source.excludes': mariadb ? '7' : '3E11fa47-.*' };
  let number = 0;

  /** A transaction that comes from another source. */
  const foreign = (statement: string): Promise<unknown> =>
    mariadb
      ? app.server.sql('set session gtid_domain_id = 7', statement)
      : app.server.sql(
          `set session gtid_next = '${FOREIGN}:${++number}'`,
          statement,
          "set session gtid_next = 'automatic'",
        );

  const run = (more: Readonly<Record<string, string>>, offsets: readonly SourceOffset[] = []): Promise<EventRun> =>
    app.start({ ...OPTIONS, ...more }, offsets);

  it('that are excluded make no records, and count as read', async () => {
    const first = await run(excludes);
    await app.server.sql("insert into app.t values (1, 'ours')");
    await foreign("insert into app.t values (2, 'theirs')");
    await app.server.sql("insert into app.t values (3, 'ours')");
    await first.until((records) => ids(records).includes(3));
    await first.until(() => gtids(first).includes(mariadb ? '7-' : FOREIGN));
    await first.close();
    expect(ids(first.records)).toEqual([1, 3]);
    const second = await run(excludes, [...first.offsets.values()]);
    await app.server.sql("insert into app.t values (4, 'ours')");
    await second.until((records) => ids(records).includes(4));
    expect(ids(second.records)).toEqual([4]);
  });

  it('that are not included make no records, unless only the place is meant', async () => {
    const own = mariadb ? '0' : String((await app.server.sql('select @@server_uuid as u'))[0]?.['u']);
    for (const [filter, expected] of [
      ['true', [3]],
      ['false', [2, 3]],
    ] as const) {
      const one = await run({ 'gtid.source.includes': own, 'gtid.source.filter.dml.events': filter });
      await foreign("insert into app.t values (2, 'theirs')");
      await app.server.sql("insert into app.t values (3, 'ours')");
      await one.until((records) => ids(records).includes(3));
      expect(ids(one.records)).toEqual(expected);
      await one.close();
      await app.server.sql('delete from app.t');
    }
  });

  it('that are excluded do not matter where a server lacks what was read of them', async () => {
    const first = await run({});
    await app.server.sql("insert into app.t values (1, 'ours')");
    await first.until((records) => ids(records).includes(1));
    await first.close();
    // What another server had: it is not here.
    const errant = mariadb ? '7-9-999999999' : `${FOREIGN}:1-999999`;
    const stored = [...first.offsets.values()].map(({ partition, offset }) => ({
      partition,
      offset: { ...offset, gtids: without(String(offset['gtids'])).concat(',', errant) },
    }));
    const refused = run({}, stored).then((failing) => failing.until(() => false, 5000));
    await expect(refused).rejects.toMatchObject({ code: 'MYSQL_POSITION_AHEAD' });
    const second = await run(excludes, stored);
    await app.server.sql("insert into app.t values (2, 'ours')");
    await second.until((records) => ids(records).includes(2));
    expect(ids(second.records)).toEqual([2]);
  });

  it('that are excluded do not matter where a server has purged what was not read of them', async ({ skip }) => {
    skip(mariadb, 'MariaDB has no purged transactions to add');
    const first = await run({});
    await app.server.sql("insert into app.t values (1, 'ours')");
    await first.until((records) => ids(records).includes(1));
    await first.close();
    const purged = '11111111-71ca-11e1-9e33-c80aa9429562';
    await app.server.sql(
      `set gtid_next = '${purged}:1'`,
      'begin',
      'commit',
      "set gtid_next = 'automatic'",
      'flush logs',
    );
    const log = String((await app.server.sql('show binary logs')).at(-1)?.['Log_name']);
    await app.server.sql(`purge binary logs to '${log}'`);
    const stored = [...first.offsets.values()];
    const refused = run({}, stored).then((failing) => failing.until(() => false, 5000));
    await expect(refused).rejects.toMatchObject({ code: 'MYSQL_BINLOG_PURGED' });
    const second = await run({ 'gtid.source.excludes': '11111111-.*' }, stored);
    await app.server.sql("insert into app.t values (2, 'ours')");
    await second.until((records) => ids(records).includes(2));
    expect(ids(second.records)).toEqual([2]);
  });
});

/** Without the other source. */
function without(gtids: string): string {
  return gtids
    .split(',')
    .filter((part) => !part.startsWith(FOREIGN) && !part.startsWith('7-'))
    .join(',');
}

function gtids(run: EventRun): string {
  return [...run.offsets.values()].map(({ offset }) => String(offset['gtids'])).join();
}

function ids(records: readonly RecordText[]): number[] {
  return records.map(({ key }) => (JSON.parse(key ?? '{}') as { payload: { id: number } }).payload.id);
}
