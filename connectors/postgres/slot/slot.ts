import type { CatalogReader } from '../catalog/catalog-reader.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { messageOf } from '../../../runtime/record/thrown.ts';
import type { Connection } from '../connection.ts';
import { errorCode, postgresError } from '../wire/backend-error.ts';
import { parseLsn } from '../wire/lsn.ts';
import { quoteIdentifier } from '../quoting.ts';

/** A row of `pg_replication_slots`. */
export interface SlotState {
  readonly name: string;
  readonly plugin: string;
  readonly database: string;
  readonly active: boolean;
  readonly activePid: number | undefined;
  /** `application_name` of who reads it, where we may see that. */
  readonly activeName: string | undefined;
  readonly restartLsn: bigint | undefined;
  readonly confirmedFlushLsn: bigint | undefined;
  /** `reserved`, `extended`, `unreserved`, `lost`. */
  readonly walStatus: string | undefined;
  /** Bytes of WAL that may still be written before the slot is lost; undefined: no limit. */
  readonly safeWalSize: number | undefined;
  /** Bytes of WAL the slot keeps on disk. */
  readonly retainedBytes: number;
  /** Bytes of WAL the slot has not confirmed. */
  readonly lagBytes: number;
  /** Why it was invalidated (16: conflict; 17 and later: a reason). */
  readonly invalidation: string | undefined;
  readonly twoPhase: boolean;
  /** The server's current position. */
  readonly currentLsn: bigint;
}

const SLOT = `
  SELECT s.slot_name, s.plugin, s.database, s.active, s.active_pid,
         (SELECT a.application_name FROM pg_stat_activity a WHERE a.pid = s.active_pid) AS active_name,
         s.restart_lsn, s.confirmed_flush_lsn,
         s.wal_status, s.safe_wal_size, s.two_phase,
         to_jsonb(s) ->> 'invalidation_reason' AS invalidation,
         coalesce(to_jsonb(s) ->> 'conflicting', 'false') AS conflicting,
         pg_wal_lsn_diff(here.lsn, s.restart_lsn) AS retained,
         pg_wal_lsn_diff(here.lsn, s.confirmed_flush_lsn) AS lag,
         here.lsn AS current
  FROM pg_replication_slots s,
       (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS lsn) here
  WHERE s.slot_name = $1`;

/** The slot as the server shows it; undefined: there is none of that name. */
export async function readSlot(reader: CatalogReader, name: string): Promise<SlotState | undefined> {
  const [row] = await reader.query(`reading the replication slot ${name}`, SLOT, [name]);
  if (row === undefined) return undefined;
  return {
    name,
    plugin: row['plugin'] ?? '',
    database: row['database'] ?? '',
    active: row['active'] === 't',
    activePid: number(row['active_pid']),
    activeName: row['active_name'] ?? undefined,
    restartLsn: parseLsn(row['restart_lsn']),
    confirmedFlushLsn: parseLsn(row['confirmed_flush_lsn']),
    walStatus: row['wal_status'] ?? undefined,
    safeWalSize: number(row['safe_wal_size']),
    retainedBytes: number(row['retained']) ?? 0,
    lagBytes: number(row['lag']) ?? 0,
    invalidation: row['invalidation'] ?? (row['conflicting'] === 'true' ? 'conflict' : undefined),
    twoPhase: row['two_phase'] === 't',
    currentLsn: parseLsn(row['current']) ?? 0n,
  };
}

/** Who uses the slot now, in words. */
export function slotUser({ active, activeName = '', activePid }: SlotState): string {
  if (!active) return 'inactive: its connector is stopped, or still reads a snapshot';
  return `in use by ${activeName === '' ? 'another session' : activeName}, pid ${activePid ?? 'unknown'}`;
}

/** Somebody else reads it: the error names who. */
export function slotBusy(slot: SlotState): MillraceError {
  const holder = slot.activePid ?? 'unknown';
  return new MillraceError('POSTGRES_SLOT_BUSY', `the replication slot ${slot.name} is ${slotUser(slot)}`, {
    kind: 'busy',
    key: 'slot.name',
    remedy: `Stop what else reads the slot (SELECT * FROM pg_stat_replication WHERE pid = ${holder}; SELECT pg_terminate_backend(${holder})), or give this connector a slot.name of its own.`,
  });
}

function number(value: string | null | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}

export interface CreatedSlot {
  /** Everything committed after it comes through the slot; the snapshot shows what is before. */
  readonly consistentLsn: bigint;
  /** Exported snapshot, valid until the connection's next command; undefined: none was asked for. */
  readonly snapshotName: string | undefined;
}

export interface SlotOptions {
  /** `slot.failover`, PostgreSQL 17 and later. */
  readonly failover: boolean;
  readonly snapshot: 'export' | 'nothing';
}

/**
 * Creates the slot on a replication connection. It waits for the transactions that run now: pass a
 * connection without a query timeout.
 */
export async function createSlot(replication: Connection, name: string, options: SlotOptions): Promise<CreatedSlot> {
  const version = await serverVersion(replication);
  try {
    const [row] = await replication.query(
      `creating the replication slot ${name}`,
      createCommand(name, options, version),
    );
    const consistentLsn = parseLsn(row?.['consistent_point']);
    if (consistentLsn === undefined) throw new Error('the server named no consistent point');
    return { consistentLsn, snapshotName: row?.['snapshot_name'] ?? undefined };
  } catch (error) {
    throw creationError(name, error);
  }
}

function createCommand(name: string, { failover, snapshot }: SlotOptions, version: number): string {
  const start = `CREATE_REPLICATION_SLOT ${quoteIdentifier(name)} LOGICAL pgoutput`;
  if (version < 15) return `${start} ${snapshot === 'export' ? 'EXPORT_SNAPSHOT' : 'NOEXPORT_SNAPSHOT'}`;
  const list = [`SNAPSHOT '${snapshot}'`];
  if (failover && version >= 17) list.push('FAILOVER true');
  return `${start} (${list.join(', ')})`;
}

function creationError(name: string, error: unknown): MillraceError {
  const cause = error instanceof MillraceError ? (error.cause ?? error) : error;
  const text = messageOf(cause);
  const doing = `creating the replication slot ${name}`;
  switch (errorCode(cause)) {
    case '42710':
      return new MillraceError('POSTGRES_SLOT_EXISTS', `${doing}: ${text}`, {
        kind: 'conflict',
        key: 'slot.name',
        remedy: `Something else made a slot of this name meanwhile: give this connector a slot.name of its own. Drop the slot only if nobody needs it (SELECT pg_drop_replication_slot('${name}')).`,
        cause,
      });
    case '53400':
      return new MillraceError('POSTGRES_SLOTS_EXHAUSTED', `${doing}: ${text}`, {
        kind: 'config',
        key: 'slot.name',
        remedy:
          'Drop slots that nobody uses (SELECT pg_drop_replication_slot(…)), or ALTER SYSTEM SET max_replication_slots and restart the server.',
        cause,
      });
    case '55000':
      return new MillraceError('POSTGRES_WAL_LEVEL', `${doing}: ${text}`, {
        kind: 'config',
        key: 'slot.name',
        remedy: "ALTER SYSTEM SET wal_level = 'logical', then restart the server.",
        cause,
      });
    default:
      return postgresError(doing, cause);
  }
}

/** How often, and how long each time, a slot in use is waited for. */
const DROP_LOOKS = 30;
const DROP_LOOK_SECONDS = 0.1;

/**
 * Drops a slot that nobody uses; false: there was none. A walsender whose connection has just ended
 * may hold it for a moment still.
 */
export async function dropSlot(reader: CatalogReader, name: string): Promise<boolean> {
  const doing = `dropping the replication slot ${name}`;
  for (let look = 0; look < DROP_LOOKS; look++) {
    const used = 'SELECT 1 FROM pg_replication_slots WHERE slot_name = $1 AND active';
    if ((await reader.query(doing, used, [name])).length === 0) break;
    await reader.query(doing, `SELECT pg_sleep(${DROP_LOOK_SECONDS})`);
  }
  const rows = await reader.query(
    doing,
    'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1',
    [name],
  );
  return rows.length > 0;
}

/** Major version. */
export async function serverVersion(connection: Connection): Promise<number> {
  const row = await connection.one('reading the server version', 'SHOW server_version_num');
  return Math.floor(Number(row?.['server_version_num'] ?? 0) / 10_000);
}
