import { describe, expect, test } from 'vitest';
import type { Table } from '../../../../../connectors/postgres/catalog/table.ts';
import {
  publicationStatement,
  replicaIdentityStatements,
  unpublished,
  type PublicationSettings,
  type PublicationState,
} from '../../../../../connectors/postgres/slot/publication.ts';

const table = (name: string, more: Partial<Table> = {}): Table => ({
  oid: name.length,
  schema: 'public',
  name,
  partitioned: false,
  leaves: [],
  columns: [],
  key: [],
  replicaIdentity: 'd',
  identity: [],
  fingerprint: '',
  ...more,
});
const settings: PublicationSettings = {
  name: 'pub',
  slot: 'slot',
  mode: 'all_tables',
  viaRoot: false,
  skipped: new Set(['t']),
  replicaIdentities: '',
};
const state = (tables: readonly string[], more: Partial<PublicationState> = {}): PublicationState => ({
  allTables: false,
  viaRoot: false,
  tables: new Set(tables),
  operations: new Set(['c', 'u', 'd']),
  ...more,
});
const orders = table('orders');
const odd = table('odd "name"');

describe('the publication', () => {
  test.each([
    ['all_tables', 'CREATE PUBLICATION "pub" FOR ALL TABLES WITH (publish = \'insert, update, delete\')'],
    [
      'filtered',
      'CREATE PUBLICATION "pub" FOR TABLE "public"."orders", "public"."odd ""name""" WITH (publish = \'insert, update, delete\')',
    ],
    ['no_tables', 'CREATE PUBLICATION "pub" WITH (publish = \'insert, update, delete\')'],
  ] as const)('%s creates it', (mode, statement) => {
    expect(publicationStatement({ ...settings, mode }, [orders, odd], undefined)).toBe(statement);
  });

  test('disabled names the statement to run', () => {
    expect(() => publicationStatement({ ...settings, mode: 'disabled' }, [orders], undefined)).toThrow(
      expect.objectContaining({ code: 'POSTGRES_PUBLICATION_MISSING', key: 'publication.name' }),
    );
  });

  test('a filtered one follows the captured tables; others are left alone', () => {
    const filtered = { ...settings, mode: 'filtered' } as const;
    expect(publicationStatement(filtered, [orders], state(['public.orders']))).toBeUndefined();
    expect(publicationStatement(filtered, [orders], state(['public.old']))).toBe(
      'ALTER PUBLICATION "pub" SET TABLE "public"."orders"',
    );
    expect(publicationStatement(filtered, [orders], state([], { allTables: true }))).toBeUndefined();
    expect(publicationStatement(settings, [orders], state([]))).toBeUndefined();
    expect(() => publicationStatement(filtered, [], undefined)).toThrow(
      expect.objectContaining({ code: 'POSTGRES_NO_TABLES' }),
    );
  });

  test('skipped operations and the partition root go into it', () => {
    const more = { ...settings, viaRoot: true, skipped: new Set(['c', 'd'] as const) };
    expect(publicationStatement(more, [], undefined)).toBe(
      'CREATE PUBLICATION "pub" FOR ALL TABLES WITH (publish = \'update, truncate\', publish_via_partition_root = true)',
    );
  });

  test('tables it leaves out are found, partitions by their root where that is published', () => {
    const root = table('root', { partitioned: true, oid: 1, leaves: [2] });
    const leaf = table('leaf', { oid: 2 });
    expect(unpublished([orders], state([]))).toEqual(['public.orders']);
    expect(unpublished([root, leaf], state(['public.leaf']))).toEqual([]);
    expect(unpublished([root, leaf], state(['public.root'], { viaRoot: true }))).toEqual([]);
  });
});

describe('replica identities', () => {
  test('are set where they differ', () => {
    const full = table('full', { replicaIdentity: 'f' });
    expect(replicaIdentityStatements('public.o.*:FULL, public.full:FULL', [orders, full])).toEqual([
      'ALTER TABLE "public"."orders" REPLICA IDENTITY FULL',
    ]);
    expect(replicaIdentityStatements('public.orders:INDEX orders_no', [orders])).toEqual([
      'ALTER TABLE "public"."orders" REPLICA IDENTITY USING INDEX "orders_no"',
    ]);
  });

  test.each(['public.orders', 'public.orders:SOME', 'public.orders:INDEX', 'public.orders:FULL x', ':FULL'])(
    '"%s" is refused by its key',
    (text) => {
      expect(() => replicaIdentityStatements(text, [orders])).toThrow(
        expect.objectContaining({ kind: 'config', key: 'replica.identity.autoset.values' }),
      );
    },
  );
});
