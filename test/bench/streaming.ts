/**
 * Streaming a backlog of a slot into the embedded hub (acks=all, JSON without schemas, schema header
 * on) by a worker process, beside `pg_recvlogical` draining the same backlog to nowhere.
 *
 *     npm run build && node test/bench/streaming.ts [rows] [tcp|unix] [narrow|wide] [rows per transaction] [delivery]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgres } from '../services/postgres.ts';
import { drainWithRecvlogical } from './peer-recvlogical.ts';
import { BENCH_SETTINGS, load, NARROW_ROW, NARROW_TABLE, walPosition, WIDE_ROW, WIDE_TABLE } from './postgres-load.ts';
import { ProcessMeter } from './process-meter.ts';
import { benchConfig, startBenchWorker, untilReadable, untilSlotActive } from './worker-run.ts';

const [rows = '1000000', transport = 'tcp', shape = 'narrow', perTransaction = '100', delivery = 'at-least-once'] =
  process.argv.slice(2);
const count = Number(rows);

const server = await startPostgres({ settings: BENCH_SETTINGS });
const folder = mkdtempSync(join(tmpdir(), 'mr-bench-'));
try {
  await server.sql(shape === 'wide' ? WIDE_TABLE : NARROW_TABLE);
  const over = transport === 'unix' ? 'unix' : 'tcp';
  const config = benchConfig(server, over, { 'snapshot.mode': 'no_data', 'millrace.delivery': delivery });
  const first = startBenchWorker(folder, config);
  await untilSlotActive(server);
  await sleep(500);
  await first.stop();
  await server.sql(`select pg_create_logical_replication_slot('peer', 'pgoutput')`);
  await load(server, shape === 'wide' ? WIDE_ROW : NARROW_ROW, count, Number(perTransaction));
  const endLsn = await walPosition(server);
  const host = transport === 'unix' ? server.socketDirectory : server.host;
  const peerSeconds = await drainWithRecvlogical(host, server.port, 'peer', 'bench', endLsn);
  const worker = startBenchWorker(folder, config);
  const meter = new ProcessMeter(worker.pid);
  const seconds = await untilReadable(folder, count);
  const figures = meter.stop();
  await worker.stop();
  const perSecond = (seconds: number): number => Math.round(count / seconds);
  console.log(
    JSON.stringify({
      rows: count,
      transport,
      shape,
      perTransaction: Number(perTransaction),
      delivery,
      rowsPerSecond: perSecond(seconds),
      peerRowsPerSecond: perSecond(peerSeconds),
      ratio: Number((peerSeconds / seconds).toFixed(2)),
      cpuSecondsPerMillion: Number(((figures.cpuSeconds / count) * 1e6).toFixed(2)),
      peakAnonymousMib: figures.peakAnonymousMib,
      peakResidentMib: figures.peakResidentMib,
    }),
  );
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
