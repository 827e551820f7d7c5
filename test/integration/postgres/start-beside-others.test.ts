import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { checkPostgres } from '../../../connectors/postgres/check/check.ts';
import { openConnection } from '../../../connectors/postgres/connection.ts';
import { readSettings } from '../../../connectors/postgres/settings.ts';
import { ensurePublication, type PublicationSettings } from '../../../connectors/postgres/slot/publication.ts';
import { loadTables } from '../../../connectors/postgres/catalog/table-loader.ts';
import { TypeRegistry } from '../../../connectors/postgres/catalog/type-registry.ts';
import { silentContext } from '../../../runtime/connector/conformance/silent-context.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { databaseOptions } from '../../services/postgres.ts';
import { snapshotServer } from './snapshot-server.ts';

const { newRun, sql, server } = snapshotServer();
/** What the check of a connector of this name tells of the slot. */
async function slotResults(name: string) {
  const config = { ...databaseOptions(server()), 'topic.prefix': 'q', 'slot.name': 'snap', name };
  const { log } = silentContext(name);
  const { signal } = new AbortController();
  const results = await checkPostgres({ name, config, env: realEnv, log, signal });
  return results.filter((one) => one.name.includes('the replication slot'));
}

const OWN_SLOT = /^Give this connector a slot\.name of its own\./;

describe('a connector that starts beside others', () => {
  test('is told who reads the slot that it was given too, and to take one of its own', async () => {
    await sql('CREATE TABLE a (id int PRIMARY KEY)');
    const first = newRun();
    await first.start();
    await first.until(() => isRead('snap'));
    const second = newRun({ 'topic.prefix': 'q' });
    await expect(second.start()).rejects.toMatchObject({
      code: 'POSTGRES_SLOT_WITHOUT_OFFSET',
      key: 'slot.name',
      message: expect.stringMatching(/in use by millrace snap, pid \d+/),
      remedy: expect.stringMatching(OWN_SLOT),
    });
    expect(await slotResults('snap')).toEqual([{ name: 'the replication slot snap fits', ok: true }]);
    expect(await slotResults('other')).toMatchObject([
      { ok: true },
      {
        name: 'nobody else reads the replication slot',
        ok: false,
        code: 'POSTGRES_SLOT_BUSY',
        key: 'slot.name',
        problem: expect.stringMatching(/^the replication slot snap is in use by millrace snap, pid \d+$/),
        remedy: expect.stringContaining('a slot.name of its own'),
      },
    ]);
    await first.stop();
    expect(await slotResults('other')).toHaveLength(1);
    await expect(second.start()).rejects.toMatchObject({ message: expect.stringContaining('; inactive: ') });
    await first.start();
    await first.catchUp();
  });

  test.each(['initial', 'no_data'])('leaves a slot alone that another made first (%s)', async (mode) => {
    await sql('CREATE TABLE a (id int PRIMARY KEY)');
    const run = newRun({ 'snapshot.mode': mode });
    const faster = `SELECT pg_create_logical_replication_slot('snap', 'pgoutput')`;
    const crash = (point: string): boolean => {
      if (point === 'snapshot.after_intent') runAtOnce(faster);
      return false;
    };
    await run.start({}, { crash });
    await run.until(() => run.failure !== undefined).catch(() => undefined);
    const expected = { code: 'POSTGRES_SLOT_WITHOUT_OFFSET', remedy: expect.stringMatching(OWN_SLOT) };
    expect(run.failure).toMatchObject({
      ...expected,
      message:
        'the replication slot snap was made by somebody else while this connector started (inactive: its connector is stopped, or still reads a snapshot)',
    });
    await run.stop().catch(() => undefined);
    const slots = () => sql('SELECT confirmed_flush_lsn FROM pg_replication_slots');
    const before = await slots();
    await expect(run.start()).rejects.toMatchObject(expected);
    expect(await slots()).toEqual(before);
    await run.start({ 'slot.name': 'other' });
    await run.until(() => isRead('other'));
    await run.catchUp();
    expect(await slots()).toHaveLength(2);
  });

  test('that could not make its slot does not take one that another made since for it', async () => {
    await sql('CREATE TABLE a (id int PRIMARY KEY)');
    const most = Number((await sql('SHOW max_replication_slots'))[0]?.['max_replication_slots']);
    await sql(`SELECT pg_create_physical_replication_slot('full' || i) FROM generate_series(1, ${most}) i`);
    const run = newRun();
    await run.start();
    await run.until(() => run.failure !== undefined).catch(() => undefined);
    expect(run.failure).toMatchObject({ code: 'POSTGRES_SLOTS_EXHAUSTED' });
    await run.stop().catch(() => undefined);
    await sql(`SELECT pg_drop_replication_slot('full1')`);
    await sql(`SELECT pg_create_logical_replication_slot('snap', 'pgoutput')`);
    await expect(run.start()).rejects.toMatchObject({ code: 'POSTGRES_SLOT_WITHOUT_OFFSET' });
    await sql(`SELECT pg_drop_replication_slot('snap')`);
    await run.start();
    await run.catchUp();
  });

  test.each(['filtered', 'no_tables'] as const)('shares a publication that all create at once (%s)', async (mode) => {
    await sql('CREATE TABLE a (id int PRIMARY KEY)');
    const { connection } = readSettings({ ...databaseOptions(server()), 'topic.prefix': 'p', name: 'c' });
    const connections = await Promise.all(Array.from({ length: 6 }, () => openConnection(connection, realEnv)));
    try {
      const [one] = connections;
      if (one === undefined) throw new RangeError('no connection');
      const captured = await loadTables(one, new TypeRegistry(), {
        captures: (schema) => schema === 'public',
        generated: false,
      });
      for (let round = 0; round < 20; round++) {
        const made = await Promise.all(
          connections.map((each, i) => ensurePublication(each, settings(mode, `slot${i}`), captured)),
        );
        expect(made.filter((statement) => statement?.startsWith('CREATE'))).toHaveLength(1);
        expect(await sql('SELECT pubname FROM pg_publication')).toEqual([{ pubname: 'snap' }]);
        await sql('DROP PUBLICATION snap');
      }
    } finally {
      await Promise.all(connections.map((each) => each.close()));
    }
  });

  test('as a role that does not exist is told so', async () => {
    await expect(newRun({ 'database.user': 'nobody_here' }).start()).rejects.toMatchObject({
      code: 'POSTGRES_AUTHENTICATION',
      key: 'database.user',
      remedy: expect.stringMatching(/^Correct database\.user, or CREATE ROLE/),
    });
  });
});

/** The stream of this slot has begun. */
async function isRead(slot: string): Promise<boolean> {
  const streams = await sql(
    `SELECT 1 FROM pg_replication_slots s JOIN pg_stat_replication r ON r.pid = s.active_pid
      WHERE s.slot_name = '${slot}' AND r.state = 'streaming'`,
  );
  return streams.length > 0;
}

function settings(mode: PublicationSettings['mode'], slot: string): PublicationSettings {
  return { name: 'snap', slot, mode, viaRoot: false, skipped: new Set(), replicaIdentities: '' };
}

/** Runs a statement in another process while this one stands still at a named place. */
function runAtOnce(statement: string): void {
  const { host, port, user, database } = server();
  const script = `
    import pg from 'pg';
    const client = new pg.Client(${JSON.stringify({ host, port, user, database })});
    await client.connect();
    await client.query(${JSON.stringify(statement)});
    await client.end();`;
  execFileSync(process.execPath, ['--input-type=module', '--eval', script]);
}
