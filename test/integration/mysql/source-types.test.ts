import { describe, expect, it } from 'vitest';
import { MYSQL_VERSIONS } from '../../services/mysql.ts';
import type { RecordText } from '../change/debezium-records.ts';
import { useAppDatabase } from './use-app-database.ts';

const PREFIX = '__debezium.source.column.';

interface Field {
  readonly field: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly fields?: readonly Field[];
}

describe.each(MYSQL_VERSIONS)('source types on %s', (version) => {
  const app = useAppDatabase(
    version,
    `create table app.t (id bigint unsigned primary key, v varchar(40), d decimal(10,2) unsigned, z decimal(5),
       e enum('a','b(c)'), s set('x','y','z'), m mediumtext, at datetime(6), b binary(9), plain int)`,
    "insert into app.t values (1, 'v', 1.5, 2, 'a', 'x,y', 'm', now(6), 'b', 7)",
  );

  it('are in the schemas of the columns that are asked for, in snapshot and stream alike', async () => {
    const run = await app.start({
      'include.schema.changes': 'false',
      'column.propagate.source.type': 'app\\.t\\.(id|v|d|z|e|s|m|at)',
      'datatype.propagate.source.type': 'app\\.BINARY',
    });
    await run.until((records) => records.length === 1);
    await app.server.sql("insert into app.t values (2, 'v', 1.5, 2, 'a', 'x,y', 'm', now(6), 'b', 7)");
    await run.until((records) => records.length === 2);
    const [snapshot, streamed] = run.records.map(types);
    // Newer MySQLs have no width of numbers.
    const width = version.startsWith('mariadb') || version === 'mysql-5.7' ? '20' : undefined;
    expect(snapshot).toEqual({
      id: ['BIGINT UNSIGNED', width, undefined],
      v: ['VARCHAR', '40', undefined],
      d: ['DECIMAL UNSIGNED', '10', '2'],
      z: ['DECIMAL', '5', '0'],
      e: ['ENUM', '1', undefined],
      s: ['SET', '5', undefined],
      m: ['MEDIUMTEXT', undefined, undefined],
      at: ['DATETIME', '6', undefined],
      b: ['BINARY', '9', undefined],
    });
    expect(streamed).toEqual(snapshot);
  });

  it('leave what is masked masked', async () => {
    const run = await app.start({
      'include.schema.changes': 'false',
      'column.propagate.source.type': 'app\\.t\\..*',
      'column.mask.with.3.chars': 'app\\.t\\.v',
      'column.truncate.to.1.chars': 'app\\.t\\.m',
    });
    await run.until((records) => records.length === 1);
    const { payload } = JSON.parse(run.records[0]?.value ?? '{}') as { payload: { after: { v: string; m: string } } };
    expect([payload.after.v, payload.after.m]).toEqual(['***', 'm']);
    expect(types(run.records[0])['v']).toEqual(['VARCHAR', '40', undefined]);
  });
});

function types(record: RecordText | undefined): Record<string, (string | undefined)[]> {
  const { schema } = JSON.parse(record?.value ?? '{}') as { schema: Field };
  const after = schema.fields?.find(({ field }) => field === 'after');
  const named = (after?.fields ?? []).flatMap(({ field, parameters }) => {
    const shown = ['type', 'length', 'scale'].map((name) => parameters?.[PREFIX + name]);
    return shown[0] === undefined ? [] : [[field, shown] as const];
  });
  return Object.fromEntries(named);
}
