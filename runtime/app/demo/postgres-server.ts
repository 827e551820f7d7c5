import { spawn, type ChildProcess } from 'node:child_process';
import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { MillraceError } from '../../record/error.ts';
import { findPostgres, postgresPackage, type PostgresBinaries } from './postgres-binaries.ts';

export interface PostgresOptions {
  /** Package with the binaries; by default Postgres 18 for this platform. */
  readonly packageName?: string;
  /** `-c name=value` settings beside those that logical decoding needs. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Lines put before the default `pg_hba.conf`. */
  readonly hba?: readonly string[];
  /** Folder for the data; by default a new temporary one, removed at stop. */
  readonly directory?: string;
}

export interface PostgresServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly url: string;
  /** Folder of the Unix socket. */
  readonly socketDirectory: string;
  readonly dataDirectory: string;
  /** The postmaster's pid. */
  readonly pid: number;
  /** Runs statements on a connection of their own; all values as text, rows of the last statement. */
  sql(text: string, values?: readonly unknown[]): Promise<Record<string, string | null>[]>;
  /** `immediate` is a crash: no checkpoint, recovery at the next start. */
  restart(mode?: 'fast' | 'immediate', settings?: Readonly<Record<string, string | number>>): Promise<void>;
  /** Stops the server and removes a temporary data folder. Idempotent. */
  stop(): Promise<void>;
}

/** Root may not run Postgres: then it runs as `nobody`. */
const RUN_AS = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
const LOGICAL = { wal_level: 'logical', max_wal_senders: 20, max_replication_slots: 20, fsync: 'off' };
const SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const;

/** Starts a real Postgres with `wal_level=logical` on a free port of the loopback interface, user `postgres` without a password. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const binaries = await findPostgres(options.packageName ?? postgresPackage(), import.meta.url);
  const home = options.directory ?? (await mkdtemp(join(tmpdir(), 'mr-pg-')));
  await ownFolder(home);
  const dataDirectory = join(home, 'data');
  await ownFolder(dataDirectory);
  await initialise(binaries, home, dataDirectory);
  if (options.hba !== undefined) await prependHba(dataDirectory, options.hba);
  const port = await freePort();
  let settings = { ...options.settings };
  let child = await launch(binaries, home, dataDirectory, port, settings);
  let stopped = false;

  const connect = (): Promise<pg.Client> => connectTo(port);
  await untilReady(child, connect);

  return {
    host: '127.0.0.1',
    port,
    user: 'postgres',
    database: 'postgres',
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    socketDirectory: home,
    dataDirectory,
    get pid() {
      return child.pid ?? -1;
    },
    sql: (text, values) => queryTexts(port, text, values),
    async restart(mode = 'fast', changed = {}) {
      await end(child, SIGNALS[mode]);
      settings = { ...settings, ...changed };
      child = await launch(binaries, home, dataDirectory, port, settings);
      await untilReady(child, connect);
    },
    async stop() {
      if (stopped) return;
      stopped = true;
      await end(child, 'SIGINT');
      if (options.directory === undefined) await rm(home, { recursive: true, force: true });
    },
  };
}

async function connectTo(port: number): Promise<pg.Client> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Rows of the last statement, each cell as the server's text. */
async function queryTexts(
  port: number,
  text: string,
  values: readonly unknown[] | undefined,
): Promise<Record<string, string | null>[]> {
  const client = await connectTo(port);
  try {
    const types = { getTypeParser: () => (value: unknown) => value };
    const query = { text, types, ...(values === undefined ? {} : { values: [...values] }) };
    const result = (await client.query(query)) as unknown as pg.QueryResult | pg.QueryResult[];
    const last = Array.isArray(result) ? result.at(-1) : result;
    return (last?.rows ?? []) as Record<string, string | null>[];
  } finally {
    await client.end();
  }
}

async function ownFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (RUN_AS.uid !== undefined) await chown(path, RUN_AS.uid, RUN_AS.gid);
}

async function initialise(binaries: PostgresBinaries, home: string, data: string): Promise<void> {
  const args = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  const child = spawn(binaries.initdb, args, {
    ...RUN_AS,
    env: environment(home),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const problem = collect(child);
  const code = await new Promise<number | null>((resolve, reject) => child.on('exit', resolve).on('error', reject));
  if (code !== 0) throw failed('initdb', problem());
}

async function prependHba(data: string, lines: readonly string[]): Promise<void> {
  const path = join(data, 'pg_hba.conf');
  const rest =
    'local all all trust\nhost all all 127.0.0.1/32 trust\nlocal replication all trust\nhost replication all 127.0.0.1/32 trust\n';
  await writeFile(path, `${lines.join('\n')}\n${rest}`);
}

async function launch(
  binaries: PostgresBinaries,
  home: string,
  data: string,
  port: number,
  settings: Readonly<Record<string, string | number>>,
): Promise<ChildProcess> {
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: home, ...LOGICAL, ...settings };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const args = ['-D', data, '-p', String(port), ...flags];
  // In a process group of its own: Ctrl-C is for us, and we stop the server when we have drained.
  const child = spawn(binaries.postgres, args, {
    ...RUN_AS,
    detached: true,
    env: environment(home),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  collect(child);
  process.once('exit', () => child.kill('SIGQUIT'));
  return new Promise((resolve, reject) => child.once('spawn', () => resolve(child)).once('error', reject));
}

function environment(home: string): NodeJS.ProcessEnv {
  return { HOME: home, LC_ALL: 'C', TZ: 'UTC', PATH: process.env['PATH'] };
}

/** Keeps the last lines a child wrote to stderr. */
function collect(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-2000);
  });
  lastWords.set(child, () => text);
  return () => text;
}

const lastWords = new WeakMap<ChildProcess, () => string>();

async function untilReady(child: ChildProcess, connect: () => Promise<pg.Client>): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw failed('postgres', lastWords.get(child)?.() ?? '');
    try {
      const client = await connect();
      await client.query('select 1');
      await client.end();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw failed('postgres', String(error));
      await sleep(25);
    }
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.kill(signal);
  });
}

function failed(program: string, words: string): MillraceError {
  return new MillraceError('DEMO_POSTGRES_START', `${program} did not start: ${words.trim()}`, {
    kind: 'unavailable',
    remedy: 'Look at the message of the server; pass --url to use a Postgres of your own.',
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
