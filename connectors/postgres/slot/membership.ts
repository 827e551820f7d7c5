import type { Op } from '../../../runtime/change/envelope.ts';
import type { CatalogReader } from '../catalog/catalog-reader.ts';

/**
 * How a publication comes to publish a table:
 *
 *     <publication oid>:<oids of its entries for the table or a parent>:<version of its options>:<operations>
 *
 * No entries where it publishes all tables or schemas; empty: it does not publish the table. A
 * publication or entry made anew has another oid, and options that were altered another version, so
 * a time without it shows afterwards. Stored in offsets; older ones have the first two parts only.
 */
export type Membership = string;

export interface PublishedTable {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly membership: Membership;
  /** A partitioned table: what is published are its leaves, or it for them. */
  readonly partitioned: boolean;
  /** Of a partition: the partitioned table above all. */
  readonly root: number | undefined;
  /** The publication sends partitions' rows as their root's. */
  readonly viaRoot: boolean;
  /** The publication leaves out some of its rows or columns. */
  readonly narrowed: boolean;
}

/**
 * The publication's version is what wrote its options last: the row's xmin. No part is looked for
 * once a table over all others: there may be ten thousand of them.
 */
const MEMBERSHIP_SQL = `
WITH publication AS MATERIALIZED (SELECT p.*, p.xmin AS version FROM pg_publication p WHERE p.pubname = $1),
published AS MATERIALIZED (
  SELECT DISTINCT g.relid FROM publication p CROSS JOIN LATERAL pg_get_publication_tables(p.pubname) g),
entry AS MATERIALIZED (
  SELECT r.prrelid, r.oid, to_jsonb(r) ->> 'prqual' IS NOT NULL OR to_jsonb(r) ->> 'prattrs' IS NOT NULL AS narrowed
  FROM publication p JOIN pg_publication_rel r ON r.prpubid = p.oid)
SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind = 'p' AS partitioned,
  CASE WHEN c.relispartition THEN pg_partition_root(c.oid) END::oid AS root,
  t.relid IS NOT NULL AS published, p.oid AS publication, p.version, p.pubviaroot AS "viaRoot",
  concat(CASE WHEN p.pubinsert THEN 'c' END, CASE WHEN p.pubupdate THEN 'u' END,
    CASE WHEN p.pubdelete THEN 'd' END, CASE WHEN p.pubtruncate THEN 't' END) AS operations,
  CASE WHEN c.relispartition THEN (SELECT string_agg(r.oid::text, ',' ORDER BY r.oid)
    FROM pg_partition_ancestors(c.oid) a JOIN pg_publication_rel r ON r.prrelid = a.relid AND r.prpubid = p.oid)
  ELSE e.oid::text END AS entries,
  e.narrowed
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN publication p ON true LEFT JOIN published t ON t.relid = c.oid LEFT JOIN entry e ON e.prrelid = c.oid
WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'p'
  AND n.nspname <> 'information_schema' AND left(n.nspname, 3) <> 'pg_'
ORDER BY n.nspname, c.relname`;

/** All permanent tables, as the publication has them now. */
export async function readMemberships(reader: CatalogReader, publication: string): Promise<readonly PublishedTable[]> {
  const rows = await reader.query(`reading the publication ${publication}`, MEMBERSHIP_SQL, [publication]);
  return rows.map((row) => ({
    oid: Number(row['oid']),
    schema: row['schema'] ?? '',
    name: row['name'] ?? '',
    membership:
      row['published'] === 't'
        ? `${row['publication']}:${row['entries'] ?? ''}:${row['version']}:${row['operations'] ?? ''}`
        : '',
    partitioned: row['partitioned'] === 't',
    root: typeof row['root'] === 'string' ? Number(row['root']) : undefined,
    viaRoot: row['viaRoot'] === 't',
    narrowed: row['narrowed'] === 't',
  }));
}

/** The table was published all the time between the two, with all that is needed and was before. Pure. */
export function keptPublished(before: Membership, now: Membership, needed: ReadonlySet<Op>): boolean {
  const then = parts(before);
  const today = parts(now);
  if (then.publication === '' || then.publication !== today.publication) return false;
  if (then.entries.length > 0 && !then.entries.some((entry) => today.entries.includes(entry))) return false;
  return [...then.operations].every((op) => !needed.has(op) || today.operations.has(op));
}

/** Operations that are needed are published, and were not before. Pure. */
export function gainedOperations(before: Membership, now: Membership, needed: ReadonlySet<Op>): boolean {
  const then = parts(before);
  return then.version !== '' && [...parts(now).operations].some((op) => needed.has(op) && !then.operations.has(op));
}

/** The publication's options were altered in between, whatever they are now. Pure. */
export function alteredOptions(before: Membership, now: Membership): boolean {
  const then = parts(before);
  const today = parts(now);
  return then.version !== '' && then.publication === today.publication && then.version !== today.version;
}

/** The publication names the table or a parent: it may have had rows before it did. Pure. */
export function isNamed(membership: Membership): boolean {
  return parts(membership).entries.length > 0;
}

function parts(membership: Membership): {
  readonly publication: string;
  readonly entries: readonly string[];
  readonly version: string;
  readonly operations: ReadonlySet<Op>;
} {
  const [publication = '', entries = '', version = '', operations = ''] = membership.split(':');
  return {
    publication,
    entries: entries === '' ? [] : entries.split(','),
    version,
    operations: new Set(['c', 'u', 'd', 't'].filter((op): op is Op => operations.includes(op))),
  };
}
