import { MillraceError } from '../../../../runtime/record/error.ts';
import { GtidSet } from '../../binlog/gtid-set.ts';
import { comparePlaces } from '../../binlog/compare-places.ts';
import type { Connection } from '../../connection.ts';
import type { StreamPlace } from '../../offset.ts';
import { currentPlace, snapshotPlace } from '../consistent-point.ts';

const DOING = 'fixing the place of a chunk';

export type FilePlace = Pick<StreamPlace, 'file' | 'position'>;

/** Where in the binlog a chunk's transaction stands. */
export interface ChunkPlace {
  /** Its snapshot shows all of these: transactions, or everything before the place. */
  readonly low: { readonly gtids: string } | FilePlace;
  /** It shows nothing behind this place. */
  readonly high: FilePlace;
}

/**
 * Opens a transaction whose place in the binlog is known. Nothing is written, and only a MySQL server without GTIDs
 * is locked, for the moment.
 *
 *     MariaDB            the server says which place its snapshot is at: low and high are one
 *     MySQL, GTIDs       @@gtid_executed before the snapshot is low: a transaction is in it once its rows are to be
 *                        seen. The binlog's end after the snapshot is high: a transaction is written before it is seen
 *     MySQL without      FLUSH TABLES WITH READ LOCK · snapshot · the binlog's end · UNLOCK TABLES
 */
export async function openChunk(connection: Connection, lockTimeoutMs: number): Promise<ChunkPlace> {
  if (connection.mariadb) {
    await begin(connection);
    const place = await snapshotPlace(connection);
    return { low: place, high: place };
  }
  const row = await connection.one(DOING, 'SELECT @@gtid_mode AS m, @@global.gtid_executed AS e');
  if (row?.['m'] !== 'ON') return openLocked(connection, lockTimeoutMs);
  await begin(connection);
  return { low: { gtids: row['e'] ?? '' }, high: await currentPlace(connection) };
}

async function begin(connection: Connection): Promise<void> {
  await connection.query(DOING, 'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
  await connection.query(DOING, 'START TRANSACTION WITH CONSISTENT SNAPSHOT');
}

async function openLocked(connection: Connection, lockTimeoutMs: number): Promise<ChunkPlace> {
  try {
    await connection.query(DOING, `SET lock_wait_timeout = ${Math.max(1, Math.ceil(lockTimeoutMs / 1000))}`);
    await connection.query(DOING, 'FLUSH TABLES WITH READ LOCK');
  } catch (cause) {
    if (!(cause instanceof MillraceError) || cause.kind !== 'permission') throw cause;
    throw new MillraceError('MYSQL_SNAPSHOT_LOCK', 'without GTIDs a chunk’s place needs a global read lock', {
      kind: 'permission',
      key: 'signal.data.collection',
      remedy: 'Set gtid_mode=ON, or GRANT RELOAD ON *.* TO the account.',
      cause,
    });
  }
  try {
    await begin(connection);
    const place = await currentPlace(connection);
    return { low: place, high: place };
  } finally {
    if (!connection.broken) await connection.query(DOING, 'UNLOCK TABLES');
  }
}

/**
 * Whether a chunk shows everything that the stream had handed over at `start`. A transaction may be in the binlog, and
 * so in the stream, a moment before its rows are to be seen.
 */
export function covers(low: ChunkPlace['low'], start: StreamPlace): boolean {
  if ('gtids' in low) {
    const streamed = GtidSet.parse(start.gtids);
    for (const { transaction } of [start, ...(start.parts ?? [])]) {
      const colon = transaction.lastIndexOf(':');
      if (colon > 0) streamed.add(transaction.slice(0, colon).toLowerCase(), BigInt(transaction.slice(colon + 1)));
    }
    return streamed.minus(GtidSet.parse(low.gtids)).empty;
  }
  // Where one that was handed over in part is, is not known before it comes again.
  if (start.parts !== undefined && start.parts.length > 0) return false;
  const order = comparePlaces(start.file, start.position, low.file, low.position);
  // Inside a transaction the place is its begin: it is shown if the chunk's place is behind that.
  return start.event > 0 ? order < 0 : order <= 0;
}
