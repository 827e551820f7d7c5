import type { TaskContext } from '../../../runtime/connector/context.ts';
import type { Env } from '../../../runtime/env/env.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { Connection } from '../connection.ts';
import type { StreamPlace } from '../offset.ts';
import { quoteText } from '../quoting.ts';
import { PreparedWait, preparedTransactions, unseenPrepared } from './prepared-xa.ts';
import type { SnapshotSettings } from './snapshot-settings.ts';

const DOING = 'fixing the snapshot’s place';
/** How often to try for a moment in which nothing is committed. */
const ATTEMPTS = 200;

/** Connections that see the tables as they were at one place of the binlog. */
export interface ConsistentPoint {
  readonly place: StreamPlace;
  readonly readers: readonly Connection[];
  /** XA transactions may be before the place whose rows the readers do not see: prepared, and not ended. */
  readonly prepared: boolean;
  /** Gives the lock back, where it is held for the whole snapshot. */
  release(): Promise<void>;
}

export interface PointEdges {
  readonly context: Pick<TaskContext, 'log' | 'warning'>;
  readonly env: Pick<Env, 'clock' | 'timers'>;
  readonly signal: AbortSignal;
  /** The stream begins at an earlier place: it has the rows of what was prepared since. */
  readonly streamBefore: boolean;
  open(): Promise<Connection>;
}

/**
 * Opens the readers at one place.
 *
 *     with a lock:     FLUSH TABLES WITH READ LOCK · a snapshot on each reader · the place · UNLOCK TABLES
 *     MariaDB without: one reader; the server says which place its snapshot is at
 *     MySQL without:   @@gtid_executed before and after the snapshots is the same: they are at it
 *
 * Where XA transactions are prepared at the place, another one is tried once they have ended: their rows would be in
 * neither the snapshot nor the stream (I5). Throws `MYSQL_XA_PREPARED` (`busy`) where they do not.
 */
export async function openConsistentPoint(settings: SnapshotSettings, edges: PointEdges): Promise<ConsistentPoint> {
  const { context, env, signal, streamBefore, open } = edges;
  const readers: Connection[] = [];
  const guard = await open();
  const wait = new PreparedWait(context, env, settings.lockTimeoutMs);
  try {
    let locked = settings.locking !== 'none';
    for (;;) {
      if (!streamBefore) await wait.ended(guard, signal);
      locked = locked && (await lock(guard, settings, context));
      const place = await placeOf(guard, readers, locked, settings, open);
      const names = await preparedTransactions(guard);
      if (streamBefore || names === undefined || names.length === 0) {
        if (!streamBefore) warnOfUnseen(context, unseenPrepared(locked, names));
        const keep = locked && settings.locking === 'extended';
        if (!keep) await guard.close();
        const prepared = !locked || names === undefined || names.length > 0;
        return { place, readers, prepared, release: () => guard.close() };
      }
      if (locked) await guard.query(DOING, 'UNLOCK TABLES');
      for (const reader of readers) await reader.query(DOING, 'ROLLBACK');
    }
  } catch (error) {
    guard.destroy();
    for (const reader of readers) reader.destroy();
    throw error;
  } finally {
    wait.over();
  }
}

/** Opens the readers that are wanted, and a snapshot on each. */
async function placeOf(
  guard: Connection,
  readers: Connection[],
  locked: boolean,
  settings: SnapshotSettings,
  open: () => Promise<Connection>,
): Promise<StreamPlace> {
  const count = locked || !guard.mariadb ? settings.readers : 1;
  while (readers.length < count) readers.push(await open());
  if (locked) return placeUnderLock(guard, readers);
  return guard.mariadb ? placeOfSnapshot(readers) : quietPlace(guard, readers);
}

function warnOfUnseen(context: PointEdges['context'], text: string | null): void {
  context.warning('MYSQL_XA_UNSEEN', text);
  if (text !== null) context.log.warn(text);
}

/** False: the account may not lock, or the lock did not come in time: go on without. */
async function lock(
  guard: Connection,
  settings: SnapshotSettings,
  context: Pick<TaskContext, 'log'>,
): Promise<boolean> {
  try {
    await guard.query(DOING, `SET lock_wait_timeout = ${Math.max(1, Math.ceil(settings.lockTimeoutMs / 1000))}`);
    await guard.query(DOING, 'FLUSH TABLES WITH READ LOCK');
    return true;
  } catch (error) {
    const denied = error instanceof MillraceError && (error.kind === 'permission' || error.kind === 'busy');
    if (!denied || settings.locking === 'extended') throw error;
    context.log.warn('the snapshot goes on without a global read lock', { reason: error.message });
    return false;
  }
}

async function begin(readers: readonly Connection[]): Promise<void> {
  for (const reader of readers) {
    await reader.query(DOING, 'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    await reader.query(DOING, 'START TRANSACTION WITH CONSISTENT SNAPSHOT');
  }
}

async function placeUnderLock(guard: Connection, readers: readonly Connection[]): Promise<StreamPlace> {
  await begin(readers);
  const place = await currentPlace(guard);
  return place;
}

async function placeOfSnapshot(readers: readonly Connection[]): Promise<StreamPlace> {
  await begin(readers);
  const [reader] = readers;
  if (reader === undefined) throw noBinlog();
  const { file, position } = await snapshotPlace(reader);
  const gtid = await reader.one(DOING, `SELECT BINLOG_GTID_POS(${quoteText(file)}, ${position}) AS g`);
  return { file, position, gtids: gtid?.['g'] ?? '', event: 0, transaction: '' };
}

/** MariaDB: the place of the snapshot that the connection's transaction has. */
export async function snapshotPlace(reader: Connection): Promise<Pick<StreamPlace, 'file' | 'position'>> {
  const rows = await reader.query(DOING, "SHOW STATUS LIKE 'binlog\\_snapshot\\_%'");
  const value = (name: string): string =>
    rows.find((row) => (row['Variable_name'] ?? '').toLowerCase() === name)?.['Value'] ?? '';
  const file = value('binlog_snapshot_file');
  if (file === '') throw noBinlog();
  return { file, position: Number(value('binlog_snapshot_position')) };
}

async function quietPlace(guard: Connection, readers: readonly Connection[]): Promise<StreamPlace> {
  const executed = async (): Promise<string> => {
    const row = await guard.one(DOING, 'SELECT @@gtid_mode AS m, @@global.gtid_executed AS e');
    if (row?.['m'] === 'ON') return row['e'] ?? '';
    throw new MillraceError('MYSQL_SNAPSHOT_LOCK', 'without GTIDs a snapshot needs a global read lock', {
      kind: 'permission',
      key: 'snapshot.locking.mode',
      remedy: 'GRANT RELOAD ON *.* TO the account and set snapshot.locking.mode=minimal, or set gtid_mode=ON.',
    });
  };
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = await executed();
    await begin(readers);
    if ((await executed()) === before) return { ...(await currentPlace(guard)), gtids: before };
    for (const reader of readers) await reader.query(DOING, 'ROLLBACK');
  }
  throw new MillraceError('MYSQL_SNAPSHOT_BUSY', 'transactions come too fast to fix a place without a lock', {
    kind: 'busy',
    key: 'snapshot.locking.mode',
    remedy: 'Set snapshot.locking.mode=minimal and GRANT RELOAD ON *.* TO the account, or snapshot.max.threads=1.',
  });
}

/** Where the server writes now. */
export async function currentPlace(connection: Connection): Promise<StreamPlace> {
  const row = await connection
    .one(DOING, 'SHOW MASTER STATUS')
    .catch(() => connection.one(DOING, 'SHOW BINARY LOG STATUS'));
  const file = row?.['File'] ?? '';
  if (file === '') throw noBinlog();
  // Of MySQL 5.7 the set of the session is another one, and empty.
  const gtids = connection.mariadb
    ? await connection.one(DOING, "SELECT 'ON' AS m, @@gtid_binlog_pos AS g")
    : await connection.one(DOING, 'SELECT @@gtid_mode AS m, @@global.gtid_executed AS g');
  return {
    file,
    position: Number(row?.['Position'] ?? 4),
    gtids: gtids?.['m'] === 'ON' ? (gtids['g'] ?? '').replaceAll(/\s/g, '') : '',
    event: 0,
    transaction: '',
  };
}

function noBinlog(): MillraceError {
  return new MillraceError('MYSQL_NO_BINLOG', 'the server writes no binlog', {
    kind: 'config',
    key: 'database.hostname',
    remedy: 'Start the server with log_bin (MariaDB: log-bin in its configuration file).',
  });
}
