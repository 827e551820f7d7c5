import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { realEnv } from '../../runtime/env/real.ts';
import { openHubForReading } from '../../runtime/hub/embedded/open.ts';
import type { PostgresServer } from '../services/postgres.ts';

const MAIN = fileURLToPath(new URL('../../dist/runtime/cli/main.js', import.meta.url));

/** Topic of the benchmark's only table. */
export const BENCH_TOPIC = 'bench.public.bench';
const POLL_MS = 50;

export type Transport = 'tcp' | 'unix';

/** The source that all benchmarks run; `extra` goes on top. */
export function benchConfig(
  server: PostgresServer,
  transport: Transport,
  extra: Readonly<Record<string, string>> = {},
): Record<string, string> {
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
    ...extra,
  };
}

export interface RunningWorker {
  readonly pid: number;
  stop(): Promise<void>;
}

/** A worker process of the build (`npm run build`) with default settings and one connector. */
export function startBenchWorker(folder: string, config: Readonly<Record<string, string>>): RunningWorker {
  const connector = join(folder, 'bench.json');
  writeFileSync(connector, JSON.stringify({ name: 'bench', config }));
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

export async function untilSlotActive(server: PostgresServer): Promise<void> {
  while ((await server.sql(`select 1 from pg_replication_slots where slot_name = 'bench' and active`)).length === 0) {
    await sleep(POLL_MS);
  }
}

/** Waits for the records; seconds from the first readable one to the last, extrapolated to all. */
export async function untilReadable(folder: string, records: number): Promise<number> {
  const hubFolder = join(folder, 'hub');
  const hub = await openHub(hubFolder);
  const of = { topic: BENCH_TOPIC, partition: 0 };
  const end = async (): Promise<number> =>
    (await hub.admin.describe(BENCH_TOPIC)) === null
      ? 0
      : Number((await hub.admin.offsets(of, 'read_committed')).latest);
  try {
    while ((await end()) === 0) await sleep(POLL_MS);
    const first = await end();
    const begun = performance.now();
    while ((await end()) < records) await sleep(POLL_MS);
    return ((performance.now() - begun) / 1000) * (records / (records - first));
  } finally {
    await hub.close();
  }
}

/** The worker may not have made its hub yet. */
async function openHub(path: string): ReturnType<typeof openHubForReading> {
  for (;;) {
    try {
      return await openHubForReading({ path, env: realEnv });
    } catch {
      await sleep(POLL_MS);
    }
  }
}
