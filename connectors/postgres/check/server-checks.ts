import type { CheckResult } from '../../../runtime/connector/connector.ts';
import type { Connection } from '../connection.ts';
import { quoteIdentifier } from '../quoting.ts';
import type { PostgresSettings } from '../settings.ts';
import { checkSlot } from '../slot/resume-check.ts';
import { readSlot, slotBusy, type SlotState } from '../slot/slot.ts';
import { failed, type Facts } from './check-result.ts';

const OLDEST = 14;

export function encryption({ connection }: PostgresSettings): CheckResult {
  const { sslmode, host, sslrootcert } = connection;
  const local = host.startsWith('/') || host === 'localhost' || host === '::1' || host.startsWith('127.');
  const verified = sslmode.startsWith('verify') || (sslmode === 'require' && sslrootcert !== undefined);
  const name = 'the server certificate is verified';
  if (verified) return { name, ok: true };
  if (local) return { name: 'the connection does not leave this machine', ok: true };
  return {
    name,
    ok: false,
    fatal: false,
    code: 'POSTGRES_TLS_UNVERIFIED',
    problem: `with database.sslmode=${sslmode} somebody between us and the server could read along`,
    remedy: 'Set database.sslmode=verify-full, and database.sslrootcert if the CA is your own.',
    key: 'database.sslmode',
  };
}

interface Role {
  readonly name: string;
  readonly superuser: boolean;
  readonly replication: boolean;
}

export async function readRole(connection: Connection): Promise<Role> {
  const row = await connection.one(
    'reading the role',
    `SELECT rolname, rolsuper, rolreplication OR EXISTS (
        SELECT FROM pg_roles m WHERE m.rolname IN ('rds_replication', 'azure_pg_admin') AND pg_has_role(r.oid, m.oid, 'MEMBER')
      ) AS replication FROM pg_roles r WHERE rolname = current_user`,
  );
  return {
    name: row?.['rolname'] ?? '',
    superuser: row?.['rolsuper'] === 't',
    replication: row?.['replication'] === 't',
  };
}

export async function version({ connection }: Facts): Promise<CheckResult> {
  const row = await connection.one('reading the version', 'SHOW server_version');
  const text = row?.['server_version'] ?? '';
  const name = `PostgreSQL ${OLDEST} or later`;
  if (Number.parseInt(text, 10) >= OLDEST) return { name, ok: true };
  return {
    name,
    ok: false,
    code: 'POSTGRES_TOO_OLD',
    problem: `the server is ${text}`,
    remedy: `Upgrade it to PostgreSQL ${OLDEST} or later.`,
    key: 'database.hostname',
  };
}

export async function walLevel({ connection }: Facts): Promise<CheckResult> {
  const row = await connection.one('reading wal_level', 'SHOW wal_level');
  const name = 'wal_level is logical';
  if (row?.['wal_level'] === 'logical') return { name, ok: true };
  return {
    name,
    ok: false,
    code: 'POSTGRES_WAL_LEVEL',
    problem: `wal_level is ${row?.['wal_level']}`,
    remedy: "ALTER SYSTEM SET wal_level = 'logical'; then restart the server.",
    key: 'database.hostname',
  };
}

export function replicationRole(role: Role): CheckResult {
  const name = 'the role may replicate';
  if (role.superuser || role.replication) return { name, ok: true };
  return {
    name,
    ok: false,
    code: 'POSTGRES_REPLICATION_DENIED',
    problem: `${role.name} has no REPLICATION privilege`,
    remedy: `ALTER ROLE ${quoteIdentifier(role.name)} WITH REPLICATION;`,
    key: 'database.user',
  };
}

export async function replicationConnection(role: Role, open: () => Promise<Connection>): Promise<CheckResult> {
  const name = 'replication connections are accepted';
  try {
    await (await open()).close();
    return { name, ok: true };
  } catch (error) {
    const result = failed(name, error);
    if (result.code !== 'POSTGRES_PERMISSION') return result;
    // The remedy of a privilege that is missing sends to this very check.
    return {
      ...result,
      remedy: replicationRole(role).remedy ?? 'Allow replication connections of this role in pg_hba.conf.',
    };
  }
}

export async function slotFit({ connection, settings }: Facts): Promise<readonly CheckResult[]> {
  const { slot: name } = settings.replication;
  const slot = await readSlot(connection, name);
  if (slot !== undefined) {
    checkSlot(slot, name, settings.connection);
    return [{ name: `the replication slot ${name} fits`, ok: true }, ...othersRead(slot, settings)];
  }
  const row = await connection.one(
    'counting slots',
    "SELECT (SELECT count(*) FROM pg_replication_slots) AS used, current_setting('max_replication_slots') AS most",
  );
  const used = Number(row?.['used'] ?? 0);
  const most = Number(row?.['most'] ?? 0);
  const free = 'a replication slot is free';
  if (used < most) return [{ name: free, ok: true }];
  return [
    {
      name: free,
      ok: false,
      code: 'POSTGRES_SLOTS_EXHAUSTED',
      problem: `${used} of ${most} slots exist`,
      remedy: `SELECT pg_drop_replication_slot(…) for one that nobody uses, or ALTER SYSTEM SET max_replication_slots = ${most + 10}; and restart the server.`,
      key: 'slot.name',
    },
  ];
}

/** Two that read one slot take each other's changes away. Our own task is told by its name on the server. */
function othersRead(slot: SlotState, { connection }: PostgresSettings): readonly CheckResult[] {
  if (!slot.active || slot.activeName === connection.applicationName) return [];
  return [failed('nobody else reads the replication slot', slotBusy(slot))];
}
