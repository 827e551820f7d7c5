import { startSearch } from './elasticsearch.ts';
import { startMysql, type MysqlVersion } from './mysql.ts';
import { startPostgres } from './postgres.ts';
import { startS3 } from './s3.ts';

/*
 * Real servers for a developer, until Ctrl-C:
 *
 *     npm run services                      Postgres and S3
 *     npm run services -- mysql opensearch  those
 *     npm run services -- all               all
 */

/** A server that runs: how to reach it. Or why there is none here. */
type Started = { readonly shown: string; stop(): Promise<void> } | { readonly missing: string };

const SERVICES: Readonly<Record<string, () => Promise<Started>>> = {
  postgres,
  s3,
  mysql: () => mysql('mysql-8.0'),
  mariadb: () => mysql('mariadb-10.11'),
  elasticsearch: () => search('elasticsearch'),
  opensearch: () => search('opensearch'),
};
const USUAL = ['postgres', 's3'];

async function postgres(): Promise<Started> {
  const server = await startPostgres();
  return { shown: `${server.url} (18)`, stop: () => server.stop() };
}

async function s3(): Promise<Started> {
  const server = await startS3();
  if ('missing' in server) return server;
  const { url, bucket, accessKey, secretKey, name } = server;
  return {
    shown: `${url} bucket ${bucket}, key ${accessKey}, secret ${secretKey} (${name})`,
    stop: () => server.stop(),
  };
}

async function mysql(version: MysqlVersion): Promise<Started> {
  const server = await startMysql(version);
  if ('missing' in server) return server;
  const { user, host, port } = server;
  return { shown: `mysql://${user}@${host}:${port} (${version}, no password)`, stop: () => server.stop() };
}

async function search(edition: 'elasticsearch' | 'opensearch'): Promise<Started> {
  const server = await startSearch(edition);
  if ('missing' in server) return server;
  return { shown: `${server.url} (${server.name})`, stop: () => server.stop() };
}

/** Names of the command line. Throws for one that is none. */
function chosen(words: readonly string[]): readonly string[] {
  if (words.length === 0) return USUAL;
  if (words.includes('all')) return Object.keys(SERVICES);
  const [wrong] = words.filter((word) => !(word in SERVICES));
  if (wrong === undefined) return [...new Set(words)];
  throw new Error(`there is no service "${wrong}"; there are ${Object.keys(SERVICES).join(', ')} and all`);
}

/** Waits for Ctrl-C; one that comes while servers start counts too. */
const ended = new Promise<void>((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
const running: (() => Promise<void>)[] = [];
try {
  const names = chosen(process.argv.slice(2));
  for (const name of names) {
    const server = await SERVICES[name]?.();
    if (server === undefined) continue;
    console.log(`${name.padEnd(14)}${'missing' in server ? server.missing : server.shown}`);
    if ('stop' in server) running.push(server.stop);
  }
  const others = Object.keys(SERVICES).filter((name) => !names.includes(name));
  if (others.length > 0) console.log(`Others: npm run services -- ${others.join(' ')}`);
  console.log('Ctrl-C stops them.');
  await ended;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
} finally {
  for (const stop of running.toReversed()) await stop();
}
