import type { Env } from '../../../runtime/env/env.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { dumpCommand, dumpGtidCommand, registerCommand, scanCommand } from '../binlog/dump.ts';
import { GtidSet } from '../binlog/gtid-set.ts';
import type { GtidSources } from '../binlog/gtid-sources.ts';
import { openConnection, type Connection, type ConnectionSettings } from '../connection.ts';
import type { StreamPlace } from '../offset.ts';
import { quoteText } from '../quoting.ts';
import { readFailure } from '../wire/server-error.ts';
import { dumpError } from './binlog-error.ts';
import { EventFeed } from './event-feed.ts';
import { checkPlace } from './place-check.ts';

export interface DumpSettings {
  readonly connection: ConnectionSettings;
  /** `database.server.id` */
  readonly serverId: number;
  /** The server sends a heartbeat when there was nothing for so long. */
  readonly heartbeatMs: number;
  /** `include.query` */
  readonly annotate: boolean;
  /** undefined: transactions of all sources count. */
  readonly sources?: GtidSources | undefined;
}

const FAILURE = 0xff;
/** How long the server waits for us to read, seconds: the runner may be held up by the hub. */
const NET_WRITE_TIMEOUT_S = 600;

/**
 * Connects and asks for the binlog from a place that was compared with the server first (D16). By GTID where
 * the place has some and the server writes them, else by file and position.
 */
export async function startDump(
  settings: DumpSettings,
  env: Env,
  place: StreamPlace,
  server: string | undefined,
  signal: AbortSignal,
): Promise<EventFeed> {
  const connection = await openConnection(settings.connection, env, { plain: true });
  try {
    const gtids = await checkPlace(connection, place, server, settings.sources);
    const checksums = await prepare(connection, settings);
    const { stream } = connection;
    stream.command(registerCommand(settings.serverId));
    const answer = await stream.packet(signal);
    if (answer.u8() === FAILURE) throw dumpError(readFailure(answer), place.file);
    if (gtids === '') {
      stream.command(dumpCommand(settings.serverId, place.file, place.position, settings.annotate));
    } else if (connection.mariadb) {
      await connection.query('choosing the place', `SET @slave_connect_state = ${quoteText(gtids)}`);
      await connection.query(
        'choosing the place',
        'SET @slave_gtid_strict_mode = 0, @slave_gtid_ignore_duplicates = 0',
      );
      stream.command(dumpCommand(settings.serverId, '', 4, settings.annotate));
    } else stream.command(dumpGtidCommand(settings.serverId, GtidSet.parse(gtids).encode()));
    return new EventFeed(connection, place.file, place.position, checksums, { gtids });
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

/** Reads a file from its begin; {@link EventFeed.next} throws at the binlog's end. No replica is disturbed. */
export async function startScan(
  settings: Pick<DumpSettings, 'connection'>,
  env: Env,
  file: string,
  position: number,
): Promise<EventFeed> {
  const connection = await openConnection(settings.connection, env, { plain: true });
  try {
    const checksums = await announce(connection);
    connection.stream.command(scanCommand(file, position));
    return new EventFeed(connection, file, position, checksums);
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

/** Session settings of a replica; returns whether events have checksums. */
async function prepare(connection: Connection, settings: DumpSettings): Promise<boolean> {
  const doing = 'preparing the binlog stream';
  const heartbeat = BigInt(settings.heartbeatMs) * 1_000_000n;
  const checksums = await announce(connection);
  await connection.query(doing, `SET @master_heartbeat_period = ${heartbeat}, @source_heartbeat_period = ${heartbeat}`);
  await connection.query(doing, `SET net_write_timeout = ${NET_WRITE_TIMEOUT_S}`);
  if (!connection.mariadb) {
    // A server ends the dump of the same replica that is still there: our own from before a crash.
    const uuid = `6d696c6c-7261-6365-0000-${settings.serverId.toString(16).padStart(12, '0')}`;
    await connection.query(doing, `SET @slave_uuid = '${uuid}', @replica_uuid = '${uuid}'`);
  }
  return checksums;
}

/** Tells the server that we know checksums, and MariaDB's own events. */
async function announce(connection: Connection): Promise<boolean> {
  const doing = 'preparing the binlog stream';
  const row = await connection.one(doing, 'SELECT @@global.binlog_checksum AS c');
  const checksum = row?.['c'] ?? 'NONE';
  if (checksum !== 'NONE' && checksum !== 'CRC32') {
    throw new MillraceError('MYSQL_CHECKSUM_KIND', `the binlog has checksums of the unknown kind ${checksum}`, {
      kind: 'config',
      remedy: 'SET GLOBAL binlog_checksum = CRC32;',
    });
  }
  await connection.query(
    doing,
    'SET @master_binlog_checksum = @@global.binlog_checksum, @source_binlog_checksum = @@global.binlog_checksum',
  );
  if (connection.mariadb) await connection.query(doing, 'SET @mariadb_slave_capability = 4');
  return checksum === 'CRC32';
}
