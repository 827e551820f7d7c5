import { describe, expect, it } from 'vitest';
import {
  changeLayouts,
  imageChanged,
  keyChanged,
  type ChangeColumn,
  type ChangeLayouts,
} from '../../../runtime/change/change-layouts.ts';
import { transactionNode, type EnvelopeParts, type Op } from '../../../runtime/change/envelope.ts';
import { heartbeatLayout } from '../../../runtime/change/heartbeat.ts';
import { digits, text } from '../../../runtime/change/meta-codecs.ts';
import { TransactionCounts, transactionLayouts } from '../../../runtime/change/transaction.ts';
import { NULL_CELL, RowBlock, UNCHANGED_CELL } from '../../../runtime/record/row-block.ts';
import type { LayoutNode, RowLayout } from '../../../runtime/record/row-layout.ts';
import { OPTIONAL_STRING, STRING, structOf } from '../../../runtime/record/schema-builder.ts';

const column = (name: string, cell: number, optional: boolean): ChangeColumn => ({
  name,
  cell,
  codec: text,
  schema: optional ? OPTIONAL_STRING : STRING,
});
const id = column('id', 0, false);
const note = column('note', 1, true);
const source: LayoutNode = { kind: 'struct', schema: structOf([]), fields: [] };
const parts: EnvelopeParts = {
  source: () => ({ read: source, stream: source }),
  transaction: transactionNode(),
  eventUs: 0,
};

function layouts(
  changes: {
    tombstones?: boolean;
    skipped?: Op[];
    oldCells?: number[];
    columns?: ChangeColumn[];
    key?: ChangeColumn[];
  } = {},
): ChangeLayouts {
  return changeLayouts(
    {
      topic: 'p.public.t',
      name: 'p.public.t',
      sourceSchema: 'public',
      sourceTable: 't',
      metaCells: 1,
      width: 2,
      columns: changes.columns ?? [id, note],
      key: changes.key ?? [id],
      ...(changes.oldCells === undefined ? {} : { oldCells: new Set(changes.oldCells) }),
    },
    parts,
    { tombstones: changes.tombstones ?? true, skipped: new Set(changes.skipped), headers: [] },
  );
}

/** Key and value of one row of `layout` with these cells after the meta cell. */
function row(
  layout: RowLayout | null,
  cells: readonly (string | null)[],
): { key: unknown; value: unknown; headers: unknown } {
  if (layout === null) throw new Error('no layout');
  const arena = Buffer.from(`1764000000000000${cells.join('')}`);
  const block = new RowBlock(arena);
  block.begin(layout, -1);
  block.cell(0, 16);
  let at = 16;
  for (const cell of cells) {
    block.cell(at, cell === null ? NULL_CELL : cell.length);
    at += cell?.length ?? 0;
  }
  expect(block.cellCount).toBe(layout.cells);
  const read = (node: LayoutNode | null): unknown => (node === null ? null : plain(block.value(0, node)));
  return {
    key: read(layout.key),
    value: read(layout.value),
    headers: layout.headers.map(({ key, node }) => [key, read(node)]),
  };
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? Number(item) : item)));
}

const envelope = (op: Op, before: unknown, after: unknown): unknown => ({
  before,
  after,
  source: {},
  transaction: null,
  op,
  ts_ms: 1764000000000,
  ts_us: 1764000000000000,
  ts_ns: 1764000000000000000,
});

describe('change layouts', () => {
  it('show the new image of reads, creates and updates', () => {
    const made = layouts();
    for (const [op, layout] of [
      ['r', made.read],
      ['c', made.create],
      ['u', made.update],
    ] as const) {
      expect(row(layout, ['1', 'a'])).toEqual({
        key: { id: '1' },
        value: envelope(op, null, { id: '1', note: 'a' }),
        headers: [],
      });
    }
  });

  it('show both images of an update whose old one is known', () => {
    const { value, key } = row(layouts().updateWithBefore, ['1', 'a', '1', null]);
    expect(key).toEqual({ id: '1' });
    expect(value).toEqual(envelope('u', { id: '1', note: 'a' }, { id: '1', note: null }));
  });

  it('show the old image of a delete, and a tombstone on the same cells', () => {
    const made = layouts();
    expect(row(made.delete, ['1', null])).toEqual({
      key: { id: '1' },
      value: envelope('d', { id: '1', note: null }, null),
      headers: [],
    });
    expect(row(made.tombstone, ['1', null])).toEqual({ key: { id: '1' }, value: null, headers: [] });
  });

  it('show a key change as delete, tombstone and create that name each other’s key', () => {
    const { keyChange } = layouts();
    const cells = ['1', null, '2', 'a'];
    expect(row(keyChange.delete, cells)).toEqual({
      key: { id: '1' },
      value: envelope('d', { id: '1', note: null }, null),
      headers: [['__debezium.newkey', { id: '2' }]],
    });
    expect(row(keyChange.tombstone, cells)).toEqual({
      key: { id: '1' },
      value: null,
      headers: [['__debezium.newkey', { id: '2' }]],
    });
    expect(row(keyChange.create, cells)).toEqual({
      key: { id: '2' },
      value: envelope('c', null, { id: '2', note: 'a' }),
      headers: [['__debezium.oldkey', { id: '1' }]],
    });
  });

  it('show a truncate without key and images', () => {
    expect(row(layouts().truncate, [])).toEqual({ key: null, value: envelope('t', null, null), headers: [] });
  });

  it('leave out skipped operations; a key change goes with the updates', () => {
    const made = layouts({ skipped: ['t', 'd', 'r'] });
    expect([made.read, made.delete, made.tombstone, made.truncate]).toEqual([null, null, null, null]);
    expect(made.keyChange.delete).not.toBeNull();
    const { keyChange, update } = layouts({ skipped: ['u'] });
    expect([update, keyChange.delete, keyChange.tombstone, keyChange.create]).toEqual([null, null, null, null]);
  });

  it('leave out tombstones when they are off', () => {
    const made = layouts({ tombstones: false });
    expect([made.tombstone, made.keyChange.tombstone]).toEqual([null, null]);
  });

  it('have no key where the table has none', () => {
    const made = layouts({ key: [] });
    expect(made.keySchema).toBeNull();
    expect(row(made.tombstone, ['1', null]).key).toBeNull();
  });

  it('make the fields that an old image leaves out optional there, and only there', () => {
    const required = column('note', 1, false);
    const made = layouts({ columns: [id, required], oldCells: [0] });
    const [before, after] = made.envelope.fields ?? [];
    expect(before?.schema.name).toBe('p.public.t.Before');
    expect(before?.schema.fields?.map(({ schema }) => schema.optional)).toEqual([false, true]);
    expect(after?.schema.fields?.map(({ schema }) => schema.optional)).toEqual([false, false]);
  });

  it('have one schema for both images where the old one may be null anyway', () => {
    const [before, after] = layouts({ oldCells: [0] }).envelope.fields ?? [];
    expect(before?.schema).toBe(after?.schema);
  });

  it('show a constant in place of a masked column', () => {
    const made = layouts({ columns: [id, { ...note, constant: '***' }] });
    expect(row(made.create, ['1', null]).value).toEqual(envelope('c', null, { id: '1', note: '***' }));
  });
});

describe('comparing images', () => {
  const block = new RowBlock(Buffer.from('1a1b22'));
  // old: 1 a, new: 1 b, new: 2 NULL, new: UNCHANGED UNCHANGED
  for (const [at, length] of [
    [0, 1],
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 1],
    [0, NULL_CELL],
    [0, UNCHANGED_CELL],
    [0, UNCHANGED_CELL],
  ] as const) {
    block.cell(at, length);
  }

  it('finds a changed key by its bytes', () => {
    expect(keyChanged(block, 0, 2, [id])).toBe(false);
    expect(keyChanged(block, 0, 4, [id])).toBe(true);
  });

  it('takes an unchanged cell for equal', () => {
    expect(imageChanged(block, 0, 6, [id, note])).toBe(false);
    expect(imageChanged(block, 0, 2, [id, note])).toBe(true);
  });

  it('tells NULL from a value', () => {
    expect(imageChanged(block, 0, 4, [note])).toBe(true);
  });
});

describe('side records', () => {
  it('count events by table in the order of their first', () => {
    const counts = new TransactionCounts();
    expect([counts.count('public.b'), counts.count('public.a'), counts.count('public.b')]).toEqual([1, 1, 2]);
    expect(counts.total).toBe(3);
    expect(counts.collections()).toBe(
      '[{"data_collection":"public.b","event_count":2},{"data_collection":"public.a","event_count":1}]',
    );
  });

  it('begin and end a transaction', () => {
    const { begin, end } = transactionLayouts('p.transaction');
    const block = new RowBlock(Buffer.from('5:917640000000000002[{"data_collection":"a.b","event_count":2}]'));
    block.begin(begin, -1);
    block.cell(0, 3);
    block.cell(3, 16);
    block.begin(end, -1);
    for (const [at, length] of [
      [0, 3],
      [3, 16],
      [19, 1],
      [20, 43],
    ] as const)
      block.cell(at, length);
    const value = (index: number, node: LayoutNode | null): unknown =>
      node === null ? null : plain(block.value(index, node));
    expect(value(0, begin.value)).toEqual({
      status: 'BEGIN',
      id: '5:9',
      event_count: null,
      data_collections: null,
      ts_ms: 1764000000000,
    });
    expect(value(1, end.value)).toEqual({
      status: 'END',
      id: '5:9',
      event_count: 2,
      data_collections: [{ data_collection: 'a.b', event_count: 2 }],
      ts_ms: 1764000000000,
    });
    expect(value(1, end.key)).toEqual({ id: '5:9' });
  });

  it('beat with the server’s name as key', () => {
    const layout = heartbeatLayout('__debezium-heartbeat.p', 'p');
    const block = new RowBlock(Buffer.from('1764000000000000'));
    block.begin(layout, -1);
    block.cell(0, 16);
    expect(layout.key === null ? null : plain(block.value(0, layout.key))).toEqual({ serverName: 'p' });
    expect(layout.value === null ? null : plain(block.value(0, layout.value))).toEqual({ ts_ms: 1764000000000 });
  });

  it('read digits as numbers of 64 bits', () => {
    const bytes = Buffer.from('18446744073709551615');
    expect(digits.value(bytes, 0, bytes.length)).toBe(18446744073709551615n);
  });
});
