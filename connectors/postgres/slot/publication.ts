import type { Op } from '../../../runtime/change/envelope.ts';
import { matchesAny } from '../../../runtime/change/filters.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { messageOf } from '../../../runtime/record/thrown.ts';
import type { CatalogReader } from '../catalog/catalog-reader.ts';
import { tableName, type Table } from '../catalog/table.ts';
import { quoteIdentifier, quoteLiteral } from '../quoting.ts';
import { sqlState } from '../wire/backend-error.ts';
import type { PublishedTable } from './membership.ts';

export type AutocreateMode = 'all_tables' | 'disabled' | 'filtered' | 'no_tables';

export interface PublicationSettings {
  readonly name: string;
  /** `slot.name`: who a publication that is created belongs to, told by its comment. */
  readonly slot: string;
  /** `publication.autocreate.mode` */
  readonly mode: AutocreateMode;
  /** `publish.via.partition.root` */
  readonly viaRoot: boolean;
  /** `skipped.operations`: not published either. */
  readonly skipped: ReadonlySet<Op>;
  /** `replica.identity.autoset.values` */
  readonly replicaIdentities: string;
}

export interface PublicationState {
  readonly allTables: boolean;
  readonly viaRoot: boolean;
  /** `schema.table`, partitions as they are published. */
  readonly tables: ReadonlySet<string>;
  /** `c`, `u`, `d`, `t`. */
  readonly operations: ReadonlySet<Op>;
}

/** The publication as it is; undefined: there is none of that name. */
export async function readPublication(reader: CatalogReader, name: string): Promise<PublicationState | undefined> {
  const doing = `reading the publication ${name}`;
  const [row] = await reader.query(
    doing,
    'SELECT puballtables, pubviaroot, pubinsert, pubupdate, pubdelete, pubtruncate FROM pg_publication WHERE pubname = $1',
    [name],
  );
  if (row === undefined) return undefined;
  const tables = await reader.query(
    doing,
    'SELECT schemaname, tablename FROM pg_publication_tables WHERE pubname = $1',
    [name],
  );
  const flags: readonly [Op, string][] = [
    ['c', 'pubinsert'],
    ['u', 'pubupdate'],
    ['d', 'pubdelete'],
    ['t', 'pubtruncate'],
  ];
  return {
    allTables: row['puballtables'] === 't',
    viaRoot: row['pubviaroot'] === 't',
    tables: new Set(tables.map((table) => `${table['schemaname']}.${table['tablename']}`)),
    operations: new Set(flags.filter(([, column]) => row[column] === 't').map(([op]) => op)),
  };
}

/** The statement that makes the publication fit; undefined: it does, or must not be touched. Pure. */
export function publicationStatement(
  settings: PublicationSettings,
  captured: readonly Table[],
  now: PublicationState | undefined,
): string | undefined {
  const name = quoteIdentifier(settings.name);
  const list = captured.map((table) => `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`).join(', ');
  if (now !== undefined) {
    if (settings.mode !== 'filtered' || now.allTables || captured.length === 0) return undefined;
    const same = captured.length === now.tables.size && captured.every((table) => now.tables.has(tableName(table)));
    return same ? undefined : `ALTER PUBLICATION ${name} SET TABLE ${list}`;
  }
  const options = publicationOptions(settings);
  switch (settings.mode) {
    case 'all_tables':
      return `CREATE PUBLICATION ${name} FOR ALL TABLES${options}`;
    case 'filtered':
      if (captured.length === 0) throw noTables(settings.name);
      return `CREATE PUBLICATION ${name} FOR TABLE ${list}${options}`;
    case 'no_tables':
      return `CREATE PUBLICATION ${name}${options}`;
    case 'disabled':
      throw new MillraceError('POSTGRES_PUBLICATION_MISSING', `the publication ${settings.name} does not exist`, {
        kind: 'config',
        key: 'publication.name',
        remedy: `CREATE PUBLICATION ${name} FOR ${list === '' ? 'ALL TABLES' : `TABLE ${list}`}${options}; or set publication.autocreate.mode.`,
      });
  }
}

const PUBLISHED: readonly (readonly [Op, string])[] = [
  ['c', 'insert'],
  ['u', 'update'],
  ['d', 'delete'],
  ['t', 'truncate'],
];

/** Operations that a publication has to publish. */
export function neededOperations(skipped: ReadonlySet<Op>): ReadonlySet<Op> {
  return new Set(PUBLISHED.map(([op]) => op).filter((op) => !skipped.has(op)));
}

function publishWords(operations: ReadonlySet<Op>): string {
  return PUBLISHED.filter(([op]) => operations.has(op))
    .map(([, word]) => word)
    .join(', ');
}

/** Operations that the publication leaves out, as a warning; null: none. Pure. */
export function operationsText(
  { name, skipped }: PublicationSettings,
  { operations }: PublicationState,
): string | null {
  const needed = neededOperations(skipped);
  const missing = needed.difference(operations);
  if (missing.size === 0) return null;
  return `the publication ${name} does not publish ${publishWords(missing)}, so these make no records. ALTER PUBLICATION ${name} SET (publish = '${publishWords(needed.union(operations))}'), or name them in skipped.operations`;
}

/** Captured tables with a row filter or a column list, as a warning; null: none. Pure. */
export function narrowedText(name: string, captured: readonly PublishedTable[]): string | null {
  const narrowed = captured.filter((table) => table.narrowed).map(tableName);
  if (narrowed.length === 0) return null;
  return `the publication ${name} has a row filter or column list for ${narrowed.join(', ')}: the stream leaves out what the snapshot reads`;
}

function publicationOptions({ skipped, viaRoot }: PublicationSettings): string {
  const publish = publishWords(neededOperations(skipped));
  return ` WITH (publish = '${publish}'${viaRoot ? ', publish_via_partition_root = true' : ''})`;
}

function noTables(name: string): MillraceError {
  return new MillraceError('POSTGRES_NO_TABLES', `the publication ${name} cannot be created: no table is captured`, {
    kind: 'config',
    key: 'table.include.list',
    remedy:
      'Let table.include.list and schema.include.list match a table, or use publication.autocreate.mode=no_tables.',
  });
}

/** How often the publication is looked at again because another connector changed it at the same time. */
const LOOKS = 5;

/** Makes the publication fit the settings. Returns what was run, if anything. */
export async function ensurePublication(
  reader: CatalogReader,
  settings: PublicationSettings,
  captured: readonly Table[],
): Promise<string | undefined> {
  for (let look = 1; ; look++) {
    const now = await readPublication(reader, settings.name);
    const statement = publicationStatement(settings, captured, now);
    if (statement === undefined) return undefined;
    try {
      await changePublication(reader, settings, statement, now === undefined);
      return statement;
    } catch (error) {
      if (look === LOOKS || !anotherWasFaster(error)) throw publicationRefused(statement, error);
    }
  }
}

async function changePublication(
  reader: CatalogReader,
  { name, slot }: PublicationSettings,
  statement: string,
  creates: boolean,
): Promise<void> {
  await reader.query(`${creates ? 'creating' : 'changing'} the publication ${name}`, statement);
  if (!creates) return;
  const comment = `COMMENT ON PUBLICATION ${quoteIdentifier(name)} IS ${quoteLiteral(madeFor(slot))}`;
  await reader.query(`marking the publication ${name}`, comment);
}

const DUPLICATE_OBJECT = '42710';
const UNIQUE_VIOLATION = '23505';
const INTERNAL_ERROR = 'XX000';

/** Somebody else created or changed it since we looked: connectors of one publication that start together. */
function anotherWasFaster(error: unknown): boolean {
  const state = sqlState(error);
  if (state === INTERNAL_ERROR) return /tuple concurrently (?:updated|deleted)/.test(messageOf(error));
  return state === DUPLICATE_OBJECT || state === UNIQUE_VIOLATION;
}

function publicationRefused(statement: string, cause: unknown): unknown {
  if (!(cause instanceof MillraceError) || cause.kind !== 'permission') return cause;
  return new MillraceError('POSTGRES_PUBLICATION_DENIED', cause.message, {
    kind: 'permission',
    key: 'publication.autocreate.mode',
    remedy: `Run as a superuser: ${statement}; or set publication.autocreate.mode=filtered and let the role own the tables and CREATE in the database.`,
    cause,
  });
}

/** Captured tables that the publication leaves out. */
export function unpublished(captured: readonly Table[], publication: PublicationState): readonly string[] {
  const leaves = new Set(captured.flatMap((table) => (publication.viaRoot ? table.leaves : [])));
  return captured
    .filter((table) => !leaves.has(table.oid) && (publication.viaRoot || !table.partitioned))
    .map(tableName)
    .filter((name) => !publication.tables.has(name));
}

function madeFor(slot: string): string {
  return `made by millrace for the replication slot ${slot}`;
}

/** Drops a publication that was created for this slot; false: there is none, or somebody else made it. */
export async function dropPublication(reader: CatalogReader, name: string, slot: string): Promise<boolean> {
  const [row] = await reader.query(
    `reading the publication ${name}`,
    "SELECT obj_description(oid, 'pg_publication') AS comment FROM pg_publication WHERE pubname = $1",
    [name],
  );
  if (row?.['comment'] !== madeFor(slot)) return false;
  await reader.query(`dropping the publication ${name}`, `DROP PUBLICATION ${quoteIdentifier(name)}`);
  return true;
}

/** `replica.identity.autoset.values`: statements for the tables whose replica identity differs. Pure. */
export function replicaIdentityStatements(text: string, captured: readonly Table[]): readonly string[] {
  const rules = text
    .split(',')
    .map((rule) => rule.trim())
    .filter((rule) => rule !== '')
    .map(identityRule);
  return captured.flatMap((table) => {
    const rule = rules.find((each) => each.table(tableName(table)));
    if (rule === undefined || (rule.identity !== 'i' && table.replicaIdentity === rule.identity)) return [];
    const name = `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`;
    return [`ALTER TABLE ${name} REPLICA IDENTITY ${rule.sql}`];
  });
}

function identityRule(rule: string) {
  const [, table = '', word = '', index = ''] = /^(.+):\s*(DEFAULT|FULL|NOTHING|INDEX)(?:\s+(\S+))?$/i.exec(rule) ?? [];
  const sql = word.toUpperCase();
  if (table === '' || (sql === 'INDEX') !== (index !== '')) {
    throw new MillraceError(
      'POSTGRES_REPLICA_IDENTITY_INVALID',
      `replica.identity.autoset.values: "${rule}" is not <schema.table>:<DEFAULT|FULL|NOTHING|INDEX name>`,
      {
        kind: 'config',
        key: 'replica.identity.autoset.values',
        remedy: 'Write for example public.orders:FULL,public.items:INDEX items_sku_key.',
      },
    );
  }
  return {
    table: matchesAny([table.trim()], 'replica.identity.autoset.values'),
    identity: sql === 'INDEX' ? 'i' : sql.charAt(0).toLowerCase(),
    sql: sql === 'INDEX' ? `USING INDEX ${quoteIdentifier(index)}` : sql,
  };
}
