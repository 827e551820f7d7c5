import { signalCheck } from '../../runtime/change/signal-check.ts';
import type { CheckResult, ConnectorCall } from '../../runtime/connector/connector.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import { messageOf } from '../../runtime/record/thrown.ts';
import { oidArray } from './catalog/catalog-sql.ts';
import { Catalog } from './catalog/catalog.ts';
import { tableName, type Table } from './catalog/table.ts';
import { openConnection, type Connection } from './connection.ts';
import { RowFactory } from './row/table-rows.ts';
import { readSettings, type PostgresSettings } from './settings.ts';
import { unseenSignals } from './snapshot/window/signal-table.ts';
import { publicationStatement, readPublication, unpublished, type PublicationState } from './slot/publication.ts';
import { checkSlot } from './slot/resume-check.ts';
import { quoteIdentifier } from './quoting.ts';
import { readSlot, slotBusy, type SlotState } from './slot/slot.ts';

const OLDEST = 14;

interface Facts {
  readonly connection: Connection;
  readonly settings: PostgresSettings;
  readonly role: string;
  readonly superuser: boolean;
}

/** Looks at all a start needs; changes nothing. Every failure names the statement that mends it. */
export async function checkPostgres({ config, env }: ConnectorCall): Promise<readonly CheckResult[]> {
  const settings = readSettings(config);
  let connection: Connection;
  try {
    connection = await openConnection(settings.connection, env);
  } catch (error) {
    return [failed('the server can be reached', error)];
  }
  try {
    const results: CheckResult[] = [{ name: 'the server can be reached', ok: true }, encryption(settings)];
    const role = await readRole(connection);
    const facts: Facts = { connection, settings, role: role.name, superuser: role.superuser };
    results.push(await version(facts), await walLevel(facts), replicationRole(role));
    const replicating = () => openConnection(settings.connection, env, { replication: true });
    results.push(await replicationConnection(role, replicating));
    const slot = await attempt('the replication slot', () => slotFit(facts));
    results.push(...slot);
    results.push(...(await attempt('the captured tables', () => tables(facts))));
    return results;
  } catch (error) {
    return [failed('the server can be asked', error)];
  } finally {
    await connection.close();
  }
}

function encryption({ connection }: PostgresSettings): CheckResult {
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

async function readRole(connection: Connection): Promise<Role> {
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

async function version({ connection }: Facts): Promise<CheckResult> {
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

async function walLevel({ connection }: Facts): Promise<CheckResult> {
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

function replicationRole(role: Role): CheckResult {
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

async function replicationConnection(role: Role, open: () => Promise<Connection>): Promise<CheckResult> {
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

async function slotFit({ connection, settings }: Facts): Promise<readonly CheckResult[]> {
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

async function tables(facts: Facts): Promise<readonly CheckResult[]> {
  const { connection, settings } = facts;
  const origin = { database: settings.connection.database, taskId: 0, runId: '', version: '' };
  const rows = new RowFactory(settings.rows, origin);
  const catalog = await Catalog.captured(connection, rows.captures);
  const captured = catalog.tables();
  const results: CheckResult[] = [];
  if (captured.length === 0) {
    results.push({
      name: 'a table is captured',
      ok: false,
      fatal: false,
      code: 'POSTGRES_NO_TABLES',
      problem: 'the include and exclude lists match no table',
      remedy: 'Correct table.include.list and schema.include.list (regular expressions over schema.table).',
      key: 'table.include.list',
    });
  }
  results.push(...signals(settings, captured), ...(await readable(facts, captured)));
  const publication = await readPublication(connection, settings.publication.name);
  results.push(...(await publicationFit(facts, captured, publication)));
  results.push(...identities(captured, publication));
  return results;
}

function signals({ snapshot: { signalTable } }: PostgresSettings, captured: readonly Table[]): readonly CheckResult[] {
  if (signalTable === undefined) return [];
  return [signalCheck(unseenSignals(signalTable, captured), 'POSTGRES_SIGNALS_UNSEEN', 'schema')];
}

async function readable({ connection, role }: Facts, captured: readonly Table[]): Promise<readonly CheckResult[]> {
  const name = 'the captured tables may be read';
  const rows = await connection.query(
    'reading privileges',
    `SELECT c.oid, has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT') AS readable,
            has_schema_privilege(c.relnamespace, 'USAGE') AS usable
       FROM pg_class c WHERE c.oid = ANY($1::oid[])`,
    [oidArray(captured.map(({ oid }) => oid))],
  );
  const to = quoteIdentifier(role);
  const byOid = new Map(rows.map((row) => [Number(row['oid']), row]));
  const grants = new Set<string>();
  for (const table of captured) {
    const row = byOid.get(table.oid);
    const schema = quoteIdentifier(table.schema);
    if (row?.['usable'] === 'f') grants.add(`GRANT USAGE ON SCHEMA ${schema} TO ${to};`);
    if (row?.['readable'] === 'f') grants.add(`GRANT SELECT ON ${schema}.${quoteIdentifier(table.name)} TO ${to};`);
  }
  if (grants.size === 0) return [{ name, ok: true }];
  return [
    {
      name,
      ok: false,
      code: 'POSTGRES_SELECT_DENIED',
      problem: `${role} lacks ${grants.size} privileges`,
      remedy: [...grants].join(' '),
      key: 'database.user',
    },
  ];
}

async function publicationFit(
  facts: Facts,
  captured: readonly Table[],
  publication: PublicationState | undefined,
): Promise<readonly CheckResult[]> {
  const { settings } = facts;
  const name = `the publication ${settings.publication.name} fits`;
  let statement: string | undefined;
  try {
    statement = publicationStatement(settings.publication, captured, publication);
  } catch (error) {
    return [failed(name, error)];
  }
  if (statement !== undefined) {
    const problem = await publicationRight(facts, captured, publication === undefined);
    if (problem !== undefined) {
      const remedy = `Run as a superuser: ${statement};`;
      return [
        { name, ok: false, code: 'POSTGRES_PUBLICATION_DENIED', problem, remedy, key: 'publication.autocreate.mode' },
      ];
    }
    return [{ name, ok: true }];
  }
  const missing = publication === undefined ? [] : unpublished(captured, publication);
  if (missing.length === 0) return [{ name, ok: true }];
  return [
    {
      name,
      ok: false,
      fatal: false,
      code: 'POSTGRES_TABLES_UNPUBLISHED',
      problem: `it leaves out ${missing.join(', ')}`,
      remedy: `ALTER PUBLICATION ${quoteIdentifier(settings.publication.name)} ADD TABLE ${captured
        .filter((table) => missing.includes(tableName(table)))
        .map((table) => `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`)
        .join(', ')};`,
      key: 'publication.name',
    },
  ];
}

/** Why the role cannot create or change the publication; undefined: it can. */
async function publicationRight(
  { connection, settings, role, superuser }: Facts,
  captured: readonly Table[],
  create: boolean,
): Promise<string | undefined> {
  if (superuser) return undefined;
  if (settings.publication.mode === 'all_tables')
    return `only a superuser may create a publication FOR ALL TABLES, and ${role} is none`;
  const row = await connection.one(
    'reading privileges',
    `SELECT has_database_privilege(current_database(), 'CREATE') AS creates,
            (SELECT count(*) FROM pg_class c WHERE c.oid = ANY($1::oid[]) AND NOT pg_has_role(c.relowner, 'USAGE')) AS foreign`,
    [oidArray(captured.map(({ oid }) => oid))],
  );
  if (create && row?.['creates'] !== 't')
    return `${role} has no CREATE privilege on database ${settings.connection.database}`;
  const foreign = Number(row?.['foreign'] ?? 0);
  if (settings.publication.mode === 'filtered' && foreign > 0)
    return `${role} does not own ${foreign} of the captured tables`;
  return undefined;
}

/** Tables whose UPDATE and DELETE the server will refuse once they are published. */
function identities(captured: readonly Table[], publication: PublicationState | undefined): readonly CheckResult[] {
  const operations = publication?.operations ?? new Set(['u', 'd']);
  if (!operations.has('u') && !operations.has('d')) return [];
  const without = captured.filter((table) => !table.partitioned && table.identity.length === 0);
  const name = 'every captured table has a replica identity';
  if (without.length === 0) return [{ name, ok: true }];
  return [
    {
      name,
      ok: false,
      fatal: false,
      code: 'POSTGRES_NO_REPLICA_IDENTITY',
      problem: `the server refuses UPDATE and DELETE on ${without.map(tableName).join(', ')} while they are published`,
      remedy: without
        .map(
          (table) =>
            `ALTER TABLE ${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)} REPLICA IDENTITY FULL;`,
        )
        .join(' '),
      key: 'replica.identity.autoset.values',
    },
  ];
}

async function attempt(name: string, run: () => Promise<readonly CheckResult[]>): Promise<readonly CheckResult[]> {
  try {
    return await run();
  } catch (error) {
    return [failed(name, error)];
  }
}

function failed(name: string, error: unknown): CheckResult {
  const known = error instanceof MillraceError ? error : undefined;
  const problem = messageOf(error);
  return {
    name,
    ok: false,
    problem,
    ...(known === undefined ? {} : { code: known.code }),
    ...(known?.remedy === undefined ? {} : { remedy: known.remedy }),
    ...(known?.key === undefined ? {} : { key: known.key }),
  };
}
