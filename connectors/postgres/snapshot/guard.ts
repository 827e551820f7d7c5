import { MillraceError } from '../../../runtime/record/error.ts';
import { findBlocker } from '../catalog/blocker.ts';
import { tableName, type Table } from '../catalog/table.ts';
import type { Connection } from '../connection.ts';
import { sqlState } from '../wire/backend-error.ts';
import { quoteLiteral } from '../quoting.ts';
import { relationName } from './chunk-sql.ts';

const LOCK_NOT_AVAILABLE = '55P03';
const DEADLOCK = '40P01';
const UNDEFINED_TABLE = '42P01';
const UNDEFINED_SCHEMA = '3F000';

/**
 * Prepares a connection for reading: no limit on how long a transaction lasts (PostgreSQL 17), and
 * an error instead of fewer rows where row level security hides some, since the stream would not.
 */
export async function prepareReader(connection: Connection): Promise<void> {
  await connection.query(
    'preparing a reader',
    `SELECT set_config(name, CASE name WHEN 'row_security' THEN 'off' ELSE '0' END, false) FROM pg_settings
      WHERE name IN ('transaction_timeout', 'idle_session_timeout', 'row_security')`,
  );
}

/**
 * Opens a reader's transaction and locks every table in ACCESS SHARE, as pg_dump does: until it
 * ends, no table can be rewritten, truncated or dropped, so a snapshot that is exported later still
 * finds their rows (a rewriting ALTER between slot and first read would leave it an empty table).
 *
 * Every reader locks before the slot is created. A reader that locked later could wait behind an
 * ALTER that waits for the others, for ever: the server sees no deadlock in that.
 *
 * LOCK takes no snapshot, so the transaction can still import one ({@link importSnapshot}).
 */
export async function lockTables(connection: Connection, tables: readonly Table[], timeoutMs: number): Promise<void> {
  await connection.query('opening the snapshot', 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  await connection.query('opening the snapshot', `SET LOCAL lock_timeout = ${Math.max(1, Math.round(timeoutMs))}`);
  for (const table of tables) await lockTable(connection, table);
}

async function lockTable(connection: Connection, table: Table): Promise<void> {
  const name = tableName(table);
  try {
    // A partitioned table's partitions are locked with it.
    await connection.query(`locking ${name}`, `LOCK TABLE ${relationName(table)} IN ACCESS SHARE MODE`);
  } catch (error) {
    const state = sqlState(error);
    if (state === UNDEFINED_TABLE || state === UNDEFINED_SCHEMA) {
      throw new MillraceError('POSTGRES_SNAPSHOT_TABLE_GONE', `${name} was dropped while the snapshot began`, {
        kind: 'busy',
        cause: error,
      });
    }
    if (state !== LOCK_NOT_AVAILABLE && state !== DEADLOCK) throw error;
    await connection.query('closing the snapshot', 'ROLLBACK');
    throw await lockTimeout(connection, error, table);
  }
}

/** The error of a lock that was not got in time. Names the table (if known, this one), and who is in the way. */
export async function lockTimeout(connection: Connection, cause: unknown, table?: Table): Promise<MillraceError> {
  const blocker = await findBlocker(connection, table && [table.oid, ...table.leaves]);
  const name = table === undefined ? (blocker?.table ?? 'a captured table') : tableName(table);
  const text = `could not lock ${name} for the snapshot${blocker === undefined ? '' : `: ${blocker.session}`}`;
  return new MillraceError('POSTGRES_SNAPSHOT_LOCK_TIMEOUT', text, {
    kind: 'busy',
    key: 'snapshot.lock.timeout.ms',
    remedy: 'Let that session finish or end it (pg_terminate_backend), or raise snapshot.lock.timeout.ms.',
    cause,
  });
}

/** Makes a transaction opened by {@link lockTables} see an exported snapshot. */
export async function importSnapshot(connection: Connection, snapshot: string): Promise<void> {
  await connection.query('importing the snapshot', `SET TRANSACTION SNAPSHOT ${quoteLiteral(snapshot)}`);
}

/** What a transaction's snapshot is called, sees, and when it was taken. */
export interface TakenSnapshot {
  /** For {@link importSnapshot}, as long as the transaction lasts. */
  readonly exported: string;
  /** `pg_current_snapshot()`: `xmin:xmax:xip,…`. */
  readonly visible: string;
  /** Commit records of all visible transactions lie before it. */
  readonly lsn: string;
  readonly timeUs: bigint;
}

/** Takes (or, after an import, re-exports) the snapshot of an open transaction. */
export async function exportSnapshot(connection: Connection): Promise<TakenSnapshot> {
  const row = await connection.one(
    'exporting the snapshot',
    `SELECT pg_export_snapshot() AS exported, pg_current_snapshot() AS visible, pg_current_wal_insert_lsn() AS lsn,
      floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS us`,
  );
  return {
    exported: row?.['exported'] ?? '',
    visible: row?.['visible'] ?? '',
    lsn: row?.['lsn'] ?? '',
    timeUs: BigInt(row?.['us'] ?? '0'),
  };
}
