/**
 * The initial snapshot of a table through a worker process into the embedded hub, beside a binary
 * COPY of the table to nowhere.
 *
 *     npm run build && node test/bench/snapshot.ts [rows] [tcp|unix] [threads]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../services/postgres.ts';
import { BENCH_SETTINGS, load, NARROW_ROW, NARROW_TABLE } from './postgres-load.ts';
import { ProcessMeter } from './process-meter.ts';
import { benchConfig, startBenchWorker, untilReadable } from './worker-run.ts';

const [rows = '1000000', transport = 'tcp', threads = '1'] = process.argv.slice(2);
const count = Number(rows);
const server = await startPostgres({ settings: BENCH_SETTINGS });
const folder = mkdtempSync(join(tmpdir(), 'mr-bench-'));
try {
  await server.sql(NARROW_TABLE);
  await load(server, NARROW_ROW, count, 10_000);
  await server.sql('vacuum analyze bench');
  const host = transport === 'unix' ? server.socketDirectory : server.host;
  const begun = performance.now();
  const copy = ['-h', host, '-p', String(server.port), '-U', 'postgres', '-d', 'postgres', '-qAt'];
  spawnSync('psql', [...copy, '-c', 'copy bench to stdout (format binary)'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const peerSeconds = (performance.now() - begun) / 1000;
  const over = transport === 'unix' ? 'unix' : 'tcp';
  const worker = startBenchWorker(folder, benchConfig(server, over, { 'snapshot.max.threads': threads }));
  const meter = new ProcessMeter(worker.pid);
  const seconds = await untilReadable(folder, count);
  const figures = meter.stop();
  await worker.stop();
  console.log(
    JSON.stringify({
      rows: count,
      transport,
      threads: Number(threads),
      rowsPerSecond: Math.round(count / seconds),
      copyToNowherePerSecond: Math.round(count / peerSeconds),
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
