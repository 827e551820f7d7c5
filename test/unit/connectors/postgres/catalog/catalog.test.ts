import { describe, expect, it } from 'vitest';
import { Catalog } from '../../../../../connectors/postgres/catalog/catalog.ts';
import type { CatalogReader, TextRow } from '../../../../../connectors/postgres/catalog/catalog-reader.ts';
import { COLUMNS, KEYS, TABLES, TYPES } from '../../../../../connectors/postgres/catalog/catalog-sql.ts';
import type { Relation, RelationColumn } from '../../../../../connectors/postgres/stream/relation.ts';

type Row = Record<string, string | null>;

/** A catalogue whose answers are set by the test. */
class FakeCatalogue implements CatalogReader {
  identity = 'd';
  columns: Row[] = [column('id', 1, 23, true), column('code', 2, 25, true), column('v', 3, 16_400, false)];
  keys: Row[] = [key(true, [1])];
  readonly asked: string[] = [];

  query(doing: string, text: string): Promise<TextRow[]> {
    this.asked.push(doing);
    if (text === TABLES) {
      return Promise.resolve([
        { oid: '5', schema: 'public', name: 't', kind: 'r', identity: this.identity, parent: null },
      ]);
    }
    if (text === COLUMNS) return Promise.resolve(this.columns);
    if (text === KEYS) return Promise.resolve(this.keys);
    if (text === TYPES)
      return Promise.resolve([
        type('23', 'int4'),
        type('25', 'text'),
        { ...type('16400', 'mood'), kind: 'e', labels: '["sad","ok"]' },
      ]);
    throw new Error(text);
  }
}

function column(name: string, attnum: number, oid: number, notNull: boolean): Row {
  return {
    table: '5',
    name,
    attnum: String(attnum),
    type: String(oid),
    typmod: '-1',
    dimensions: '0',
    notNull: notNull ? 't' : 'f',
    generated: 'f',
    default: null,
  };
}

function key(primary: boolean, attnums: number[], identity = false): Row {
  return { table: '5', primary: primary ? 't' : 'f', identity: identity ? 't' : 'f', attnums: JSON.stringify(attnums) };
}

function type(oid: string, name: string): Row {
  return {
    oid,
    schema: 'pg_catalog',
    name,
    kind: 'b',
    binary: 't',
    element: null,
    base: null,
    subtype: null,
    labels: null,
    attributes: null,
  };
}

const described = (name: string, typeOid: number, identity = false): RelationColumn => ({
  name,
  typeOid,
  typmod: -1,
  identity,
});

function relation(columns: readonly RelationColumn[], changes: Partial<Relation> = {}): Relation {
  return { oid: 5, schema: 'public', name: 't', replicaIdentity: 'd', columns, ...changes };
}

const asLoaded = relation([described('id', 23, true), described('code', 25), described('v', 16_400)]);

async function loaded(catalogue = new FakeCatalogue()): Promise<{ catalog: Catalog; catalogue: FakeCatalogue }> {
  const catalog = new Catalog({});
  await catalog.load(catalogue);
  return { catalog, catalogue };
}

describe('the catalog', () => {
  it('answers the first message about a table it knows at once', async () => {
    const { catalog, catalogue } = await loaded();
    const before = catalogue.asked.length;
    expect(catalog.table(asLoaded)).toBe(catalog.get(5));
    expect(catalogue.asked).toHaveLength(before);
  });

  it('wants to look again at the second: something changed that the message may not show', async () => {
    const { catalog, catalogue } = await loaded();
    catalog.table(asLoaded);
    expect(catalog.table(asLoaded)).toBeUndefined();
    catalogue.columns = [column('id', 1, 23, true), column('code', 2, 25, false), column('v', 3, 16_400, true)];
    const table = await catalog.refresh(catalogue, asLoaded);
    expect(table.columns.map(({ notNull }) => notNull)).toEqual([true, false, true]);
  });

  it('wants to look where the message describes another table than it knows', async () => {
    const { catalog } = await loaded();
    expect(catalog.table(relation([described('id', 23, true)]))).toBeUndefined();
    expect(catalog.table({ ...asLoaded, replicaIdentity: 'f' })).toBeUndefined();
    expect(catalog.table({ ...asLoaded, name: 'renamed' })).toBeUndefined();
  });

  it('believes the message, and takes from the catalogue what fits it', async () => {
    const { catalog, catalogue } = await loaded();
    const older = relation([described('id', 23, true), described('old_name', 25), described('v', 16_400)]);
    const table = await catalog.refresh(catalogue, older);
    expect(table.columns.map(({ name, notNull, type }) => [name, notNull, type.name])).toEqual([
      ['id', true, 'int4'],
      ['old_name', false, 'text'],
      ['v', false, 'mood'],
    ]);
    expect(table.columns[2]?.type.labels).toEqual(['sad', 'ok']);
    expect([table.key, table.identity]).toEqual([[0], [0]]);
  });

  it('keeps the order of a key that the message only flags', async () => {
    const catalogue = new FakeCatalogue();
    catalogue.keys = [key(true, [2, 1])];
    const { catalog } = await loaded(catalogue);
    const narrower = relation([described('id', 23, true), described('code', 25, true)]);
    expect((await catalog.refresh(catalogue, narrower)).key).toEqual([1, 0]);
  });

  it('takes the flags for the key where the catalogue has another', async () => {
    const { catalog, catalogue } = await loaded();
    const other = relation([described('id', 23), described('code', 25, true)]);
    expect((await catalog.refresh(catalogue, other)).key).toEqual([1]);
  });

  it('shows a type that is gone as what it was: unknown', async () => {
    const { catalog, catalogue } = await loaded();
    const table = await catalog.refresh(catalogue, relation([described('id', 23, true), described('gone', 99_999)]));
    expect(table.columns[1]?.type).toMatchObject({ oid: 99_999, kind: 'p', binary: false });
  });

  it('has a fingerprint of what decides how rows are read', async () => {
    const { catalog, catalogue } = await loaded();
    const first = catalog.get(5)?.fingerprint;
    catalogue.columns = [column('id', 1, 23, true), column('code', 2, 25, false), column('v', 3, 16_400, false)];
    await catalog.load(catalogue);
    expect(catalog.get(5)?.fingerprint).toBe(first);
    catalogue.columns = [column('id', 1, 23, true), column('code2', 2, 25, true), column('v', 3, 16_400, false)];
    await catalog.load(catalogue);
    expect(catalog.get(5)?.fingerprint).not.toBe(first);
  });
});

describe('keys', () => {
  it.each([
    ['of the primary key, in its order', [key(true, [2, 1])], 'd', [1, 0], [1, 0]],
    ['of the first unique index without nullable columns', [key(false, [3]), key(false, [2])], 'd', [1], []],
    [
      'of the replica identity’s index where there is no primary key',
      [key(false, [1]), key(false, [2], true)],
      'i',
      [1],
      [1],
    ],
    ['of the primary key beside another identity', [key(true, [1]), key(false, [2], true)], 'i', [0], [1]],
    ['that no unique index gives', [], 'f', [], [0, 1, 2]],
    ['under an identity of nothing', [key(true, [1])], 'n', [0], []],
  ] as const)('%s', async (_what, keys, identity, expectedKey, expectedIdentity) => {
    const catalogue = new FakeCatalogue();
    catalogue.keys = [...keys];
    catalogue.identity = identity;
    const { catalog } = await loaded(catalogue);
    expect([catalog.get(5)?.key, catalog.get(5)?.identity]).toEqual([expectedKey, expectedIdentity]);
  });
});
