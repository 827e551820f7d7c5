import { createHash } from 'node:crypto';
import type { Table } from './table.ts';

/** Sixteen hex digits over what decides how a table's rows are read: see {@link Table.fingerprint}. */
export function fingerprint(table: Omit<Table, 'fingerprint'>): string {
  const described = [
    table.schema,
    table.name,
    table.replicaIdentity,
    table.columns.map(({ name, type, typmod }) => [name, type.oid, typmod]),
    table.key,
    table.identity,
  ];
  return createHash('sha256').update(JSON.stringify(described)).digest('hex').slice(0, 16);
}
