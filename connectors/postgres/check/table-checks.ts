import { signalCheck } from '../../../runtime/change/signal-check.ts';
import type { CheckResult } from '../../../runtime/connector/connector.ts';
import { oidArray } from '../catalog/catalog-sql.ts';
import { Catalog } from '../catalog/catalog.ts';
import { tableName, type Table } from '../catalog/table.ts';
import { quoteIdentifier } from '../quoting.ts';
import { RowFactory } from '../row/table-rows.ts';
import type { PostgresSettings } from '../settings.ts';
import { publicationStatement, readPublication, unpublished, type PublicationState } from '../slot/publication.ts';
import { unseenSignals } from '../snapshot/window/signal-table.ts';
import { failed, type Facts } from './check-result.ts';

/** The captured tables: what of them may be read, is published, and can be told apart. */
export async function tableChecks(facts: Facts): Promise<readonly CheckResult[]> {
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
