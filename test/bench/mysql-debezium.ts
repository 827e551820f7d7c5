/**
 * The same backlog of a binlog, and the same table's snapshot, read into the embedded hub by a worker process, and
 * into a local Kafka by Debezium's MySQL connector; in turn, so many rounds. Beside them a client that counts events
 * only: what the server can send.
 *
 *     npm run build && node test/bench/mysql-debezium.ts [rows=1000000] [rounds=2] [rows-per-transaction=100]
 *
 * Needs Maven and a JDK 17. CPU is that of the worker process, hub and start included, or of Connect's; the broker's apart.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamPlace } from '../../connectors/mysql/offset.ts';
import { currentPlace } from '../../connectors/mysql/snapshot/consistent-point.ts';
import { startDebezium } from '../services/debezium.ts';
import { mysqlOptions, startMysql } from '../services/mysql.ts';
import { measurePeer, topicEnds, TUNED, type PeerRun } from './debezium-run.ts';
import { countEvents } from './mysql-count.ts';
import { ProcessMeter } from './process-meter.ts';
import { startBenchWorker, untilReadable } from './worker-run.ts';

const [rows = 1_000_000, rounds = 2, perTransaction = 100] = process.argv.slice(2).map(Number);
/** sysbench's. */
const TABLE =
  "create table public.bench (id int unsigned not null auto_increment primary key, k int unsigned not null default '0', c char(120) not null default '', pad char(60) not null default '', key k_1 (k))";

const server = await startMysql('mysql-8.0', { settings: ['--innodb-buffer-pool-size=256M'] });
if ('missing' in server) throw new Error(server.missing);
const debezium = await startDebezium({ connectHeapMb: 2048, worker: { 'offset.flush.interval.ms': '5000' } });
const ends = await topicEnds(debezium.broker);
const folder = mkdtempSync(join(tmpdir(), 'mr-bench-'));
const connection = await server.connect();

/** The same for both, but for what only one of them knows. */
const config = (prefix: string, mode: string, more: Readonly<Record<string, string>>): Record<string, string> => ({
  'connector.class': 'io.debezium.connector.mysql.MySqlConnector',
  ...mysqlOptions(server),
  'database.ssl.mode': 'disabled',
  'topic.prefix': prefix,
  'table.include.list': 'public.bench',
  'include.schema.changes': 'false',
  'snapshot.mode': mode,
  ...more,
});

const peerConfig = (prefix: string, mode: string): Record<string, string> =>
  config(prefix, mode, {
    ...TUNED,
    'database.server.id': '184060',
    'schema.history.internal.kafka.topic': `history-${prefix}`,
  });

const show = (what: string, seconds: number, cpuSeconds: number, peakAnonymousMib: number, more: object = {}): void =>
  console.log(
    JSON.stringify({
      what,
      rowsPerSecond: Math.round(rows / seconds),
      cpuSecondsPerMillion: Number(((cpuSeconds / rows) * 1e6).toFixed(2)),
      peakAnonymousMib,
      ...more,
      load: Number((loadavg()[0] ?? 0).toFixed(1)),
    }),
  );

const showPeer = (what: string, { seconds, cpuSeconds, peakAnonymousMib, brokerCpuSeconds }: PeerRun): void =>
  show(what, seconds, cpuSeconds, peakAnonymousMib, {
    brokerCpu: Number(((brokerCpuSeconds / rows) * 1e6).toFixed(2)),
  });

const count = (from: StreamPlace, to: StreamPlace): Promise<number> => countEvents(server, from, to);

const digits = (length: number, n: number): string =>
  String(n * 7919)
    .padStart(11, '0')
    .repeat(20)
    .slice(0, length);

async function load(): Promise<void> {
  for (let from = 1; from <= rows; from += perTransaction) {
    const values = Array.from({ length: Math.min(perTransaction, rows - from + 1) }, (_, i) => {
      const n = from + i;
      return `(${n}, ${n % 50_000}, '${digits(119, n)}', '${digits(59, n + 1)}')`;
    });
    await connection.query('bench', `insert into public.bench values ${values.join(', ')}`);
  }
}

/** A worker whose connector has the place before the backlog; its hub is copied for each round. */
async function ready(): Promise<string> {
  const home = mkdtempSync(join(folder, 'ready-'));
  const worker = startBenchWorker(home, config('bench', 'no_data', {}));
  await sleep(5000);
  await worker.stop();
  return home;
}

async function ours(what: string, home: string, mode: string): Promise<number> {
  const worker = startBenchWorker(home, config('bench', mode, {}));
  const meter = new ProcessMeter(worker.pid);
  const seconds = await untilReadable(home, rows);
  const { cpuSeconds, peakAnonymousMib } = meter.stop();
  await worker.stop();
  rmSync(home, { recursive: true, force: true });
  show(what, seconds, cpuSeconds, peakAnonymousMib);
  return seconds;
}

async function runs(prefix: string): Promise<void> {
  while (!(await debezium.state(prefix)).startsWith('RUNNING')) await sleep(100);
}

async function stream(place: StreamPlace): Promise<void> {
  const start = await ready();
  await debezium.create('dbz', peerConfig('dbz', 'no_data'));
  await runs('dbz');
  await sleep(5000);
  await load();
  const end = await currentPlace(connection);
  const offset = { file: place.file, pos: place.position, gtids: place.gtids };
  for (let round = 0; round < rounds; round++) {
    const home = join(folder, `round-${round}`);
    cpSync(start, home, { recursive: true });
    const seconds = await ours('stream: millrace', home, 'no_data');
    const peer = await measurePeer(debezium, ends, 'dbz.public.bench', rows, () =>
      debezium.rewind('dbz', { server: 'dbz' }, offset),
    );
    showPeer('stream: Debezium', peer);
    const begun = performance.now();
    const cpu = process.cpuUsage();
    await count(place, end);
    const { user, system } = process.cpuUsage(cpu);
    show('stream: counting only', (performance.now() - begun) / 1000, (user + system) / 1e6, 0);
    console.log(JSON.stringify({ ratio: Number((peer.seconds / seconds).toFixed(2)) }));
  }
  await debezium.remove('dbz');
}

async function snapshot(): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const home = mkdtempSync(join(folder, 'snapshot-'));
    const seconds = await ours('snapshot: millrace', home, 'initial');
    const prefix = `snap${round}`;
    const peer = await measurePeer(debezium, ends, `${prefix}.public.bench`, rows, () =>
      debezium.create(prefix, peerConfig(prefix, 'initial')),
    );
    showPeer('snapshot: Debezium', peer);
    await debezium.remove(prefix);
    console.log(JSON.stringify({ ratio: Number((peer.seconds / seconds).toFixed(2)) }));
  }
}

try {
  await connection.query('bench', 'create database public character set latin1');
  await connection.query('bench', TABLE);
  await stream(await currentPlace(connection));
  await snapshot();
} finally {
  await connection.close();
  await ends.close();
  await debezium.stop();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
