/*
 * What is read of the system catalogues (PostgreSQL 14 to 18). Parameters are arrays of OIDs as
 * text (`{1,2}`), so that one statement serves one table or ten thousand.
 */

/** Permanent tables and partitioned tables outside the system schemas; null: all. */
export const TABLES = `
SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind AS kind, c.relreplident AS identity,
  (SELECT i.inhparent FROM pg_inherits i WHERE c.relispartition AND i.inhrelid = c.oid) AS parent
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'p'
  AND n.nspname <> 'information_schema' AND left(n.nspname, 3) <> 'pg_'
  AND ($1::oid[] IS NULL OR c.oid = ANY ($1::oid[]))
ORDER BY n.nspname, c.relname`;

export const COLUMNS = `
SELECT a.attrelid AS "table", a.attname AS name, a.attnum, a.atttypid AS type, a.atttypmod AS typmod,
  a.attndims AS dimensions, a.attnotnull AS "notNull", a.attgenerated <> '' AS generated,
  CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END AS "default"
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum`;

/** Unique indexes over plain columns that hold for all rows, the primary key first. */
export const KEYS = `
SELECT i.indrelid AS "table", i.indisprimary AS "primary", i.indisreplident AS identity,
  array_to_json((i.indkey::int2[])[0:i.indnkeyatts - 1]) AS attnums
FROM pg_index i
WHERE i.indrelid = ANY ($1::oid[]) AND i.indisunique AND i.indislive AND i.indimmediate
  AND i.indpred IS NULL AND i.indexprs IS NULL
ORDER BY i.indrelid, i.indisprimary DESC, i.indexrelid`;

/** Types with all the types they are made of. */
export const TYPES = `
WITH RECURSIVE need (oid) AS (
  SELECT unnest($1::oid[])
  UNION
  SELECT part.oid FROM need JOIN pg_type t ON t.oid = need.oid CROSS JOIN LATERAL (
    SELECT t.typelem AS oid WHERE t.typelem <> 0
    UNION ALL SELECT t.typbasetype WHERE t.typbasetype <> 0
    UNION ALL SELECT r.rngsubtype FROM pg_range r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)
    UNION ALL SELECT a.atttypid FROM pg_attribute a
      WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
  ) AS part
)
SELECT t.oid, n.nspname AS schema, t.typname AS name, t.typtype AS kind, t.typsend <> 0 AS binary,
  CASE WHEN t.typsubscript = 'array_subscript_handler'::regproc THEN t.typelem END AS element,
  nullif(t.typbasetype, 0) AS base, t.typtypmod AS "baseTypmod", t.typndims AS dimensions,
  (SELECT r.rngsubtype FROM pg_range r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)) AS subtype,
  (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid) AS labels,
  (SELECT json_agg(json_build_object('name', a.attname, 'type', a.atttypid::int8, 'typmod', a.atttypmod)
      ORDER BY a.attnum) FROM pg_attribute a
    WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) AS attributes
FROM need JOIN pg_type t ON t.oid = need.oid JOIN pg_namespace n ON n.oid = t.typnamespace`;

/** An array parameter. */
export function oidArray(oids: Iterable<number>): string {
  return `{${[...oids].join(',')}}`;
}
