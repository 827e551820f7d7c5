import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { RawConfig } from '../../../runtime/connector/options.ts';
import type { SourceOffset, SourceTask } from '../../../runtime/connector/source.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import type { JsonObject } from '../../../runtime/record/record.ts';
import { postgresConnector } from '../../../connectors/postgres/connector.ts';
import { TESTED_VERSION } from '../../services/postgres-versions.ts';
import { startPostgres, type PostgresServer } from '../../services/postgres.ts';
import { listen, type Said } from '../change/listen.ts';
import { recordsOf, type Seen } from './stream-harness.ts';

let pg: PostgresServer;
let number = 0;
const running: Run[] = [];

beforeAll(async () => {
  pg = await startPostgres();
});
afterAll(async () => {
  await pg.stop();
});
afterEach(async () => {
  for (const run of running.splice(0)) await run.task.close();
});

/** Durable offsets by partition. */
type Store = Map<string, SourceOffset>;

class Run implements AsyncDisposable {
  readonly task: SourceTask;
  readonly said: Said = listen();
  readonly #store: Store;

  constructor(config: RawConfig, store: Store) {
    this.task = postgresConnector.createTask(config);
    this.#store = store;
    running.push(this);
  }

  async open(): Promise<this> {
    await this.task.open({
      offsets: [...this.#store.values()],
      env: realEnv,
      context: this.said.context,
      signal: new AbortController().signal,
    });
    return this;
  }

  /** Reads and commits, as the runner does, until `done` says so. */
  async until(done: (seen: readonly Seen[]) => boolean): Promise<Seen[]> {
    const seen: Seen[] = [];
    while (!done(seen)) {
      const batch = await this.task.read(AbortSignal.timeout(20_000));
      if (batch === null) break;
      seen.push(...recordsOf(batch));
      batch.release?.();
      for (const { partition, position } of batch.progress ?? []) {
        this.#store.set(JSON.stringify(partition), { partition, offset: position.toOffset() });
        await this.task.committed?.(partition, position);
      }
    }
    return seen;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.task.close();
  }
}

/** A Debezium configuration as it comes. */
async function fixture(changes: Record<string, string> = {}) {
  const name = `t${++number}`;
  await pg.sql(`create schema ${name}; create table ${name}.a (id int primary key, v text);
    insert into ${name}.a select n, 'old' from generate_series(1, 3) n`);
  const config: RawConfig = {
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'tasks.max': '1',
    'database.hostname': '127.0.0.1',
    'database.port': String(pg.port),
    'database.user': 'postgres',
    'database.password': 'postgres',
    'database.dbname': pg.database,
    'topic.prefix': name,
    'plugin.name': 'pgoutput',
    'slot.name': name,
    'publication.name': name,
    'publication.autocreate.mode': 'filtered',
    'schema.include.list': name,
    'status.update.interval.ms': '50',
    ...changes,
  };
  return { name, config, store: new Map() as Store };
}

const keys = (seen: readonly Seen[]) =>
  seen.map(
    ({ key, value }) => `${(value as { op?: string } | null)?.op ?? '-'}${(key as { id?: number } | null)?.id ?? ''}`,
  );

function streamOffset(store: Store, prefix: string): JsonObject {
  return store.get(JSON.stringify({ server: prefix }))?.offset ?? {};
}

/** A field of a record's value. */
function field(record: Seen | undefined, name: string): unknown {
  return (record?.value as Record<string, unknown> | undefined)?.[name];
}

const block = (record: Seen | undefined) => ({ ...(field(record, 'transaction') as object) });

describe('a task', () => {
  test('reads the snapshot, streams, and after a restart goes on where it stood', async () => {
    const { name, config, store } = await fixture();
    expect(postgresConnector.validate?.(config)).toEqual([]);
    const first = await new Run(config, store).open();
    expect(keys(await first.until((seen) => seen.length >= 3)).sort()).toEqual(['r1', 'r2', 'r3']);
    await pg.sql(`insert into ${name}.a values (4, 'new'); delete from ${name}.a where id = 1`);
    const streamed = await first.until((seen) => seen.length >= 3);
    expect(keys(streamed)).toEqual(['c4', 'd1', '-1']);
    expect(streamed[0]?.topic).toBe(`${name}.${name}.a`);
    await first.task.close();
    await pg.sql(`insert into ${name}.a values (5, 'while stopped')`);
    const second = await new Run(config, store).open();
    expect(keys(await second.until((seen) => seen.length >= 1))).toEqual(['c5']);
    const offset = streamOffset(store, name);
    expect(offset).toMatchObject({ 'millrace.slot': name, messageType: 'COMMIT' });
    expect(typeof offset['lsn']).toBe('number');
  });

  test('a Debezium offset between transactions resumes exactly', async () => {
    const { name, config, store } = await fixture({ 'snapshot.mode': 'no_data' });
    const first = await new Run(config, store).open();
    await first.until(() => streamOffset(store, name)['lsn'] !== undefined);
    await pg.sql(`insert into ${name}.a values (10, 'x'), (11, 'y')`);
    await first.until((seen) => seen.length >= 2);
    const { lsn, lsn_commit, lsn_proc, txId, ts_usec } = streamOffset(store, name);
    await first.task.close();
    const debezium = { lsn, lsn_commit, lsn_proc, txId, ts_usec, messageType: 'COMMIT' } as unknown as JsonObject;
    await pg.sql(`insert into ${name}.a values (12, 'z')`);
    const between = new Map([['s', { partition: { server: name }, offset: debezium }]]);
    const second = await new Run(config, between).open();
    expect(keys(await second.until((seen) => seen.length >= 1))).toEqual(['c12']);
  });

  test('a Debezium offset inside a transaction produces that transaction again as a whole', async () => {
    const { name, config, store } = await fixture({ 'snapshot.mode': 'no_data' });
    const first = await new Run(config, store).open();
    await first.until(() => streamOffset(store, name)['lsn'] !== undefined);
    await first.task.close();
    const { lsn_commit } = streamOffset(store, name);
    await pg.sql(`insert into ${name}.a values (10, 'x'), (11, 'y')`);
    await pg.sql(`insert into ${name}.a values (12, 'z')`);
    const inside = {
      lsn: Number(lsn_commit) + 100,
      lsn_proc: Number(lsn_commit) + 100,
      lsn_commit: Number(lsn_commit),
      messageType: 'INSERT',
      txId: 1,
    };
    const second = await new Run(config, new Map([['s', { partition: { server: name }, offset: inside }]])).open();
    expect(keys(await second.until((seen) => seen.length >= 3))).toEqual(['c10', 'c11', 'c12']);
  });

  test('slot.failover makes a failover slot, and no_tables an empty publication that is pointed out', async ({
    skip,
  }) => {
    skip(TESTED_VERSION < 17, 'it has no failover slots');
    const { name, config, store } = await fixture({
      'slot.failover': 'true',
      'publication.autocreate.mode': 'no_tables',
    });
    const run = await new Run(config, store).open();
    await run.until((seen) => seen.length >= 3);
    expect(await pg.sql(`select failover from pg_replication_slots where slot_name = '${name}'`)).toEqual([
      { failover: 't' },
    ]);
    expect(run.said.warnings.get('POSTGRES_TABLES_UNPUBLISHED')).toContain(`${name}.a`);
  });

  test('a publication that must exist and does not is named with the statement that makes it', async () => {
    const { config, store } = await fixture({ 'publication.autocreate.mode': 'disabled' });
    const run = new Run(config, store).open();
    await expect(run).rejects.toMatchObject({ code: 'POSTGRES_PUBLICATION_MISSING', key: 'publication.name' });
    await expect(run).rejects.toHaveProperty('remedy', expect.stringContaining('CREATE PUBLICATION'));
  });

  test('offsets may be altered to a place the slot still has, and to no other', async () => {
    const { name, config, store } = await fixture({ 'snapshot.mode': 'no_data' });
    const first = await new Run(config, store).open();
    await first.until(() => streamOffset(store, name)['lsn'] !== undefined);
    await first.task.close();
    const call = { name: 'c', config, env: realEnv, log: listen().context.log, signal: new AbortController().signal };
    const alter = (partition: JsonObject, offset: JsonObject | null) =>
      postgresConnector.alterOffsets?.(call, [{ partition, offset }]) ?? Promise.resolve();
    const lsn = Number(streamOffset(store, name)['lsn']);
    await alter({ server: name }, { lsn });
    await alter({ server: name }, null);
    await expect(alter({ server: name }, { lsn: lsn - 1000 })).rejects.toMatchObject({ code: 'POSTGRES_SLOT_AHEAD' });
    await expect(alter({ server: name }, { pos: 4 })).rejects.toMatchObject({ code: 'POSTGRES_OFFSET_UNUSABLE' });
    await expect(alter({ server: 'x' }, { lsn })).rejects.toMatchObject({ code: 'POSTGRES_OFFSET_PARTITION' });
  });

  test('a slot that is ahead is a gap, unless offset.mismatch.strategy accepts it', async () => {
    const { name, config, store } = await fixture({ 'snapshot.mode': 'no_data' });
    const first = await new Run(config, store).open();
    await first.until(() => streamOffset(store, name)['lsn'] !== undefined);
    await first.task.close();
    await pg.sql(`insert into ${name}.a values (10, 'lost')`);
    await pg.sql(`select pg_replication_slot_advance('${name}', pg_current_wal_lsn())`);
    const strict = await new Run(config, store).open();
    await expect(strict.until(() => false)).rejects.toMatchObject({ code: 'POSTGRES_SLOT_AHEAD', kind: 'position' });
    await strict.task.close();
    const trusting = await new Run({ ...config, 'offset.mismatch.strategy': 'trust_slot' }, store).open();
    await pg.sql(`insert into ${name}.a values (11, 'kept')`);
    expect(keys(await trusting.until((seen) => seen.length >= 1))).toEqual(['c11']);
    expect(trusting.said.warnings.get('POSTGRES_GAP_ACCEPTED')).toContain('skipped');
  });

  test('a Debezium offset inside its snapshot is refused with the remedy', async () => {
    const { name, config } = await fixture();
    const offset = {
      last_snapshot_record: false,
      lsn: 5,
      txId: 7,
      ts_usec: 1,
      snapshot: 'INITIAL',
      snapshot_completed: false,
    };
    const store = new Map([['s', { partition: { server: name }, offset }]]);
    const run = new Run(config, store).open();
    await expect(run).rejects.toMatchObject({ code: 'POSTGRES_OFFSET_UNUSABLE', kind: 'position' });
    await expect(run).rejects.toHaveProperty('remedy', expect.stringContaining('delete its offsets'));
  });

  test('transaction metadata counts events over a restart inside the transaction', async () => {
    const { name, config, store } = await fixture({
      'provide.transaction.metadata': 'true',
      'snapshot.mode': 'no_data',
    });
    const run = await new Run(config, store).open();
    await run.until(() => streamOffset(store, name)['lsn'] !== undefined);
    await pg.sql(`begin; insert into ${name}.a values (20, 'x'); update ${name}.a set id = 21 where id = 20; commit`);
    const seen = await run.until((all) =>
      all.some(({ value }) => (value as { status?: string } | null)?.status === 'END'),
    );
    const [begin, create, removed, , created, end] = seen;
    const id = field(begin, 'id');
    expect(seen.map(({ topic }) => topic.split('.').at(-1))).toEqual([
      'transaction',
      'a',
      'a',
      'a',
      'a',
      'transaction',
    ]);
    expect(block(create)).toEqual({ id, total_order: 1n, data_collection_order: 1n });
    expect(block(removed)).toEqual({ id, total_order: 2n, data_collection_order: 2n });
    expect(block(created)).toEqual({ id, total_order: 3n, data_collection_order: 3n });
    expect(end?.value).toMatchObject({ status: 'END', id, event_count: 3n });
  });

  test('logical messages become records, those with an excluded prefix do not', async () => {
    const { name, config, store } = await fixture({
      'message.prefix.exclude.list': 'secret.*',
      'snapshot.mode': 'no_data',
    });
    const run = await new Run(config, store).open();
    await run.until(() => streamOffset(store, name)['lsn'] !== undefined);
    await pg.sql(`select pg_logical_emit_message(false, 'secret.1', 'no'), pg_logical_emit_message(false, 'note', 'yes'),
      pg_logical_emit_message(true, 'note', 'in a transaction')`);
    const seen = await run.until((all) => all.length >= 2);
    expect(seen.map(({ topic, key }) => [topic, (key as { prefix: string }).prefix])).toEqual([
      [`${name}.message`, 'note'],
      [`${name}.message`, 'note'],
    ]);
    expect(field(seen[0], 'source')).toMatchObject({ txId: null });
    expect(field(seen[1], 'source')).not.toMatchObject({ txId: null });
  });

  test('heartbeats come with their statement, and the slot figures with the status', async () => {
    const { name, config, store } = await fixture({
      'heartbeat.interval.ms': '100',
      'heartbeat.action.query': `insert into public.beats default values`,
      'snapshot.mode': 'no_data',
      'millrace.slot.poll.interval.ms': '100',
    });
    await pg.sql('create table public.beats (at timestamptz default now())');
    const run = await new Run(config, store).open();
    const seen = await run.until((all) => all.length >= 3);
    expect(seen.every(({ topic }) => topic === `__debezium-heartbeat.${name}`)).toBe(true);
    expect(Number((await pg.sql('select count(*) as n from public.beats'))[0]?.['n'])).toBeGreaterThan(0);
    expect(run.said.gauges.get('retained_wal_bytes')).toBeGreaterThan(0);
    expect(run.said.gauges.get('lag_bytes')).toBeGreaterThanOrEqual(0);
  });

  test('slot.drop.on.stop drops the slot, and destroy removes slot and publication', async () => {
    const { name, config, store } = await fixture({ 'slot.drop.on.stop': 'true' });
    const run = await new Run(config, store).open();
    await run.until(() => streamOffset(store, name)['lsn'] !== undefined);
    await run.task.close();
    expect(await pg.sql(`select 1 from pg_replication_slots where slot_name = '${name}'`)).toEqual([]);
    const other = await fixture();
    const stopped = await new Run(other.config, other.store).open();
    await stopped.until(() => streamOffset(other.store, other.name)['lsn'] !== undefined);
    await stopped.task.close();
    const call = {
      name: 'c',
      config: other.config,
      env: realEnv,
      log: listen().context.log,
      signal: new AbortController().signal,
    };
    await expect
      .poll(async () => {
        try {
          return await postgresConnector.destroy?.(call);
        } catch {
          return 'busy';
        }
      })
      .toEqual([`dropped the replication slot ${other.name}`, `dropped the publication ${other.name}`]);
  });

  test('destroy leaves a publication that somebody else made', async () => {
    const { name, config, store } = await fixture();
    await pg.sql(`create publication ${name} for table ${name}.a`);
    const run = await new Run(config, store).open();
    await run.until(() => streamOffset(store, name)['lsn'] !== undefined);
    await run.task.close();
    const call = { name: 'c', config, env: realEnv, log: listen().context.log, signal: new AbortController().signal };
    await expect
      .poll(() => postgresConnector.destroy?.(call).catch(() => 'busy'))
      .toEqual([`dropped the replication slot ${name}`]);
    expect(await pg.sql(`select pubname from pg_publication where pubname = '${name}'`)).toHaveLength(1);
  });

  test('skipped operations are not published, replica identities are set, and a filtered publication follows the list', async () => {
    const { name, config, store } = await fixture({
      'skipped.operations': 't,d',
      'replica.identity.autoset.values': '.*\\.a:FULL',
    });
    const run = await new Run(config, store).open();
    await run.until((seen) => seen.length >= 3);
    await run.task.close();
    const [publication] = await pg.sql(
      `select pubinsert, pubupdate, pubdelete, pubtruncate from pg_publication where pubname = '${name}'`,
    );
    expect(publication).toEqual({ pubinsert: 't', pubupdate: 't', pubdelete: 'f', pubtruncate: 'f' });
    expect(
      (await pg.sql(`select relreplident from pg_class where oid = '${name}.a'::regclass`))[0]?.['relreplident'],
    ).toBe('f');
    await pg.sql(`create table ${name}.b (id int primary key)`);
    const again = await new Run(config, store).open();
    expect(await pg.sql(`select tablename from pg_publication_tables where pubname = '${name}' order by 1`)).toEqual([
      { tablename: 'a' },
      { tablename: 'b' },
    ]);
    await again.task.close();
  });
});
