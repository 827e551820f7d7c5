/**
 * From the COMMIT's answer to the record in a reader's hands, in another process than the worker, at
 * a steady rate of one-row transactions and default settings. Neither latency nor CPU of the first
 * five seconds counts: code is compiled in them.
 *
 *     npm run build && node test/bench/latency.ts [seconds] [transactions per second]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { realEnv } from '../../runtime/env/real.ts';
import { records } from '../../runtime/hub/batch/record-cursor.ts';
import { openHubForReading } from '../../runtime/hub/embedded/open.ts';
import { startPostgres } from '../services/postgres.ts';
import { cpuSeconds } from './process-meter.ts';
import { BENCH_TOPIC, benchConfig, startBenchWorker, untilReadable, untilSlotActive } from './worker-run.ts';

const [seconds = '20', rate = '1000'] = process.argv.slice(2);
const WARM_SECONDS = 5;
const perSecond = Number(rate);
const warm = WARM_SECONDS * perSecond;
const total = warm + Number(seconds) * perSecond;
const committed = new Float64Array(total + 1);
const latencies: number[] = [];
let cpuWhenWarm = 0;

/** Reads on until every transaction was seen. */
async function follow(folder: string): Promise<void> {
  let seen = 0;
  const hub = await openHubForReading({ path: join(folder, 'hub'), env: realEnv });
  const reader = await hub.reader({ isolation: 'read_committed' });
  reader.assign([{ topic: BENCH_TOPIC, partition: 0, offset: 1n }]);
  const { signal } = new AbortController();
  while (seen < total) {
    const batches = await reader.read(1000, signal);
    const now = performance.now();
    for (const { bytes } of batches) {
      for (const record of records(bytes)) {
        const { id } = JSON.parse(record.key()?.toString() ?? '{}') as { id: number };
        const at = committed[id] ?? 0;
        seen++;
        if (id <= warm) continue;
        // Read before the writer heard its COMMIT's answer: no time has passed.
        latencies.push(at === 0 ? 0 : now - at);
      }
    }
  }
  await hub.close();
}

async function write(url: string, pid: number): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const begun = performance.now();
  for (let id = 1; id <= total; id++) {
    const due = begun + (id * 1000) / perSecond;
    while (performance.now() < due) await sleep(due - performance.now() > 2 ? 1 : 0);
    await client.query({
      name: 'insert',
      text: 'insert into bench values ($1, $2)',
      values: [id, 'a note of some length'],
    });
    committed[id] = performance.now();
    if (id === warm) cpuWhenWarm = cpuSeconds(pid);
  }
  await client.end();
}

const server = await startPostgres();
const folder = mkdtempSync(join(tmpdir(), 'mr-bench-'));
try {
  await server.sql('create table bench (id int primary key, note text not null)');
  const worker = startBenchWorker(folder, benchConfig(server, 'tcp', { 'snapshot.mode': 'no_data' }));
  await untilSlotActive(server);
  await server.sql(`insert into bench values (0, 'first')`);
  await untilReadable(folder, 1);
  await sleep(1000);
  await Promise.all([follow(folder), write(server.url, worker.pid)]);
  const cpu = cpuSeconds(worker.pid) - cpuWhenWarm;
  await worker.stop();
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => Number((latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(2));
  console.log(
    JSON.stringify({
      transactions: latencies.length,
      perSecond,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      p999Ms: at(0.999),
      maxMs: at(0.99999),
      workerCpuSecondsPerMinute: Number(((cpu / Number(seconds)) * 60).toFixed(2)),
    }),
  );
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
