import type { CanonicalForm } from '../../../runtime/connector/truth.ts';
import { baseType, type Column } from '../catalog/table.ts';

/** How a column is compared: its form, and the SQL that prints a value in it (not null). */
interface CanonicalColumn {
  readonly form: CanonicalForm;
  readonly sql: (reference: string) => string;
}

const text = (form: CanonicalForm): CanonicalColumn => ({ form, sql: (c) => `format('%s', ${c})` });

const MICROS_OF_TIMESTAMP: CanonicalColumn = {
  form: 'micros',
  sql: (c) =>
    `case when isfinite(${c}) then trunc(extract(epoch from ${c}) * 1000000)::bigint::text else format('%s', ${c}) end`,
};

const BY_NAME: Readonly<Record<string, CanonicalColumn>> = {
  int2: text('integer'),
  int4: text('integer'),
  int8: text('integer'),
  oid: text('integer'),
  bool: { form: 'boolean', sql: (c) => `case when ${c} then 'true' else 'false' end` },
  float4: { form: 'float', sql: (c) => `encode(float4send(${c}), 'hex')` },
  float8: { form: 'double', sql: (c) => `encode(float8send(${c}), 'hex')` },
  numeric: { form: 'decimal', sql: (c) => `trim_scale(${c})::text` },
  bytea: { form: 'bytes', sql: (c) => `encode(${c}, 'hex')` },
  date: {
    form: 'days',
    sql: (c) =>
      `case ${c} when 'infinity' then '2147483647' when '-infinity' then '-2147483648' else (${c} - date '1970-01-01')::text end`,
  },
  time: { form: 'micros', sql: (c) => `trunc(extract(epoch from ${c}) * 1000000)::bigint::text` },
  timestamp: MICROS_OF_TIMESTAMP,
  timestamptz: MICROS_OF_TIMESTAMP,
  ...Object.fromEntries(
    [
      'text',
      'varchar',
      'bpchar',
      'char',
      'name',
      'uuid',
      'json',
      'jsonb',
      'xml',
      'inet',
      'cidr',
      'macaddr',
      'macaddr8',
      'citext',
      'ltree',
      'tsvector',
      'tsquery',
    ].map((name) => [name, text('text')]),
  ),
};

/** The canonical form of a column's type; undefined where none is defined yet. */
export function canonicalColumn(column: Column): CanonicalColumn | undefined {
  const { type } = baseType(column);
  if (type.kind === 'e' || type.kind === 'r') return text('text');
  return BY_NAME[type.name];
}
