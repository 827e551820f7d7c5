import type { Socket } from 'node:net';
import pg from 'pg';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { Env } from '../../runtime/env/env.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import type { CatalogReader, TextRow } from './catalog/catalog-reader.ts';
import { errorCode, postgresError } from './wire/backend-error.ts';
import { SocketReads } from './wire/socket-reads.ts';

type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

/** How to reach a database; made from the connector's options by `connectionSettings`. */
export interface ConnectionSettings {
  /** Name or address, or the directory of a Unix socket (begins with `/`). */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly sslmode: SslMode;
  /** Paths of PEM files. */
  readonly sslrootcert?: string;
  readonly sslcert?: string;
  readonly sslkey?: string;
  readonly sslpassword?: string;
  readonly tcpKeepAlive: boolean;
  /** SQL run after connecting, except on replication connections. */
  readonly initialStatements: readonly string[];
  /** 0: no limit. */
  readonly queryTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly applicationName: string;
}

export interface OpenOptions {
  /** A walsender connection (`replication=database`): replication commands and simple SQL without parameters. */
  readonly replication?: boolean;
  /** Runs without a limit on the time of a statement: streams and snapshots. */
  readonly unlimited?: boolean;
}

const rawText = { getTypeParser: () => (value: string) => value };

/**
 * One connection. Values come back as the server's text, unparsed (D13), under fixed formats
 * (ISO dates, UTC, `intervalstyle=postgres`, hex bytea, `extra_float_digits=3`).
 */
export class Connection implements CatalogReader {
  readonly client: pg.Client;
  /** Of a plain connection for streams and COPY; undefined: its bytes are the socket's `data` events. */
  readonly reads: SocketReads | undefined;
  /** Set once the connection broke. */
  #broken: Error | undefined;
  #closed = false;

  constructor(client: pg.Client, reads?: SocketReads) {
    this.client = client;
    this.reads = reads;
    client.on('error', (error) => {
      this.#broken = error;
    });
  }

  get broken(): Error | undefined {
    return this.#broken;
  }

  /** `doing` names the work in errors: "reading the slot". */
  async query(doing: string, text: string, values?: readonly (string | number | boolean | null)[]): Promise<TextRow[]> {
    if (this.#broken !== undefined) throw postgresError(doing, this.#broken);
    try {
      const config = { text, types: rawText, ...(values === undefined ? {} : { values: [...values] }) };
      const result: pg.QueryResult<TextRow> | pg.QueryResult<TextRow>[] = await this.client.query<TextRow>(config);
      const last = Array.isArray(result) ? (result as pg.QueryResult<TextRow>[]).at(-1) : result;
      return last?.rows ?? [];
    } catch (error) {
      throw postgresError(doing, error);
    }
  }

  /** The only row, or undefined. */
  async one(
    doing: string,
    text: string,
    values?: readonly (string | number | boolean | null)[],
  ): Promise<TextRow | undefined> {
    return (await this.query(doing, text, values))[0];
  }

  /** Idempotent; never throws. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.client.end();
    } catch {
      // It is gone already, which is what was asked for.
    }
  }

  /** Cuts the connection without a word; for a session that does not answer. */
  destroy(): void {
    this.#closed = true;
    rawSocket(this.client).destroy();
  }
}

/** The socket (TLS or plain) that `pg` speaks through. */
export function rawSocket(client: pg.Client): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}

/** Opens a connection; `sslmode` decides which transports are tried, in order. */
export async function openConnection(
  settings: ConnectionSettings,
  env: Env,
  options: OpenOptions = {},
): Promise<Connection> {
  const doing = `connecting to ${settings.host}:${settings.port}/${settings.database}`;
  const transports = await transportsOf(settings, env);
  for (const [index, ssl] of transports.entries()) {
    try {
      return await connect(settings, env, options, ssl);
    } catch (error) {
      const next = transports[index + 1];
      if (next === undefined || !mayTryOther(ssl, error)) throw postgresError(doing, error);
    }
  }
  throw new MillraceError('POSTGRES_UNAVAILABLE', doing, { kind: 'bug' });
}

type Ssl = false | TlsOptions;

async function connect(settings: ConnectionSettings, env: Env, options: OpenOptions, ssl: Ssl): Promise<Connection> {
  const reads = ssl === false && options.unlimited === true ? new SocketReads() : undefined;
  const config: pg.ClientConfig = {
    host: settings.host,
    port: settings.port,
    user: settings.user,
    // A function: an empty password must not fall back to the environment or a password file.
    password: () => settings.password,
    database: settings.database,
    ssl,
    stream: () => reads?.attach(env.net.socket(reads)) ?? env.net.socket(),
    keepAlive: settings.tcpKeepAlive,
    connectionTimeoutMillis: settings.connectTimeoutMs,
    application_name: settings.applicationName,
    client_encoding: 'UTF8',
    ...(settings.queryTimeoutMs > 0 && options.unlimited !== true ? { query_timeout: settings.queryTimeoutMs } : {}),
    ...(options.replication === true ? { replication: 'database' } : {}),
  };
  const client = new pg.Client(config);
  const connection = new Connection(client, reads);
  try {
    await client.connect();
    await client.query(sessionSetup(options));
    if (options.replication !== true) for (const statement of settings.initialStatements) await client.query(statement);
  } catch (error) {
    connection.destroy();
    throw error;
  }
  return connection;
}

function sessionSetup(options: OpenOptions): string {
  const set = [
    "SET DateStyle = 'ISO, YMD'",
    "SET IntervalStyle = 'postgres'",
    "SET TimeZone = 'UTC'",
    "SET bytea_output = 'hex'",
    'SET extra_float_digits = 3',
    "SET lc_monetary = 'C'",
    "SET xmlbinary = 'base64'",
  ];
  if (options.unlimited === true || options.replication === true) {
    set.push('SET statement_timeout = 0', 'SET idle_in_transaction_session_timeout = 0');
  }
  if (options.unlimited === true) set.push('SET lock_timeout = 0');
  return set.join('; ');
}

async function transportsOf(settings: ConnectionSettings, env: Env): Promise<readonly Ssl[]> {
  if (settings.host.startsWith('/') || settings.sslmode === 'disable') return [false];
  const tls = await tlsOptions(settings, env);
  if (settings.sslmode === 'allow') return [false, tls];
  if (settings.sslmode === 'prefer') return [tls, false];
  return [tls];
}

/** libpq's meaning of sslmode: with a root certificate, `require` verifies it as `verify-ca` does. */
async function tlsOptions(settings: ConnectionSettings, env: Env): Promise<TlsOptions> {
  const { sslmode, sslrootcert, sslcert, sslkey, sslpassword } = settings;
  const verify = sslmode.startsWith('verify') || (sslmode === 'require' && sslrootcert !== undefined);
  return {
    rejectUnauthorized: verify,
    ...(sslmode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
    ...(sslrootcert === undefined ? {} : { ca: await readPem(env, 'database.sslrootcert', sslrootcert) }),
    ...(sslcert === undefined ? {} : { cert: await readPem(env, 'database.sslcert', sslcert) }),
    ...(sslkey === undefined ? {} : { key: await readPem(env, 'database.sslkey', sslkey) }),
    ...(sslpassword === undefined ? {} : { passphrase: sslpassword }),
  };
}

async function readPem(env: Env, key: string, path: string): Promise<Buffer> {
  try {
    return await env.files.readFile(path);
  } catch (cause) {
    throw new MillraceError('POSTGRES_TLS_FILE', `reading ${key} ${path}: ${errorCode(cause) || String(cause)}`, {
      kind: 'config',
      key,
      remedy: `Set ${key} to a PEM file that the worker can read.`,
      cause,
    });
  }
}

/** `prefer` goes on in clear only where the server has no TLS; `allow` with TLS where it refused the clear. */
function mayTryOther(ssl: Ssl, error: unknown): boolean {
  const text = error instanceof Error ? error.message : '';
  return ssl === false ? errorCode(error).startsWith('28') : /does not support SSL/i.test(text);
}
