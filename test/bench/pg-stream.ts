/**
 * Streams a backlog of 208-byte rows from a slot to nowhere: socket → pgoutput → row blocks.
 *
 *     node test/bench/pg-stream.ts [rows=1000000] [rows-per-transaction=100] [tcp|unix|both]
 *
 * Prints rows/s and the CPU seconds this process needs for a million rows; beside it what
 * pg_recvlogical does to nowhere on the same transport, where it is installed.
 */
import { spawnSync } from 'node:child_process';
import { startPostgres } from '../services/postgres.ts';
import { RowBlock } from '../../runtime/record/row-block.ts';
import { createStream, openStream, positionOf, type Server } from '../integration/postgres/stream-harness.ts';

const rows = Number(process.argv[2] ?? 1_000_000);
const perTransaction = Number(process.argv[3] ?? 100);
const transports = process.argv[4] ?? 'both';

/** pg_recvlogical over the same backlog. */
function reference(slot: string, host: string): void {
  const args = ['-d', pg.database, '-h', host, '-p', String(pg.port), '-U', pg.user, '-S', slot, '--start', '-n'];
  const plugin = ['-o', 'proto_version=1', '-o', 'publication_names=p', '-f', '/dev/null', '--endpos', endLsn];
  const started = performance.now();
  const done = spawnSync('pg_recvlogical', [...args, ...plugin], { timeout: 120_000 });
  if (done.error !== undefined || done.status !== 0) return;
  const seconds = (performance.now() - started) / 1000;
  console.log(`     pg_recvlogical: ${Math.round(rows / seconds)} rows/s`);
}

let endLsn = '0/0';
const pg = await startPostgres({ settings: { shared_buffers: '512MB', max_wal_size: '4GB' } });
try {
  await pg.sql(
    'create table t (id bigint primary key, a int, b bigint, c text, d timestamptz, e numeric(12,2), f text)',
  );
  await pg.sql('create publication p for table t');
  for (const [name, host] of [
    ['tcp', pg.host],
    ['unix', pg.socketDirectory],
  ] as const) {
    if (transports !== 'both' && transports !== name) continue;
    const server: Server = { host, port: pg.port, user: pg.user, database: pg.database };
    const setup = { server, slot: `bench_${name}`, publication: 'p' };
    await pg.sql('truncate t');
    const from = await createStream(setup);
    await pg.sql(`do $$ begin
      for i in 0..${Math.ceil(rows / perTransaction) - 1} loop
        insert into t select n, n % 1000, n::bigint * 7919, repeat('x', 60), now(), (n % 100000) / 100.0, repeat('y', 60)
          from generate_series(i * ${perTransaction}, (i + 1) * ${perTransaction} - 1) n;
        commit;
      end loop; end $$`);
    endLsn = (await pg.sql('select pg_current_wal_lsn() as lsn'))[0]?.['lsn'] ?? '0/0';
    const opened = await openStream(setup, from);
    const signal = new AbortController().signal;
    const cpu = process.cpuUsage();
    const started = performance.now();
    let seen = 0;
    let batches = 0;
    while (seen < rows) {
      const batch = await opened.stream.read(signal);
      if (batch.records instanceof RowBlock) seen += batch.records.count;
      batches++;
      positionOf(batch);
      batch.release?.();
    }
    const seconds = (performance.now() - started) / 1000;
    const used = process.cpuUsage(cpu);
    const cpuSeconds = (used.user + used.system) / 1e6;
    console.log(
      `${name}: ${seen} rows in ${seconds.toFixed(2)} s = ${Math.round(seen / seconds)} rows/s, ` +
        `${((cpuSeconds / seen) * 1e6).toFixed(2)} CPU-s per million (user ${(used.user / seen).toFixed(2)}), ` +
        `${batches} batches, RSS ${Math.round(process.memoryUsage.rss() / 1e6)} MB`,
    );
    await opened.close();
    reference(setup.slot, host);
  }
} finally {
  await pg.stop();
}
