import { quoteLiteral } from '../../../../../connectors/postgres/quoting.ts';
import { describe, expect, test } from 'vitest';
import type { Column, PgType, Table } from '../../../../../connectors/postgres/catalog/table.ts';
import {
  copyChunk,
  copyWindow,
  relationName,
  rowKey,
  type Selection,
} from '../../../../../connectors/postgres/snapshot/chunk-sql.ts';
import { keyChunks, pageChunks, thinOut } from '../../../../../connectors/postgres/snapshot/snapshot-plan.ts';

const type = (name: string, oid: number): PgType => ({ oid, schema: 'pg_catalog', name, kind: 'b', binary: true });
const column = (name: string, of: PgType): Column => ({
  name,
  attnum: 1,
  type: of,
  typmod: -1,
  dimensions: 0,
  notNull: true,
  generated: false,
});
const table: Table = {
  oid: 1,
  schema: 'public',
  name: 'T "x"',
  partitioned: false,
  leaves: [],
  columns: [column('A', type('int4', 23)), column('b', type('text', 25)), column('c', type('int4', 23))],
  key: [1, 0],
  replicaIdentity: 'd',
  identity: [1, 0],
  fingerprint: 'f',
};
const selection: Selection = {
  table,
  relation: relationName(table),
  key: rowKey(table),
  wanted: [true, true, false],
};
const SELECT = 'COPY (SELECT t."A", t."b", NULL FROM ONLY "public"."T ""x""" AS t';
const END = ') TO STDOUT (FORMAT binary)';

describe('the statement of a chunk', () => {
  test('compares whole keys, by typed literals', () => {
    const [first, middle, last] = keyChunks([
      ["o'b", '1'],
      ['p\\', '2'],
    ]);
    const lower = `ROW(t."b", t."A") >= ROW('o''b'::"pg_catalog"."text", '1'::"pg_catalog"."int4")`;
    const upper = `ROW(t."b", t."A") < ROW('o''b'::"pg_catalog"."text", '1'::"pg_catalog"."int4")`;
    const next = `ROW( E'p\\\\'::"pg_catalog"."text", '2'::"pg_catalog"."int4")`;
    expect(copyChunk(selection, first ?? { kind: 'keys' })).toBe(`${SELECT} WHERE ${upper}${END}`);
    expect(copyChunk(selection, middle ?? { kind: 'keys' })).toBe(
      `${SELECT} WHERE ${lower} AND ROW(t."b", t."A") < ${next}${END}`,
    );
    expect(copyChunk(selection, last ?? { kind: 'keys' })).toBe(`${SELECT} WHERE ROW(t."b", t."A") >= ${next}${END}`);
  });

  test('reads pages of a heap, the last ones open', () => {
    const chunks = pageChunks([{ relation: 'ONLY "public"."p1"', pages: 5 }], 2, 5);
    expect(chunks.map((chunk) => copyChunk(selection, chunk))).toEqual([
      `COPY (SELECT t."A", t."b", NULL FROM ONLY "public"."p1" AS t WHERE t.ctid < '(3,0)'::tid${END}`,
      `COPY (SELECT t."A", t."b", NULL FROM ONLY "public"."p1" AS t WHERE t.ctid >= '(3,0)'::tid${END}`,
    ]);
  });

  test('reads an override and a filter in its place', () => {
    const own = { ...selection, override: 'SELECT * FROM v', filter: 'c > 1 OR c < 0' };
    expect(copyChunk(own, { kind: 'keys' })).toBe(
      `COPY (SELECT t."A", t."b", NULL FROM (SELECT * FROM v) AS t WHERE (c > 1 OR c < 0)${END}`,
    );
  });
});

describe('the statement of a window', () => {
  test('goes on after a key, in key order, with the key as the stream shows it', () => {
    const sql = copyWindow(selection, {
      kind: 'range',
      from: ['a', '1'],
      to: ['z', '9'],
      after: ['m', '5'],
      limit: 10,
    });
    expect(sql).toContain(`format('%s', t."b"), format('%s', t."A") FROM`);
    expect(sql).toContain(`ROW(t."b", t."A") > ROW('m'::"pg_catalog"."text", '5'::"pg_catalog"."int4") AND`);
    expect(sql).not.toContain("'a'::");
    expect(sql).toContain('ORDER BY t."b", t."A" LIMIT 10');
  });

  test('reads keys by name', () => {
    const sql = copyWindow(selection, { kind: 'keys', keys: [['a', '1']] });
    expect(sql).toContain(`WHERE ROW(t."b", t."A") IN (ROW('a'::"pg_catalog"."text", '1'::"pg_catalog"."int4")))`);
  });
});

test('a row is told apart by the index of its replica identity', () => {
  expect(rowKey({ ...table, replicaIdentity: 'i', identity: [2] })).toEqual([2]);
  expect(rowKey({ ...table, replicaIdentity: 'f', identity: [0, 1, 2] })).toEqual([1, 0]);
});

test('texts are quoted whatever they hold', () => {
  expect(quoteLiteral("a'b")).toBe("'a''b'");
  expect(quoteLiteral("a\\'b")).toBe(" E'a\\\\''b'");
});

test('bounds are left out until they are short enough', () => {
  const bounds = Array.from({ length: 1000 }, (_, i) => [`${i}`.padStart(1000, 'x')]);
  const kept = thinOut(bounds);
  expect(JSON.stringify(kept).length).toBeLessThanOrEqual(256 << 10);
  expect(kept.length).toBeGreaterThan(100);
});
