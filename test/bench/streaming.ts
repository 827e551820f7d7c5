/**
 * Streaming a backlog of a slot into the embedded hub (acks=all, JSON without schemas, schema header
 * on) by a worker process, beside `pg_recvlogical` draining the same backlog to nowhere.
 *
 *     npm run build && node test/bench/streaming.ts [rows] [tcp|unix] [narrow|wide] [rows per transaction] [delivery]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { realEnv } from '../../runtime/env/real.ts';
import { openHubForReading } from '../../runtime/hub/embedded/open.ts';
import { startPostgres, type PostgresServer } from '../services/postgres.ts';
import { drainWithRecvlogical } from './peer-recvlogical.ts';
import { BENCH_SETTINGS, load, NARROW_ROW, NARROW_TABLE, walPosition, WIDE_ROW, WIDE_TABLE } from './postgres-load.ts';
import { ProcessMeter, type ProcessFigures } from './process-meter.ts';

const MAIN = fileURLToPath(new URL('../../dist/runtime/cli/main.js', import.meta.url));
const TOPIC = 'bench.public.bench';
const POLL_MS = 50;

const [rows = '1000000', transport = 'tcp', shape = 'narrow', perTransaction = '100', delivery = 'at-least-once'] =
  process.argv.slice(2);
const count = Number(rows);

function config(server: PostgresServer): Record<string, string> {
  return {
    'connector.class': 'postgres',
    'database.hostname': transport === 'unix' ? server.socketDirectory : server.host,
    'database.port': String(server.port),
    'database.user': 'postgres',
    'database.password': '',
    'database.dbname': 'postgres',
    'topic.prefix': 'bench',
    'plugin.name': 'pgoutput',
    'slot.name': 'bench',
    'publication.name': 'bench',
    'publication.autocreate.mode': 'filtered',
    'table.include.list': 'public.bench',
    'snapshot.mode': 'no_data',
    'millrace.delivery': delivery,
  };
}

function startWorker(folder: string, server: PostgresServer) {
  const connector = join(folder, 'bench.json');
  writeFileSync(connector, JSON.stringify({ name: 'bench', config: config(server) }));
  const settings = join(folder, 'worker.json');
  writeFileSync(
    settings,
    JSON.stringify({ 'millrace.hub.path': join(folder, 'hub'), listeners: 'http://127.0.0.1:0' }),
  );
  const child = spawn(process.execPath, [MAIN, 'worker', settings, connector, '--json'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return {
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function untilSlot(server: PostgresServer): Promise<void> {
  while ((await server.sql(`select 1 from pg_replication_slots where slot_name = 'bench' and active`)).length === 0) {
    await sleep(POLL_MS);
  }
}

/** Seconds from the first readable record to the last. */
async function untilRead(folder: string): Promise<number> {
  const hub = await openHubForReading({ path: join(folder, 'hub'), env: realEnv });
  const of = { topic: TOPIC, partition: 0 };
  const end = async (): Promise<number> =>
    (await hub.admin.describe(TOPIC)) === null ? 0 : Number((await hub.admin.offsets(of, 'read_committed')).latest);
  try {
    while ((await end()) === 0) await sleep(POLL_MS);
    const first = await end();
    const begun = performance.now();
    while ((await end()) < count) await sleep(POLL_MS);
    return ((performance.now() - begun) / 1000) * (count / (count - first));
  } finally {
    await hub.close();
  }
}

async function measureWorker(server: PostgresServer, folder: string): Promise<ProcessFigures & { seconds: number }> {
  const worker = startWorker(folder, server);
  const meter = new ProcessMeter(worker.pid);
  const seconds = await untilRead(folder);
  const figures = meter.stop();
  await worker.stop();
  return { ...figures, seconds };
}

const server = await startPostgres({ settings: BENCH_SETTINGS });
const folder = mkdtempSync(join(tmpdir(), 'mr-bench-'));
try {
  await server.sql(shape === 'wide' ? WIDE_TABLE : NARROW_TABLE);
  const first = startWorker(folder, server);
  await untilSlot(server);
  await sleep(500);
  await first.stop();
  await server.sql(`select pg_create_logical_replication_slot('peer', 'pgoutput')`);
  await load(server, shape === 'wide' ? WIDE_ROW : NARROW_ROW, count, Number(perTransaction));
  const endLsn = await walPosition(server);
  const host = transport === 'unix' ? server.socketDirectory : server.host;
  const peerSeconds = await drainWithRecvlogical(host, server.port, 'peer', 'bench', endLsn);
  const ours = await measureWorker(server, folder);
  const perSecond = (seconds: number): number => Math.round(count / seconds);
  console.log(
    JSON.stringify({
      rows: count,
      transport,
      shape,
      perTransaction: Number(perTransaction),
      delivery,
      rowsPerSecond: perSecond(ours.seconds),
      peerRowsPerSecond: perSecond(peerSeconds),
      ratio: Number((peerSeconds / ours.seconds).toFixed(2)),
      cpuSecondsPerMillion: Number(((ours.cpuSeconds / count) * 1e6).toFixed(2)),
      peakAnonymousMib: ours.peakAnonymousMib,
      peakResidentMib: ours.peakResidentMib,
    }),
  );
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
