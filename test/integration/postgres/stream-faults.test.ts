import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startPostgres } from '../../services/postgres.ts';
import {
  createStream,
  openStream,
  positionOf,
  recordsOf,
  type OpenStream,
  type StreamSetup,
} from './stream-harness.ts';
import { streamServer } from './stream-server.ts';

const { fixture, open, sql, server } = streamServer();

/** Reads ids until `last` came. */
async function idsUntil(stream: OpenStream, last: number, pause?: () => Promise<void>): Promise<number[]> {
  const ids: number[] = [];
  while (ids.at(-1) !== last) {
    const batch = await stream.stream.read(AbortSignal.timeout(60_000));
    for (const { key } of recordsOf(batch)) ids.push((key as { id: number }).id);
    batch.release?.();
    await pause?.();
  }
  return ids;
}

const count = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What a promise comes to: its error, if it fails. */
function settled(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) => error);
}

/** Where the stream stands, as its next offset would say. */
function positionOfNow({ stream }: OpenStream) {
  const { place, identity } = stream.figures;
  if (identity === undefined) throw new Error('not connected');
  return { place, identity };
}

async function killWalsenders(): Promise<void> {
  await sql('select pg_terminate_backend(pid) from pg_stat_replication');
}

describe('lost connections', () => {
  test('a killed walsender costs neither rows nor repetitions, also inside a transaction', async () => {
    const { setup, from, table } = await fixture();
    const stream = await open(setup, from);
    await sql(`insert into ${table} select n, repeat('x', 500) from generate_series(1, 30000) n`);
    let kills = 0;
    const ids = await idsUntil(stream, 30000, async () => {
      if (kills++ < 4) await killWalsenders();
    });
    expect(kills).toBeGreaterThan(3);
    expect(ids).toEqual(count(1, 30000));
    await sql(`insert into ${table} values (30001, 'after')`);
    expect(await idsUntil(stream, 30001)).toEqual([30001]);
  });

  test('an immediate restart of the server is survived', async () => {
    const { setup, from, table } = await fixture();
    const stream = await open(setup, from);
    await sql(`insert into ${table} select n, 'x' from generate_series(1, 100) n`);
    expect(await idsUntil(stream, 100)).toEqual(count(1, 100));
    await sql(`insert into ${table} select n, 'x' from generate_series(101, 200) n`);
    await server().restart('immediate');
    await sql(`insert into ${table} select n, 'x' from generate_series(201, 300) n`);
    const ids = await idsUntil(stream, 300);
    expect(ids).toEqual(count(101, 300));
  });

  test('a server that stays away fails the stream after errors.max.retries, by name', async () => {
    const other = await startPostgres();
    try {
      await other.sql('create publication p for all tables');
      const server = { host: other.host, port: other.port, user: other.user, database: other.database };
      const setup: StreamSetup = { server, slot: 'away', publication: 'p', maxRetries: 2 };
      const stream = await open(setup, await createStream(setup));
      const read = settled(stream.stream.read(AbortSignal.timeout(30_000)));
      await other.stop();
      expect(await read).toMatchObject({ kind: 'unavailable' });
      expect(stream.warnings.get('POSTGRES_RECONNECTING')).toContain('attempt 2');
    } finally {
      await other.stop();
    }
  });
});

describe('a silent server', () => {
  test('is given up after two wal_sender_timeouts, and the stream goes on with the next connection', async () => {
    await server().restart('fast', { wal_sender_timeout: '1s' });
    const { setup, from, table } = await fixture(undefined, { slotMaxRetries: 100, slotRetryDelayMs: 100 });
    const stream = await open(setup, from);
    try {
      await sql(`insert into ${table} values (1, 'a')`);
      expect(await idsUntil(stream, 1)).toEqual([1]);
      const [row] = await sql('select pid from pg_stat_replication');
      const pid = Number(row?.['pid']);
      process.kill(pid, 'SIGSTOP');
      const read = idsUntil(stream, 2);
      const before = performance.now();
      await expect
        .poll(() => stream.warnings.get('POSTGRES_RECONNECTING') ?? '', { timeout: 15_000 })
        .toContain('wal_sender_timeout');
      expect(performance.now() - before).toBeGreaterThan(1000);
      process.kill(pid, 'SIGCONT');
      await sql(`insert into ${table} values (2, 'b')`);
      expect(await read).toEqual([2]);
    } finally {
      await stream.close();
      await server().restart('fast');
    }
  });
});

describe('slots that do not fit', () => {
  const at = /[0-9A-F]+\/[0-9A-F]+/g;

  test('a dropped slot is named with both places and the gap', async () => {
    const { setup, from, table } = await fixture();
    await sql(`select pg_drop_replication_slot('${setup.slot}')`);
    await sql(`insert into ${table} select n, repeat('x', 100) from generate_series(1, 5000) n`);
    const error: Error = await openStream(setup, from).then(
      () => new Error('opened'),
      (e: Error) => e,
    );
    expect(error).toMatchObject({ code: 'POSTGRES_SLOT_MISSING', kind: 'position', key: 'slot.name' });
    expect(error.message.match(at)?.length).toBe(2);
    expect(error.message).toMatch(/[KM]iB/);
  });

  test('a recreated slot is named with both places and the gap', async () => {
    const { setup, from, table } = await fixture();
    await sql(`select pg_drop_replication_slot('${setup.slot}')`);
    await sql(`insert into ${table} values (1, 'lost')`);
    await sql(`select pg_create_logical_replication_slot('${setup.slot}', 'pgoutput')`);
    const error: Error = await openStream(setup, from).then(
      () => new Error('opened'),
      (e: Error) => e,
    );
    expect(error).toMatchObject({ code: 'POSTGRES_SLOT_AHEAD', kind: 'position' });
    expect(error.message.match(at)?.length).toBe(2);
  });

  test('a slot advanced by hand is refused, at the start and at a reconnect', async () => {
    const { setup, from, table } = await fixture();
    const stream = await open(setup, from);
    await sql(`insert into ${table} values (1, 'a')`);
    await idsUntil(stream, 1);
    await stream.close();
    await sql(`insert into ${table} values (2, 'b')`);
    await sql(`select pg_replication_slot_advance('${setup.slot}', pg_current_wal_lsn())`);
    await expect(openStream(setup, from)).rejects.toMatchObject({ code: 'POSTGRES_SLOT_AHEAD' });
  });

  test('a slot that was dropped and made anew while it streamed stops the task', async () => {
    const { setup, from, table } = await fixture();
    const stream = await open(setup, from);
    await sql(`insert into ${table} values (1, 'a')`);
    await idsUntil(stream, 1);
    const read = settled(stream.stream.read(AbortSignal.timeout(30_000)));
    await sql(`alter table ${table} add column w int`);
    await killWalsenders();
    for (;;) {
      try {
        await sql(`select pg_drop_replication_slot('${setup.slot}')`);
        break;
      } catch {
        await killWalsenders();
      }
    }
    expect(await read).toMatchObject({ kind: 'position' });
  });

  test('an offset of another system, another slot or the future is refused', async () => {
    const { setup, from } = await fixture();
    const identity = from.identity ?? { systemId: '', timeline: 1, slot: '' };
    await expect(openStream(setup, { ...from, identity: { ...identity, systemId: '7' } })).rejects.toMatchObject({
      code: 'POSTGRES_OTHER_SYSTEM',
    });
    await expect(openStream(setup, { ...from, identity: { ...identity, timeline: 9 } })).rejects.toMatchObject({
      code: 'POSTGRES_OTHER_TIMELINE',
    });
    await expect(openStream(setup, { ...from, identity: { ...identity, slot: 'x' } })).rejects.toMatchObject({
      code: 'POSTGRES_OTHER_SLOT',
    });
    const far = from.place.flushLsn + (1n << 40n);
    await expect(
      openStream(setup, { ...from, place: { flushLsn: far, commitLsn: far, index: 0 } }),
    ).rejects.toMatchObject({ code: 'POSTGRES_SERVER_BEHIND' });
  });

  test('a promoted server goes on with offsets from before its timeline began, and refuses later ones', async () => {
    const other = await startPostgres();
    try {
      await other.sql('create table t (id int primary key, v text); create publication p for table t');
      const server = { host: other.host, port: other.port, user: other.user, database: other.database };
      const setup: StreamSetup = { server, slot: 'promoted', publication: 'p' };
      const from = await createStream(setup);
      await other.sql(`insert into t values (1, 'before')`);
      writeFileSync(join(other.dataDirectory, 'standby.signal'), '');
      await other.restart('fast');
      await other.sql('select pg_promote()');
      await other.sql(`insert into t values (2, 'after')`);
      const stream = await open(setup, from);
      expect(await idsUntil(stream, 2)).toEqual([1, 2]);
      const { place, identity } = positionOfNow(stream);
      await stream.close();
      expect(identity.timeline).toBe(2);
      const old = { ...identity, timeline: 1 };
      await expect(openStream(setup, { place, identity: old, eventLsn: undefined })).rejects.toMatchObject({
        code: 'POSTGRES_OTHER_TIMELINE',
        message: expect.stringContaining('ended at'),
      });
      const again = await open(setup, { place, identity, eventLsn: undefined });
      await other.sql(`insert into t values (3, 'more')`);
      expect(await idsUntil(again, 3)).toEqual([3]);
      await again.close();
    } finally {
      await other.stop();
    }
  });

  test('a slot in use is waited for, then named with who holds it', async () => {
    const { setup, from, table } = await fixture(undefined, { slotMaxRetries: 2, slotRetryDelayMs: 200 });
    const first = await open(setup, from);
    await expect(openStream(setup, from)).rejects.toMatchObject({ code: 'POSTGRES_SLOT_BUSY', kind: 'busy' });
    const patient = { ...setup, slotMaxRetries: 50 };
    const second = open(patient, from);
    await sleep(300);
    await first.close();
    await second;
    await sql(`insert into ${table} values (1, 'a')`);
    expect(await idsUntil(await second, 1)).toEqual([1]);
  });

  test('a slot whose WAL was removed is named as lost', async () => {
    await server().restart('fast', { max_slot_wal_keep_size: '1MB', min_wal_size: '32MB', max_wal_size: '32MB' });
    try {
      const { setup, from } = await fixture();
      for (let i = 0; i < 6; i++) {
        await sql(
          `create table if not exists filler (v text); insert into filler select repeat('x', 1000) from generate_series(1, 20000); select pg_switch_wal(); checkpoint`,
        );
      }
      const error: Error = await openStream(setup, from).then(
        () => new Error('opened'),
        (e: Error) => e,
      );
      expect(error).toMatchObject({ code: 'POSTGRES_SLOT_LOST', kind: 'position' });
      expect(error.message).toMatch(/wal_removed|WAL was removed/);
    } finally {
      await server().restart('fast');
    }
  });
});

describe('the loop and the socket', () => {
  test('a loop that is blocked when the stream starts loses nothing', async () => {
    const { setup, from, table } = await fixture();
    await sql(`insert into ${table} select n, 'x' from generate_series(1, 500) n`);
    for (let i = 0; i < 10; i++) {
      const opening = openStream(setup, from);
      for (let j = 0; j < 6; j++) {
        const until = performance.now() + 60;
        while (performance.now() < until);
        await new Promise((resolve) => setImmediate(resolve));
      }
      const stream = await opening;
      expect(await idsUntil(stream, 500)).toEqual(count(1, 500));
      await stream.close();
    }
  });

  test('a runner that does not read for many wal_sender_timeouts keeps its session and its memory flat', async () => {
    await server().restart('fast', { wal_sender_timeout: '2s' });
    const { setup, from, table } = await fixture();
    const stream = await open(setup, from);
    try {
      await sql(`insert into ${table} select n, repeat('x', 4000) from generate_series(1, 20000) n`);
      const [first] = await sql('select pid from pg_stat_replication');
      const before = process.memoryUsage().arrayBuffers;
      await sleep(7000);
      const [now] = await sql('select pid from pg_stat_replication');
      expect(now?.['pid']).toBe(first?.['pid']);
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40 << 20);
      expect(await idsUntil(stream, 20000)).toEqual(count(1, 20000));
      expect([...stream.warnings.values()].filter((text) => text !== null)).toEqual([]);
    } finally {
      await stream.close();
      await server().restart('fast');
    }
  });

  test('batches that were read are not committed by a restart: they come again', async () => {
    const { setup, from, table } = await fixture();
    const stream = await open(setup, from);
    await sql(`insert into ${table} values (1, 'a'), (2, 'b')`);
    const batch = await stream.stream.read(AbortSignal.timeout(20_000));
    const position = positionOf(batch);
    await stream.close();
    const again = await open(setup, from);
    expect(await idsUntil(again, 2)).toEqual([1, 2]);
    again.stream.committed(position);
    await again.close();
    await sql(`insert into ${table} values (3, 'c')`);
    const next = await open(setup, { ...from, place: position });
    expect(await idsUntil(next, 3)).toEqual([3]);
  });
});
