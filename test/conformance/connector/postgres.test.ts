import { afterAll, beforeAll, describe, test } from 'vitest';
import { postgresConnector } from '../../../connectors/postgres/connector.ts';
import { sourceConformance } from '../../../runtime/connector/conformance/source-conformance.ts';
import type { SourceDriver } from '../../../runtime/connector/conformance/source-driver.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import type { Value } from '../../../runtime/record/value.ts';
import { databaseOptions, startPostgres, type PostgresServer } from '../../services/postgres.ts';

let pg: PostgresServer;
let runs = 0;

beforeAll(async () => {
  pg = await startPostgres();
});

afterAll(async () => {
  await pg.stop();
});

/** The member of a struct; null where there is none. */
function member(value: Value | undefined, name: string): Value {
  if (typeof value !== 'object' || value === null || !(name in value)) return null;
  return (value as Readonly<Record<string, Value>>)[name] ?? null;
}

const driver: SourceDriver = {
  connector: postgresConnector,
  env: realEnv,
  stepMs: 20_000,
  setUp: async () => {
    const name = `conform_${++runs}`;
    await pg.sql(`create table ${name} (id int primary key, text text not null)`);
    let made = 0;
    return {
      config: {
        name,
        ...databaseOptions(pg),
        'topic.prefix': name,
        'plugin.name': 'pgoutput',
        'slot.name': name,
        'publication.name': name,
        'publication.autocreate.mode': 'filtered',
        'table.include.list': `public.${name}`,
      },
      produce: async (count) => {
        const from = made;
        made += count;
        await pg.sql(`insert into ${name} select i, 'row ' || i from generate_series(${from}, ${made - 1}) i`);
        return Array.from({ length: count }, (_, i) => String(from + i));
      },
      nameOf: ({ topic, key }) => (topic === `${name}.public.${name}` ? String(member(key?.value, 'id')) : null),
      tearDown: async () => {
        await pg.sql(`select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = '${name}'`);
        await pg.sql(
          `select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '${name}'`,
        );
        await pg.sql(`drop publication if exists ${name}`);
        await pg.sql(`drop table ${name}`);
      },
    };
  },
};

describe('the Postgres source keeps the contract', () => {
  test.each(sourceConformance(driver).map(({ name, run }) => [name, run] as const))(
    '%s',
    { timeout: 120_000 },
    (_name, run) => run(),
  );
});
