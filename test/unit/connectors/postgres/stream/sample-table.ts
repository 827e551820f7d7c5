import type { Table } from '../../../../../connectors/postgres/catalog/table.ts';
import { RowFactory } from '../../../../../connectors/postgres/row/table-rows.ts';
import type { Relation } from '../../../../../connectors/postgres/stream/relation.ts';
import { usualRowOptions } from '../row/usual-row-options.ts';

const factory = new RowFactory(
  { ...usualRowOptions, tombstones: false, skipped: new Set() },
  { database: 'd', taskId: 0, runId: 'r', version: 'v' },
);

const text = { oid: 25, schema: 'pg_catalog', name: 'text', kind: 'b', binary: true } as const;
const column = (name: string, attnum: number) =>
  ({ name, attnum, type: text, typmod: -1, dimensions: 0, notNull: false, generated: false }) as const;
const table: Table = {
  oid: 9,
  schema: 's',
  name: 't',
  partitioned: false,
  leaves: [],
  columns: [column('k', 1), column('v', 2)],
  key: [0],
  replicaIdentity: 'd',
  identity: [0],
  fingerprint: 'f',
};
/** As the stream describes it. */
export const relation: Relation = {
  oid: 9,
  schema: 's',
  name: 't',
  replicaIdentity: 'd',
  columns: [
    { name: 'k', typeOid: 25, typmod: -1, identity: true },
    { name: 'v', typeOid: 25, typmod: -1, identity: false },
  ],
};
/** Its rows: key `k`, value `v`, both text; no tombstones. */
export const rows = factory.rows(table, 'text');
