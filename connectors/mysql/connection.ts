import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { Socket } from 'node:net';
import type { Env } from '../../runtime/env/env.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import { logIn } from './wire/login.ts';
import { PacketStream } from './wire/packet-stream.ts';
import type { PayloadReader } from './wire/payload-reader.ts';
import { mysqlError, readFailure, serverError } from './wire/server-error.ts';

export type SslMode = 'disabled' | 'preferred' | 'required' | 'verify_ca' | 'verify_identity';

/** How to reach a server. */
export interface ConnectionSettings {
  /** Name or address, or the path of a Unix socket (begins with `/`). */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly sslMode: SslMode;
  /** Paths of PEM files. */
  readonly sslCa?: string;
  readonly sslCert?: string;
  readonly sslKey?: string;
  readonly connectTimeoutMs: number;
  readonly keepAlive: boolean;
  /** SQL run after connecting, except on the binlog connection. */
  readonly initialStatements: readonly string[];
}

export type TextRow = Readonly<Record<string, string | null>>;

/** Takes the rows of a result as raw cells; see {@link Connection.rows}. */
export interface RowSink {
  /** Names of the result's columns. */
  columns(names: readonly string[]): void;
  /** Wait for {@link room} before the next row. */
  readonly full: boolean;
  /** One row: text cells, each with its length before it. */
  row(packet: PayloadReader): void;
  room(): Promise<void>;
}

const QUERY = 3;
const QUIT = 1;
const FAILURE = 0xff;
const END = 0xfe;
const LOCAL_INFILE = 0xfb;

/** One connection that speaks the text protocol; values stay the server's text (D13). */
export class Connection {
  readonly stream: PacketStream;
  /** As the server says it: `8.0.31`, `10.11.19-MariaDB-log`. */
  readonly version: string;
  readonly id: number;
  readonly #never = new AbortController().signal;
  #closed = false;

  constructor(stream: PacketStream, version: string, id: number) {
    this.stream = stream;
    this.version = version;
    this.id = id;
  }

  get mariadb(): boolean {
    return /mariadb/i.test(this.version);
  }

  get broken(): boolean {
    return this.#closed || this.stream.failure !== undefined;
  }

  /** `doing` names the work in errors: "reading the tables". */
  async query(doing: string, sql: string, signal: AbortSignal = this.#never): Promise<TextRow[]> {
    const rows: TextRow[] = [];
    let names: readonly string[] = [];
    const sink: RowSink = {
      columns: (found) => {
        names = found;
      },
      row: (packet) => {
        const row: Record<string, string | null> = Object.create(null) as Record<string, string | null>;
        for (const name of names) {
          const length = packet.lengthEncoded();
          row[name] = length < 0 ? null : packet.text(length);
        }
        rows.push(row);
      },
      full: false,
      room: () => Promise.resolve(),
    };
    await this.rows(doing, sql, sink, signal);
    return rows;
  }

  async one(doing: string, sql: string): Promise<TextRow | undefined> {
    return (await this.query(doing, sql))[0];
  }

  /** Runs one statement and hands its rows to `sink` as they come. An aborted call leaves the connection unusable. */
  async rows(doing: string, sql: string, sink: RowSink, signal: AbortSignal): Promise<void> {
    try {
      this.stream.command(Buffer.concat([Buffer.from([QUERY]), Buffer.from(sql, 'utf8')]));
      await this.#result(doing, sink, signal);
    } catch (error) {
      if (signal.aborted) this.destroy();
      throw mysqlError(doing, error);
    }
  }

  async #result(doing: string, sink: RowSink, signal: AbortSignal): Promise<void> {
    const first = await this.stream.packet(signal);
    const kind = first.bytes[first.at];
    if (kind === FAILURE) throw failed(doing, first);
    if (kind === 0) return;
    if (kind === LOCAL_INFILE) {
      // Whoever answers as the server must not get our files.
      this.destroy();
      throw new MillraceError('MYSQL_PROTOCOL', `${doing}: the server asked for a file of ours`, { kind: 'corrupt' });
    }
    const count = first.lengthEncoded();
    const names: string[] = [];
    for (let i = 0; i < count; i++) names.push(columnName(await this.stream.packet(signal)));
    await this.stream.packet(signal);
    sink.columns(names);
    for (;;) {
      const packet = await this.stream.packet(signal);
      const mark = packet.bytes[packet.at];
      if (mark === FAILURE) throw failed(doing, packet);
      if (mark === END && packet.left < 9) return;
      if (sink.full) await sink.room();
      sink.row(packet);
    }
  }

  /** Idempotent; never throws. */
  close(): Promise<void> {
    if (!this.#closed && this.stream.failure === undefined) this.stream.command(Buffer.from([QUIT]));
    this.destroy();
    return Promise.resolve();
  }

  destroy(): void {
    this.#closed = true;
    this.stream.destroy();
  }
}

function failed(doing: string, packet: PayloadReader): MillraceError {
  packet.skip(1);
  return serverError(doing, readFailure(packet));
}

/** Column definition: catalog, schema, table, original table, name, … */
function columnName(packet: PayloadReader): string {
  for (let i = 0; i < 4; i++) packet.lengthText();
  return packet.lengthText();
}

export interface OpenOptions {
  /** Without the initial statements: the connection will send the binlog. */
  readonly plain?: boolean;
}

/** Opens a connection with UTF-8, UTC and a strict reading of what is asked. */
export async function openConnection(
  settings: ConnectionSettings,
  env: Env,
  options: OpenOptions = {},
): Promise<Connection> {
  const doing = `connecting to ${settings.host}:${settings.port}`;
  const limit = new AbortController();
  const timer = env.timers.after(settings.connectTimeoutMs, () => limit.abort(timeout(doing, settings)));
  let stream: PacketStream | undefined;
  try {
    const socket = await connected(settings, env, limit.signal);
    stream = new PacketStream(socket);
    const tls = await tlsOptions(settings, env);
    const login = {
      user: settings.user,
      password: settings.password,
      tls,
      tlsRequired: settings.sslMode !== 'preferred',
      random: (count: number) => env.random.bytes(count),
    };
    const greeting = await logIn(stream, login, doing, limit.signal);
    // MariaDB says 5.5.5- before its version, for old clients' sake.
    const connection = new Connection(stream, greeting.version.replace(/^5\.5\.5-/, ''), greeting.connectionId);
    await connection.query(doing, 'SET NAMES utf8mb4', limit.signal);
    await connection.query(doing, "SET time_zone = '+00:00', sql_mode = ''", limit.signal);
    if (options.plain !== true) {
      for (const statement of settings.initialStatements) await connection.query(doing, statement, limit.signal);
    }
    return connection;
  } catch (error) {
    stream?.destroy();
    throw mysqlError(doing, error);
  } finally {
    timer.cancel();
  }
}

async function connected(settings: ConnectionSettings, env: Env, signal: AbortSignal): Promise<Socket> {
  const socket = env.net.socket();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  socket.once('connect', resolve).once('error', reject);
  if (settings.host.startsWith('/')) socket.connect({ path: settings.host });
  else socket.connect({ host: settings.host, port: settings.port });
  try {
    await promise;
    socket.off('error', reject);
    socket.setNoDelay(true);
    socket.setKeepAlive(settings.keepAlive, 60_000);
    return socket;
  } catch (error) {
    socket.on('error', () => undefined);
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** undefined: in clear. */
async function tlsOptions(settings: ConnectionSettings, env: Env): Promise<TlsOptions | undefined> {
  const { sslMode, sslCa, sslCert, sslKey, host } = settings;
  if (sslMode === 'disabled' || host.startsWith('/')) return undefined;
  const verify = sslMode === 'verify_ca' || sslMode === 'verify_identity';
  return {
    rejectUnauthorized: verify,
    ...(/^[\d.:]+$/.test(host) ? {} : { servername: host }),
    ...(sslMode === 'verify_identity' ? {} : { checkServerIdentity: () => undefined }),
    ...(sslCa === undefined ? {} : { ca: await readPem(env, 'millrace.database.ssl.ca', sslCa) }),
    ...(sslCert === undefined ? {} : { cert: await readPem(env, 'millrace.database.ssl.cert', sslCert) }),
    ...(sslKey === undefined ? {} : { key: await readPem(env, 'millrace.database.ssl.key', sslKey) }),
  };
}

async function readPem(env: Env, key: string, path: string): Promise<Buffer> {
  try {
    return await env.files.readFile(path);
  } catch (cause) {
    throw new MillraceError('MYSQL_TLS_FILE', `reading ${key} ${path} failed`, {
      kind: 'config',
      key,
      remedy: `Set ${key} to a PEM file that the worker can read.`,
      cause,
    });
  }
}

function timeout(doing: string, { connectTimeoutMs }: ConnectionSettings): MillraceError {
  return new MillraceError('MYSQL_UNAVAILABLE', `${doing}: no answer within ${connectTimeoutMs} ms`, {
    kind: 'unavailable',
    key: 'connect.timeout.ms',
  });
}
