import { MillraceError } from '../../../runtime/record/error.ts';
import type { CatalogReader } from '../catalog/catalog-reader.ts';
import { oidArray } from '../catalog/catalog-sql.ts';
import { tableName } from '../catalog/table.ts';

/**
 * How a publication comes to publish a table: `<publication oid>:<oids of its entries for the table
 * or a parent>`, no entries where it publishes all tables or schemas; empty: it does not publish the
 * table. A publication or entry made anew has another oid, so a time without it shows afterwards.
 */
export type Membership = string;

export interface PublishedTable {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly membership: Membership;
}

const MEMBERSHIP_SQL = `SELECT c.oid, n.nspname AS schema, c.relname AS name, p.oid AS publication,
  (SELECT string_agg(r.oid::text, ',' ORDER BY r.oid) FROM pg_publication_rel r WHERE r.prpubid = p.oid
    AND (r.prrelid = c.oid OR r.prrelid IN (SELECT a.relid FROM pg_partition_ancestors(c.oid) a))) AS entries
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_publication p ON p.pubname = $1 AND EXISTS (SELECT 1 FROM pg_publication_tables t
  WHERE t.pubname = p.pubname AND t.schemaname = n.nspname AND t.tablename = c.relname)
WHERE c.oid = ANY($2::oid[])`;

/** The tables of these oids that exist, as the publication has them now. */
export async function readMemberships(
  reader: CatalogReader,
  publication: string,
  oids: Iterable<number>,
): Promise<readonly PublishedTable[]> {
  const rows = await reader.query(`reading the publication ${publication}`, MEMBERSHIP_SQL, [
    publication,
    oidArray(oids),
  ]);
  return rows.map((row) => ({
    oid: Number(row['oid']),
    schema: row['schema'] ?? '',
    name: row['name'] ?? '',
    membership: typeof row['publication'] !== 'string' ? '' : `${row['publication']}:${row['entries'] ?? ''}`,
  }));
}

/** The table was published all the time between the two. Pure. */
export function keptPublished(before: Membership, now: Membership): boolean {
  const [publication, entries] = parts(before);
  const [publicationNow, entriesNow] = parts(now);
  if (publication === '' || publication !== publicationNow) return false;
  return entries.length === 0 || entries.some((entry) => entriesNow.includes(entry));
}

function parts(membership: Membership): readonly [string, readonly string[]] {
  const [publication = '', entries = ''] = membership.split(':');
  return [publication, entries === '' ? [] : entries.split(',')];
}

/**
 * Sees that what a publication published at the start is published still: pgoutput leaves out the
 * changes of other tables without a word.
 */
export class PublicationWatch {
  readonly #reader: CatalogReader;
  readonly #publication: string;
  readonly #captures: (schema: string, table: string) => boolean;
  readonly #before: ReadonlyMap<number, Membership>;

  constructor(
    reader: CatalogReader,
    publication: string,
    captures: (schema: string, table: string) => boolean,
    before: ReadonlyMap<number, Membership>,
  ) {
    this.#reader = reader;
    this.#publication = publication;
    this.#captures = captures;
    this.#before = new Map([...before].filter(([, membership]) => membership !== ''));
  }

  /** A `position` error that names the tables whose changes are missing; undefined: none are. */
  async gap(): Promise<MillraceError | undefined> {
    const now = await readMemberships(this.#reader, this.#publication, this.#before.keys());
    const lost = now.filter(
      ({ oid, schema, name, membership }) =>
        this.#captures(schema, name) && !keptPublished(this.#before.get(oid) ?? '', membership),
    );
    return lost.length === 0 ? undefined : publicationGap(this.#publication, lost.map(tableName));
  }
}

function publicationGap(publication: string, tables: readonly string[]): MillraceError {
  return new MillraceError(
    'POSTGRES_PUBLICATION_GAP',
    `the publication ${publication} was dropped, or these tables were taken out of it, while they were streamed: ${tables.join(', ')}. Changes since then are missing`,
    {
      kind: 'position',
      key: 'publication.name',
      remedy: `Restore the publication (ALTER PUBLICATION ${publication} ADD TABLE …; autocreate does it at the start) and restart the connector: it reads these tables again. With snapshot.mode=no_data take an incremental snapshot of them (signal execute-snapshot).`,
    },
  );
}
