/**
 * The whole path of a source task on a real server: a backlog in a slot → Postgres connector → source
 * runner → embedded hub in a thread of its own, `acks=all`, JSON without schemas, schema header on.
 *
 *     node test/bench/task-postgres.ts [rows=500000] [rows-per-transaction=100] [delivery=at-least-once] [tcp|unix]
 */
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { Worker, type MessagePort } from 'node:worker_threads';
import { postgresConnector } from '../../connectors/postgres/connector.ts';
import { realEnv as env } from '../../runtime/env/real.ts';
import { connectHub } from '../../runtime/hub/embedded/open.ts';
import type { TaskHandle } from '../../runtime/task/host.ts';
import { LocalTaskHost } from '../../runtime/task/local-host.ts';
import { startPostgres } from '../services/postgres.ts';
import { BENCH_SETTINGS, load, NARROW_ROW, NARROW_TABLE } from './postgres-load.ts';
import { until } from '../until.ts';

const rows = Number(process.argv[2] ?? 500_000);
const perTransaction = Number(process.argv[3] ?? 100);
const delivery = process.argv[4] ?? 'at-least-once';
const transport = process.argv[5] ?? 'unix';
/** Longer than any run. */
const LIMIT_MS = 3_600_000;

const pg = await startPostgres({ settings: BENCH_SETTINGS });
const path = `${tmpdir()}/millrace-bench-pg-${process.pid}`;
const worker = new Worker(new URL('./hub-thread.ts', import.meta.url), { workerData: { path } });
const [port] = (await once(worker, 'message')) as [MessagePort];
const hub = await connectHub(port, { path, env });
const say = (message: string): void => void process.stderr.write(`${message}\n`);
const host = new LocalTaskHost({
  env,
  hub,
  connector: () => Promise.resolve(postgresConnector),
  log: () => ({ debug: () => undefined, info: () => undefined, warn: say, error: say }),
});
const config = {
  name: 'bench',
  'connector.class': 'postgres',
  'database.hostname': transport === 'unix' ? pg.socketDirectory : pg.host,
  'database.port': String(pg.port),
  'database.user': pg.user,
  'database.password': '',
  'database.dbname': pg.database,
  'topic.prefix': 'bench',
  'plugin.name': 'pgoutput',
  'slot.name': 'bench',
  'publication.name': 'bench',
  'publication.autocreate.mode': 'filtered',
  'table.include.list': 'public.bench',
  'snapshot.mode': 'no_data',
  'millrace.delivery': delivery,
};

function start(): TaskHandle {
  const spec = { connector: 'bench', task: 0, epoch: 0, className: 'postgres', config, worker: {}, paused: false };
  return host.start(spec, ({ failure }) => failure === undefined || say(failure.trace));
}

try {
  await pg.sql(NARROW_TABLE);
  const before = start();
  await until(() => before.view().stage === 'streaming', LIMIT_MS);
  await before.stop(5000);
  await load(pg, NARROW_ROW, rows, perTransaction);
  const cpu = process.cpuUsage();
  const started = performance.now();
  const task = start();
  await until(() => task.view().state === 'FAILED' || task.view().records >= rows, LIMIT_MS);
  await task.stop(30_000);
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const { records, bytes } = task.view();
  console.log(
    JSON.stringify({
      transport,
      delivery,
      rows: records,
      perTransaction,
      rowsPerSecond: Math.round(records / seconds),
      bytesPerRow: Math.round(bytes / records),
      cpuSecondsPerMillion: Number(((user + system) / records).toFixed(2)),
      rssMib: Math.round(process.memoryUsage.rss() / 2 ** 20),
    }),
  );
} finally {
  await host.close();
  await hub.close();
  worker.postMessage('close', []);
  await once(worker, 'exit');
  await rm(path, { recursive: true, force: true });
  await pg.stop();
}
