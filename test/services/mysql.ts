import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chown, cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openConnection, type Connection, type TextRow } from '../../connectors/mysql/connection.ts';
import { realEnv } from '../../runtime/env/real.ts';
import { freePort } from './free-port.ts';
import { mysqlBinaries, type MysqlBinaries, type MysqlVersion } from './mysql-binaries.ts';
import { tested } from './tested-versions.ts';

export type { MysqlVersion } from './mysql-binaries.ts';

const ALL: readonly MysqlVersion[] = ['mariadb-10.11', 'mariadb-11.8', 'mysql-5.7', 'mysql-8.0', 'mysql-9.7'];
const USUAL: readonly MysqlVersion[] = ['mariadb-10.11', 'mysql-8.0'];
/** Versions that tests run on: one of each family, or all of them with `npm run test:matrix`. */
export const MYSQL_VERSIONS = tested(USUAL, ALL);

/** The same, and MySQL 5.7, whose binlog does not describe its tables. */
export const MYSQL_KINDS = tested([...USUAL, 'mysql-5.7'], ALL);

export interface MysqlOptions {
  /** Further `--name=value` settings. */
  readonly settings?: readonly string[];
  /** Port; by default a free one. */
  readonly port?: number;
}

export interface MysqlServer {
  readonly family: 'mariadb' | 'mysql';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly dataDirectory: string;
  /** Runs statements one after the other on a connection of their own; rows of the last one. */
  sql(...statements: readonly string[]): Promise<TextRow[]>;
  connect(): Promise<Connection>;
  /** `kill` is a crash. */
  restart(how?: 'stop' | 'kill'): Promise<void>;
  /** Another server with a copy of this one's data: what a restored backup is. This one is stopped meanwhile. */
  copy(options?: MysqlOptions): Promise<MysqlServer>;
  /** Stops it and removes its data. Idempotent. */
  stop(): Promise<void>;
}

/** Why there is no server here. */
export interface NoMysqlServer {
  readonly missing: string;
}

/** Root may not run the servers: then they run as `nobody`. */
const RUN_AS = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
const READY_MS = 60_000;
const LEAN = ['--innodb-buffer-pool-size=64M', '--innodb-flush-log-at-trx-commit=0', '--sync-binlog=0'];
const ROW_BINLOG = [
  '--log-bin=binlog',
  '--binlog-format=ROW',
  '--binlog-row-image=FULL',
  // `loose`: 5.7 does not have it.
  '--loose-binlog-row-metadata=FULL',
  '--server-id=1',
];
const FAMILY = {
  mariadb: ['--skip-name-resolve', '--gtid-strict-mode=ON', '--gtid-domain-id=0'],
  mysql: [
    '--loose-mysqlx=OFF',
    '--performance-schema=OFF',
    '--loose-innodb-redo-log-capacity=8M',
    '--innodb-use-native-aio=OFF',
    '--gtid-mode=ON',
    '--enforce-gtid-consistency=ON',
  ],
};

/** A server on a free port of the loopback interface, user `root` without a password. With `CI` set a missing one is an error. */
export async function startMysql(
  version: MysqlVersion,
  options: MysqlOptions = {},
): Promise<MysqlServer | NoMysqlServer> {
  let binaries: MysqlBinaries;
  try {
    binaries = await mysqlBinaries(version);
  } catch (error) {
    const missing = `no ${version} could be found: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`;
    if (process.env['CI'] !== undefined) throw new Error(missing, { cause: error });
    return { missing };
  }
  const home = await newHome();
  await initialise(binaries, home);
  return launch(binaries, home, options);
}

async function newHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'mr-my-'));
  for (const folder of [home, join(home, 'data'), join(home, 'tmp')]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if (RUN_AS.uid !== undefined) await chown(folder, RUN_AS.uid, RUN_AS.gid);
  }
  return home;
}

async function initialise(binaries: MysqlBinaries, home: string): Promise<void> {
  const { family, base, daemon, settings } = binaries;
  const data = `--datadir=${join(home, 'data')}`;
  const script = join(base, 'bin', 'mariadb-install-db');
  if (family === 'mariadb' && daemon.length > 1) return bootstrap(binaries, home, data);
  const command =
    family === 'mariadb'
      ? [
          script,
          '--no-defaults',
          `--basedir=${base}`,
          data,
          '--auth-root-authentication-method=normal',
          '--skip-name-resolve',
          '--skip-test-db',
        ]
      : [...daemon, '--no-defaults', '--initialize-insecure', `--basedir=${base}`, data, ...settings];
  await ended(family, run(binaries, home, command));
}

/** What mariadb-install-db does, where the server needs a loader of its own. */
async function bootstrap(binaries: MysqlBinaries, home: string, data: string): Promise<void> {
  const { base, daemon, settings } = binaries;
  const share = join(base, 'share', 'mariadb');
  const files = [
    'mariadb_system_tables.sql',
    'mariadb_performance_tables.sql',
    'mariadb_system_tables_data.sql',
    'fill_help_tables.sql',
    'maria_add_gis_sp_bootstrap.sql',
    'mariadb_sys_schema.sql',
  ];
  const scripts = await Promise.all(files.map((file) => readFile(join(share, file), 'utf8')));
  const lines = scripts
    .join('\n')
    .split('\n')
    .filter((line) => !line.includes('@current_hostname'));
  const input = ['create database if not exists mysql;', 'use mysql;', 'SET @auth_root_socket=NULL;', ...lines].join(
    '\n',
  );
  const child = run(binaries, home, [
    ...daemon,
    '--no-defaults',
    '--bootstrap',
    `--basedir=${base}`,
    data,
    ...settings,
  ]);
  child.stdin?.end(input);
  await ended('mariadb', child);
}

async function ended(family: string, child: ChildProcess): Promise<void> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stdout?.resume();
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${family} could not be initialised: ${said.slice(-500)}`);
}

function run({ libraries }: MysqlBinaries, home: string, command: readonly string[]): ChildProcess {
  const [program = '', ...args] = command;
  // In one temporary folder the servers that are being initialised remove each other's tables.
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    TMPDIR: join(home, 'tmp'),
    LC_ALL: 'C',
    LD_LIBRARY_PATH: libraries,
  };
  return spawn(program, args, { ...RUN_AS, env, cwd: home, stdio: ['pipe', 'pipe', 'pipe'] });
}

async function launch(binaries: MysqlBinaries, home: string, options: MysqlOptions): Promise<MysqlServer> {
  const { family } = binaries;
  const port = options.port ?? (await freePort());
  const connect = (): Promise<Connection> => openConnection(settings(port), realEnv);
  let child = await boot(binaries, home, port, options, connect);
  let stopped = false;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  const server: MysqlServer = {
    family,
    host: '127.0.0.1',
    port,
    user: 'root',
    dataDirectory: join(home, 'data'),
    connect,
    sql: async (...statements) => {
      const connection = await connect();
      try {
        let rows: TextRow[] = [];
        for (const statement of statements) rows = await connection.query('a test', statement);
        return rows;
      } finally {
        await connection.close();
      }
    },
    restart: async (how = 'stop') => {
      await end(how === 'kill' ? 'SIGKILL' : 'SIGTERM');
      child = await boot(binaries, home, port, options, connect);
    },
    copy: async (others = {}) => {
      await end('SIGTERM');
      const other = await newHome();
      await cp(join(home, 'data'), join(other, 'data'), { recursive: true });
      await rm(join(other, 'data', 'auto.cnf'), { force: true });
      if (RUN_AS.uid !== undefined) await own(join(other, 'data'));
      child = await boot(binaries, home, port, options, connect);
      return launch(binaries, other, others);
    },
    stop: async () => {
      if (stopped) return;
      stopped = true;
      await end('SIGKILL');
      await rm(home, { recursive: true, force: true });
    },
  };
  return server;
}

async function own(folder: string): Promise<void> {
  const child = spawn('chown', ['-R', `${RUN_AS.uid}:${RUN_AS.gid}`, folder]);
  await once(child, 'exit');
}

async function boot(
  binaries: MysqlBinaries,
  home: string,
  port: number,
  options: MysqlOptions,
  connect: () => Promise<Connection>,
): Promise<ChildProcess> {
  const { family, base, daemon, settings: own } = binaries;
  const child = run(binaries, home, [
    ...daemon,
    '--no-defaults',
    `--basedir=${base}`,
    `--datadir=${join(home, 'data')}`,
    `--tmpdir=${join(home, 'tmp')}`,
    `--socket=${join(home, 's')}`,
    `--pid-file=${join(home, 'pid')}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    ...ROW_BINLOG,
    ...LEAN,
    ...FAMILY[family],
    ...own,
    ...(options.settings ?? []),
  ]);
  let said = '';
  child.stdout?.resume();
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4000);
  });
  const deadline = Date.now() + READY_MS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${family} ended: ${said.slice(-800)}`);
    try {
      await (await connect()).close();
      return child;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(50);
    }
  }
}

function settings(port: number): Parameters<typeof openConnection>[0] {
  return {
    host: '127.0.0.1',
    port,
    user: 'root',
    password: '',
    sslMode: 'preferred',
    connectTimeoutMs: 10_000,
    keepAlive: false,
    initialStatements: [],
  };
}

/** The options that lead a connector to a server. */
export function mysqlOptions(server: Pick<MysqlServer, 'host' | 'port' | 'user'>): Record<string, string> {
  return {
    'database.hostname': server.host,
    'database.port': String(server.port),
    'database.user': server.user,
    'database.password': '',
    'database.server.id': '184055',
  };
}

/** A connector's options for the database `app`, with topics of that prefix. */
export function appOptions(server: Pick<MysqlServer, 'host' | 'port' | 'user'>): Record<string, string> {
  return { ...mysqlOptions(server), 'topic.prefix': 'app', 'database.include.list': 'app' };
}
