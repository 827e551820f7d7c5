import { describe, expect, it } from 'vitest';
import { MYSQL_VERSIONS } from '../../services/mysql.ts';
import type { RecordText } from '../change/debezium-records.ts';
import { useAppDatabase } from './use-app-database.ts';

const long = 'compresses well, '.repeat(20);

describe.each(MYSQL_VERSIONS.filter((version) => version.startsWith('mariadb')))(
  'columns that are COMPRESSED on %s',
  (version) => {
    const app = useAppDatabase(
      version,
      `create table app.t (id int primary key, plain varchar(20), v varchar(1000) compressed, l varchar(200) compressed character set latin1,
         b varbinary(1000) compressed, t mediumtext compressed, o blob compressed, after int not null)`,
    );

    const rows = (from: number): string =>
      [
        `(${from}, 'p', '${long}é', repeat('ü', 150), repeat(x'00ff', 300), repeat('${long}', 200), repeat('b', 5000), 1)`,
        `(${from + 1}, null, '', '', '', '', '', 2)`,
        `(${from + 2}, 'p', null, null, null, null, null, 3)`,
        `(${from + 3}, 'p', 'short', 'é', x'00', 'short', 'x', 4)`,
      ].join(', ');

    it.each(['on', 'off'])('show the same in the stream as in the snapshot, with zlib’s frame %s', async (wrap) => {
      await app.server.sql(`insert into app.t values ${rows(0)}`);
      const run = await app.start({ 'include.schema.changes': 'false' });
      await run.until((records) => records.length === 4);
      await app.server.sql(
        `set session column_compression_zlib_wrap = ${wrap}`,
        `insert into app.t values ${rows(10)}`,
        "update app.t set v = 'new' where id = 10",
      );
      await run.until((records) => records.length === 9);
      const images = run.records.map(after);
      for (let i = 0; i < 4; i++) expect(images[4 + i]).toEqual({ ...images[i], id: 10 + i });
      expect(images[4]?.['v']).toBe(`${long}é`);
      expect(images[8]).toEqual({ ...images[4], v: 'new' });
    });

    it('have the lengths that were declared', async () => {
      const run = await app.start({
        'include.schema.changes': 'false',
        'column.propagate.source.type': 'app\\.t\\.(v|t)',
        'column.truncate.to.3.chars': 'app\\.t\\.v',
      });
      await app.server.sql(`insert into app.t values ${rows(0)}`);
      await run.until((records) => records.length === 4);
      expect(after(run.records[0])['v']).toBe('com');
      expect(run.records[0]?.value).toContain('"__debezium.source.column.length":"1000"');
    });
  },
);

function after(record: RecordText | undefined): Record<string, unknown> {
  return (JSON.parse(record?.value ?? '{}') as { payload: { after: Record<string, unknown> } }).payload.after;
}
