import { afterEach, expect, test } from 'vitest';
import { comparePlaces, type StreamPosition } from '../../../connectors/postgres/offset.ts';
import { StallingProxy } from './stalling-proxy.ts';
import { positionOf, recordsOf, type OpenStream } from './stream-harness.ts';
import { streamServer } from './stream-server.ts';

const { fixture, open, sql } = streamServer();

const count = (to: number): number[] => Array.from({ length: to }, (_, i) => i + 1);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What is read in one go while the catalogue is asked. */
const TRANSACTIONS = 30;
const ROWS = 10;

let proxy: StallingProxy | undefined;
afterEach(() => {
  proxy?.close();
  proxy = undefined;
});

interface Stalled {
  readonly proxy: StallingProxy;
  readonly stream: OpenStream;
  readonly ids: number[];
  readonly positions: StreamPosition[];
  /** Inserts the next rows, in a transaction of their own. */
  readonly insert: () => Promise<void>;
  readonly until: (last: number) => Promise<void>;
  /** The last id. */
  readonly last: () => number;
}

/** A stream through a proxy that has read a little. */
async function stalled(): Promise<Stalled> {
  const { setup, from, table } = await fixture(undefined, {
    slotMaxRetries: 300,
    slotRetryDelayMs: 100,
    statusIntervalMs: 200,
  });
  const before = await StallingProxy.before(setup.server.port);
  proxy = before;
  const stream = await open({ ...setup, server: { ...setup.server, host: '127.0.0.1', port: before.port } }, from);
  const ids: number[] = [];
  const positions: StreamPosition[] = [];
  let last = 0;
  const rows = (): string =>
    `insert into ${table}(id, v) select n, 'x' from generate_series(${last + 1}, ${(last += ROWS)}) n`;
  const until = async (to: number): Promise<void> => {
    while (ids.at(-1) !== to) {
      const batch = await stream.stream.read(AbortSignal.timeout(30_000));
      for (const { key } of recordsOf(batch)) ids.push((key as { id: number }).id);
      positions.push(positionOf(batch));
      batch.release?.();
    }
  };
  await sql(rows());
  await until(last);
  before.holdAll();
  await sql(`begin; ${rows()}; alter table ${table} add column w int default 1; ${rows()}; commit`);
  for (let i = 0; i < TRANSACTIONS; i++) await sql(rows());
  const [here] = await sql('select pg_current_wal_lsn()::text lsn');
  const sent = async (): Promise<boolean> => {
    const [row] = await sql(
      `select sent_lsn >= '${String(here?.['lsn'])}' as sent from pg_stat_replication r join pg_replication_slots s on s.active_pid = r.pid where slot_name = '${setup.slot}'`,
    );
    return String(row?.['sent']).startsWith('t');
  };
  await expect.poll(sent, { timeout: 10_000 }).toBe(true);
  await sleep(100);
  return {
    proxy: before,
    stream,
    ids,
    positions,
    insert: async () => void (await sql(rows())),
    until,
    last: () => last,
  };
}

/** The stream's bytes come, the catalogue is asked and does not answer, the stream is cut. */
async function cutWhileAsking({ proxy: between }: Stalled, less = 0): Promise<void> {
  for (const link of between.those(true)) link.release(less);
  await expect.poll(() => between.those(false).some(({ heldBytes }) => heldBytes > 0), { timeout: 10_000 }).toBe(true);
  const side = between.those(false);
  for (const link of between.those(true)) link.cut();
  await expect.poll(() => between.live.some((link) => !side.includes(link)), { timeout: 10_000 }).toBe(true);
  // The catalogue answers while the next connection is being made.
  for (const link of side) link.release();
  await sleep(200);
}

function expectExact({ ids, positions, last }: Stalled): void {
  expect(ids).toEqual(count(last()));
  for (const [at, position] of positions.entries()) {
    const before = positions[at - 1];
    if (before !== undefined) expect(comparePlaces(before, position)).toBeLessThanOrEqual(0);
    expect(position.commitLsn).toBeGreaterThanOrEqual(position.flushLsn);
    if (position.index > 0) expect(position.last?.lsn).toBeLessThanOrEqual(position.commitLsn);
  }
}

test('a stream that is cut while the catalogue is asked loses and repeats nothing', async () => {
  const run = await stalled();
  const reading = run.until(run.last());
  await cutWhileAsking(run);
  run.proxy.releaseAll();
  await reading;
  await run.insert();
  await run.until(run.last());
  expectExact(run);
});

test('nor does one that is cut inside a transaction, and again while the next connection asks', async () => {
  const run = await stalled();
  const reading = run.until(run.last());
  await cutWhileAsking(run, 600);
  const { proxy: between } = run;
  const started = Promise.withResolvers<void>();
  between.onStart = () => {
    between.holdNew = true;
    for (const link of between.those(false)) link.hold();
    started.resolve();
  };
  between.releaseAll();
  await started.promise;
  await sleep(500);
  const before = between.live;
  for (const link of between.those(true)) link.cut();
  await expect.poll(() => between.live.some((link) => !before.includes(link)), { timeout: 10_000 }).toBe(true);
  await sleep(100);
  between.releaseAll();
  await reading;
  await run.insert();
  await run.until(run.last());
  expectExact(run);
});
