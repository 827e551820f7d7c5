// Reads a table of 208-byte rows by binary COPY: into row blocks that go nowhere, and, beside it, to nowhere.
//
//     node test/bench/pg-snapshot.ts [--rows 1000000] [--tcp]
import { parseArgs } from 'node:util';
import { openConnection, type Connection, type ConnectionSettings } from '../../connectors/postgres/connection.ts';
import { META_CELLS } from '../../connectors/postgres/row/source-block.ts';
import { CopyRows, type BlockPool } from '../../connectors/postgres/snapshot/copy-rows.ts';
import { CopyOut, CopyStatus, type CopyReader } from '../../connectors/postgres/wire/copy-out.ts';
import { backend } from '../../connectors/postgres/wire/taken-socket.ts';
import { PostgresTask } from '../../connectors/postgres/task.ts';
import { realEnv } from '../../runtime/env/real.ts';
import { RowBlock } from '../../runtime/record/row-block.ts';
import type { RowLayout } from '../../runtime/record/row-layout.ts';
import { startPostgres } from '../services/postgres.ts';

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '1000000' }, tcp: { type: 'boolean', default: false } },
});
const rows = Number(values.rows);
const COLUMNS = 10;
const SQL = 'COPY (SELECT * FROM orders) TO STDOUT (FORMAT binary)';
const META = [
  '1795552431960000',
  'true',
  '[null,"5946285800"]',
  '1142848',
  '5946285800',
  null,
  null,
  null,
  '1795552432161000',
  null,
  null,
  null,
];

/** COPY to nowhere: the frames are found, their bodies are not looked at. */
class Nowhere implements CopyReader {
  readonly #status: CopyStatus;
  #tail: Buffer = Buffer.alloc(0);

  constructor(status: CopyStatus) {
    this.#status = status;
  }

  chunk(bytes: Buffer): boolean {
    const all = this.#tail.length === 0 ? bytes : Buffer.concat([this.#tail, bytes]);
    let at = 0;
    while (at + 5 <= all.length) {
      const end = at + 1 + all.readInt32BE(at + 1);
      if (end > all.length) break;
      if (all[at] !== backend.copyData) this.#status.message(all[at] ?? 0, all, at + 5, end);
      at = end;
    }
    this.#tail = all.subarray(at);
    return true;
  }
}

async function toNowhere(connection: Connection): Promise<number> {
  const status = new CopyStatus();
  await CopyOut.start(connection, 'reading', SQL, new Nowhere(status), status).finished;
  return rows;
}

async function toBlocks(connection: Connection): Promise<number> {
  const layout: RowLayout = { topic: 't', key: null, value: null, headers: [], cells: META_CELLS + COLUMNS };
  const free = [0, 1].map(() => new RowBlock(Buffer.allocUnsafeSlow(1 << 20), 8192, 8192 * layout.cells));
  let count = 0;
  const pool: BlockPool = {
    take: () => free.pop(),
    full: (block) => {
      count += block.count;
      free.push(block);
    },
  };
  const status = new CopyStatus();
  const reader = new CopyRows(
    { layout, meta: () => META, fields: COLUMNS, cells: COLUMNS, blockBytes: 1 << 20 },
    pool,
    status,
  );
  await CopyOut.start(connection, 'reading', SQL, reader, status).finished;
  return count;
}

/** The connector's whole snapshot: plan, chunks, batches, given back at once. */
async function throughTask(readers: number): Promise<number> {
  const task = new PostgresTask({
    name: 'bench',
    'topic.prefix': 'bench',
    'database.hostname': values.tcp ? server.host : server.socketDirectory,
    'database.port': String(server.port),
    'database.user': server.user,
    'database.password': 'none',
    'database.dbname': server.database,
    'slot.name': 'bench',
    'publication.name': 'bench',
    'snapshot.mode': 'initial_only',
    'snapshot.max.threads': String(readers),
  });
  const nothing = (): void => undefined;
  const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
  const context = {
    connector: 'bench',
    task: 0,
    log,
    stage: nothing,
    idle: nothing,
    gauge: nothing,
    info: nothing,
    warning: nothing,
  };
  const { signal } = new AbortController();
  let count = 0;
  try {
    await task.open({ offsets: [], env: realEnv, context, signal });
    for (let batch = await task.read(signal); batch !== null; batch = await task.read(signal)) {
      if (batch.records instanceof RowBlock) count += batch.records.count;
      batch.release?.();
      for (const { partition, position } of batch.progress ?? []) await task.committed(partition, position);
    }
  } finally {
    await task.close();
    await server.sql(`SELECT pg_drop_replication_slot('bench')`);
  }
  return count;
}

async function measure(
  name: string,
  settings: ConnectionSettings,
  read: (connection: Connection) => Promise<number>,
): Promise<number> {
  const connection = await openConnection(settings, realEnv, { unlimited: true });
  const cpu = process.cpuUsage();
  const started = performance.now();
  const count = await read(connection);
  const seconds = (performance.now() - started) / 1000;
  const used = process.cpuUsage(cpu);
  await connection.close();
  if (count !== rows) throw new Error(`${count} rows instead of ${rows}`);
  const perSecond = count / seconds;
  const cpuPerMillion = ((used.user + used.system) / 1e6 / count) * 1e6;
  console.log(
    `${name.padEnd(24)} ${Math.round(perSecond).toLocaleString('en')} rows/s  ${cpuPerMillion.toFixed(2)} CPU-s per million rows`,
  );
  return perSecond;
}

const server = await startPostgres({ settings: { shared_buffers: '512MB' } });
try {
  await server.sql(`CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint, product int, quantity int,
    price numeric(12,2), status varchar(20), note text, created timestamptz, updated timestamptz, flag bool)`);
  await server.sql(`INSERT INTO orders SELECT i, i % 5000, i % 300, i % 7, (i % 10000) / 100.0, 'status-' || i % 5,
    repeat(md5(i::text), 3), now(), now(), i % 2 = 0 FROM generate_series(1, ${rows}) AS i`);
  await server.sql('VACUUM ANALYZE orders');
  const settings: ConnectionSettings = {
    host: values.tcp ? server.host : server.socketDirectory,
    port: server.port,
    user: server.user,
    password: '',
    database: server.database,
    sslmode: 'disable',
    tcpKeepAlive: true,
    initialStatements: [],
    queryTimeoutMs: 0,
    connectTimeoutMs: 5000,
    applicationName: 'bench',
  };
  for (let round = 0; round < 3; round++) {
    const nowhere = await measure('binary COPY to nowhere', settings, toNowhere);
    const blocks = await measure('binary COPY to blocks', settings, toBlocks);
    await measure('snapshot, 1 connection', settings, () => throughTask(1));
    await measure('snapshot, 2 connections', settings, () => throughTask(2));
    console.log(`ratio ${(blocks / nowhere).toFixed(2)}`);
  }
} finally {
  await server.stop();
}
