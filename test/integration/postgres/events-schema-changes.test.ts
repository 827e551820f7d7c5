import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PostgresTask } from '../../../connectors/postgres/task.ts';
import { databaseOptions, startPostgres, type PostgresServer } from '../../services/postgres.ts';
import { TESTED_VERSIONS } from '../../services/postgres-versions.ts';
import type { RecordText } from '../change/debezium-records.ts';
import { EventRun } from '../change/event-run.ts';

interface Event {
  readonly op: string;
  readonly key: unknown;
  readonly before: unknown;
  readonly after: unknown;
  /** Fields of `after` with their types: `id:int32 a:string?`. */
  readonly fields: string;
}

interface Field {
  readonly field: string;
  readonly type: string;
  readonly optional: boolean;
  readonly name?: string;
  readonly parameters?: { readonly allowed?: string };
  readonly fields?: readonly Field[];
}

function eventsOf(records: readonly RecordText[], table: string): Event[] {
  return records
    .filter(({ topic, value }) => topic === `s.public.${table}` && value !== null)
    .map(({ key, value }) => {
      const { schema, payload } = JSON.parse(value ?? '') as { schema: Field; payload: Event };
      const after = schema.fields?.find(({ field }) => field === 'after')?.fields ?? [];
      const fields = after.map(
        ({ field, type, optional, parameters }) => `${field}:${parameters?.allowed ?? type}${optional ? '?' : ''}`,
      );
      const { op, before } = payload;
      const parsed = key === null ? null : (JSON.parse(key) as { payload: unknown }).payload;
      return { op, key: parsed, before, after: payload.after, fields: fields.join(' ') };
    });
}

/** A small numeric(5,2) in precise mode. */
function decimal(cents: number): string {
  const bytes = cents > 127 ? [cents >> 8, cents & 255] : [cents];
  return Buffer.from(bytes).toString('base64');
}

describe.each(TESTED_VERSIONS)('schema changes in the stream of PostgreSQL %i', (version) => {
  let server: PostgresServer;
  const config = (name: string): Record<string, string> => ({
    name,
    'topic.prefix': 's',
    ...databaseOptions(server),
    'plugin.name': 'pgoutput',
    'slot.name': name,
    'publication.name': name,
    'tombstones.on.delete': 'false',
    'table.include.list': `public\\.${name}.*`,
  });

  beforeAll(async () => {
    server = await startPostgres({ version });
  });

  afterAll(async () => {
    await server?.stop();
  });

  /** Starts a connector and resolves once it streams. */
  const streams = async (run: EventRun, slot: string): Promise<void> => {
    await run.start();
    for (;;) {
      const rows = await server.sql(
        "SELECT 1 FROM pg_stat_replication r JOIN pg_replication_slots s ON s.active_pid = r.pid WHERE slot_name = $1 AND state = 'streaming'",
        [slot],
      );
      if (rows.length > 0) return;
      if (run.failure !== undefined) throw run.failure;
      await sleep(20);
    }
  };

  it('give a table version each, also within one transaction', async () => {
    await server.sql('CREATE TABLE within_t (id int PRIMARY KEY, a text)');
    const run = new EventRun(new PostgresTask(config('within')));
    await streams(run, 'within');
    await server.sql(`BEGIN;
      INSERT INTO within_t VALUES (1, 'one');
      ALTER TABLE within_t ADD COLUMN b int DEFAULT 7;
      INSERT INTO within_t VALUES (2, 'two', 2);
      ALTER TABLE within_t ALTER COLUMN b TYPE bigint;
      INSERT INTO within_t VALUES (3, 'three', 3000000000);
      ALTER TABLE within_t RENAME COLUMN a TO c;
      UPDATE within_t SET c = 'ONE' WHERE id = 1;
      ALTER TABLE within_t DROP COLUMN b;
      INSERT INTO within_t VALUES (4, 'four');
      COMMIT`);
    await run.until((records) => eventsOf(records, 'within_t').length === 5);
    await run.close();
    expect(eventsOf(run.records, 'within_t').map(({ after, fields }) => ({ after, fields }))).toEqual([
      { after: { id: 1, a: 'one' }, fields: 'id:int32 a:string?' },
      { after: { id: 2, a: 'two', b: 2 }, fields: 'id:int32 a:string? b:int32?' },
      { after: { id: 3, a: 'three', b: 3000000000 }, fields: 'id:int32 a:string? b:int64?' },
      { after: { id: 1, c: 'ONE', b: 7 }, fields: 'id:int32 c:string? b:int64?' },
      { after: { id: 4, c: 'four' }, fields: 'id:int32 c:string?' },
    ]);
  });

  it('change the key and what old images carry', async () => {
    await server.sql('CREATE TABLE keys_t (id int PRIMARY KEY, code text NOT NULL UNIQUE, v int)');
    const run = new EventRun(new PostgresTask(config('keys')));
    await streams(run, 'keys');
    for (const statement of [
      "INSERT INTO keys_t VALUES (1, 'a', 1)",
      'ALTER TABLE keys_t REPLICA IDENTITY FULL',
      'UPDATE keys_t SET v = 2',
    ]) {
      await server.sql(statement);
    }
    // Under REPLICA IDENTITY FULL the log does not say what the key is: the catalogue has to be asked in time.
    await run.until((records) => eventsOf(records, 'keys_t').length === 2);
    for (const statement of [
      'ALTER TABLE keys_t DROP CONSTRAINT keys_t_pkey',
      'ALTER TABLE keys_t ADD PRIMARY KEY (code, id)',
      'ALTER TABLE keys_t REPLICA IDENTITY DEFAULT',
      "UPDATE keys_t SET code = 'b'",
      'DELETE FROM keys_t',
    ]) {
      await server.sql(statement);
    }
    await run.until((records) => eventsOf(records, 'keys_t').length === 5);
    await run.close();
    expect(eventsOf(run.records, 'keys_t').map(({ op, key, before }) => ({ op, key, before }))).toEqual([
      { op: 'c', key: { id: 1 }, before: null },
      { op: 'u', key: { id: 1 }, before: { id: 1, code: 'a', v: 1 } },
      { op: 'd', key: { code: 'a', id: 1 }, before: { id: 1, code: 'a', v: null } },
      { op: 'c', key: { code: 'b', id: 1 }, before: null },
      { op: 'd', key: { code: 'b', id: 1 }, before: { id: 1, code: 'b', v: null } },
    ]);
  });

  it('are read as they were, though the catalogue has gone on', async () => {
    await server.sql(
      "CREATE TYPE late_mood AS ENUM ('sad', 'ok'); CREATE TABLE late_t (id int PRIMARY KEY, m late_mood)",
    );
    await server.sql('CREATE TABLE late_gone (k2 text, k1 int, PRIMARY KEY (k2, k1))');
    const before = new EventRun(new PostgresTask(config('late')));
    await streams(before, 'late');
    await before.close();
    for (const statement of [
      "INSERT INTO late_t VALUES (1, 'sad')",
      "ALTER TYPE late_mood ADD VALUE 'happy'",
      "INSERT INTO late_t VALUES (2, 'happy')",
      'ALTER TABLE late_t ADD COLUMN n numeric(5,2) NOT NULL DEFAULT 1',
      "INSERT INTO late_t VALUES (3, 'ok', 2.5)",
      'ALTER TABLE late_t DROP COLUMN m',
      'DROP TYPE late_mood',
      'INSERT INTO late_t VALUES (4, 4)',
      'ALTER TABLE late_t RENAME COLUMN n TO amount',
      'INSERT INTO late_t VALUES (5, 5)',
      "INSERT INTO late_gone VALUES ('x', 1)",
      'DELETE FROM late_gone WHERE k1 = 1',
      'DROP TABLE late_gone',
    ]) {
      await server.sql(statement);
    }
    const run = new EventRun(new PostgresTask(config('late')), [...before.offsets.values()]);
    await run.start();
    await run.until((records) => records.length === 7);
    await run.close();
    expect(eventsOf(run.records, 'late_t').map(({ after }) => after)).toEqual([
      { id: 1, m: 'sad' },
      { id: 2, m: 'happy' },
      { id: 3, m: 'ok', n: decimal(250) },
      { id: 4, n: decimal(400) },
      { id: 5, amount: decimal(500) },
    ]);
    expect(eventsOf(run.records, 'late_gone').map(({ op, key }) => ({ op, key }))).toEqual([
      { op: 'c', key: { k2: 'x', k1: 1 } },
      { op: 'd', key: { k2: 'x', k1: 1 } },
    ]);
  });
});
