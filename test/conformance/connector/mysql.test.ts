import { afterAll, beforeAll, describe, test } from 'vitest';
import { mysqlConnector } from '../../../connectors/mysql/connector.ts';
import { sourceConformance } from '../../../runtime/connector/conformance/source-conformance.ts';
import type { SourceDriver } from '../../../runtime/connector/conformance/source-driver.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import type { Value } from '../../../runtime/record/value.ts';
import { MYSQL_KINDS, mysqlOptions, startMysql, type MysqlServer } from '../../services/mysql.ts';

/** The member of a struct; null where there is none. */
function member(value: Value | undefined, name: string): Value {
  if (typeof value !== 'object' || value === null || !(name in value)) return null;
  return (value as Readonly<Record<string, Value>>)[name] ?? null;
}

describe.each(MYSQL_KINDS)('the source keeps the contract on %s', (version) => {
  let server: MysqlServer | undefined;
  let missing = '';
  let runs = 0;

  beforeAll(async () => {
    const started = await startMysql(version);
    if ('missing' in started) ({ missing } = started);
    else {
      server = started;
      await server.sql('create database app');
    }
  });

  afterAll(() => server?.stop());

  const driver: SourceDriver = {
    connector: mysqlConnector,
    env: realEnv,
    stepMs: 20_000,
    setUp: async () => {
      const at = server as MysqlServer;
      const name = `conform_${++runs}`;
      await at.sql(`create table app.${name} (id int primary key, text varchar(50) not null)`);
      let made = 0;
      return {
        config: {
          name,
          ...mysqlOptions(at),
          'database.server.id': String(1000 + runs),
          'topic.prefix': name,
          'include.schema.changes': 'false',
          'table.include.list': `app.${name}`,
        },
        produce: async (count) => {
          const rows = Array.from({ length: count }, (_, i) => made + i);
          made += count;
          await at.sql(`insert into app.${name} values ${rows.map((i) => `(${i}, 'row ${i}')`).join(', ')}`);
          return rows.map(String);
        },
        nameOf: ({ topic, key }) => (topic === `${name}.app.${name}` ? String(member(key?.value, 'id')) : null),
        tearDown: async () => {
          await at.sql(`drop table app.${name}`);
        },
      };
    },
  };

  test.each(sourceConformance(driver).map(({ name, run }) => [name, run] as const))(
    '%s',
    { timeout: 120_000 },
    async (_name, run) => {
      if (missing === '') await run();
    },
  );
});
