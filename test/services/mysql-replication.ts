import { setTimeout as sleep } from 'node:timers/promises';
import type { MysqlServer } from './mysql.ts';

// `loose`: each version has the names of its own.
const PARALLEL = [
  '--loose-skip-replica-start',
  '--loose-replica-parallel-workers=4',
  '--loose-replica-preserve-commit-order=OFF',
];
const PARALLEL_57 = [
  '--loose-skip-slave-start',
  '--loose-slave-parallel-workers=4',
  '--loose-slave-parallel-type=LOGICAL_CLOCK',
  '--loose-log-slave-updates=ON',
];

/** Settings of a server that replicates, and whose binlog has what it replicated; `id`: its own. */
export function replicaSettings(family: MysqlServer['family'], id: number): string[] {
  const own = [`--server-id=${id}`];
  return family === 'mariadb'
    ? [...own, '--log-slave-updates=ON', '--slave-parallel-threads=4', '--slave-parallel-max-queued=64M']
    : [...own, ...PARALLEL, ...PARALLEL_57];
}

/** Lets `to` follow `from` by GTID. */
export async function replicate(from: MysqlServer, to: MysqlServer): Promise<void> {
  const at = (word: string): string =>
    `${word}_host = '127.0.0.1', ${word}_port = ${from.port}, ${word}_user = 'root', ${word}_password = ''`;
  if (to.family === 'mariadb') {
    await to.sql(`change master to ${at('master')}, master_use_gtid = slave_pos`, 'start slave');
    return;
  }
  if (await is57(to)) {
    await to.sql(`change master to ${at('master')}, master_auto_position = 1`, 'start slave');
    return;
  }
  await to.sql(
    `change replication source to ${at('source')}, source_auto_position = 1, get_source_public_key = 1`,
    'start replica',
  );
}

/** Resolves when the query gives a row whose first value is not 0. */
export async function appears(server: MysqlServer, query: string): Promise<void> {
  for (let i = 0; i < 600; i++) {
    const [row] = await server.sql(query).catch(() => []);
    if (Number(Object.values(row ?? { none: 0 })[0]) > 0) return;
    await sleep(50);
  }
  throw new Error(`nothing came of ${query}`);
}

/** Ends the replication: the server stands alone. */
export async function promote(server: MysqlServer): Promise<void> {
  await (server.family === 'mariadb' || (await is57(server))
    ? server.sql('stop slave', 'reset slave all')
    : server.sql('stop replica', 'reset replica all'));
}

async function is57(server: MysqlServer): Promise<boolean> {
  const [row] = await server.sql('select version() as v');
  return row?.['v']?.startsWith('5.7') === true;
}
