import { beforeEach, describe, expect, test } from 'vitest';
import type { Column } from '../../../../../../connectors/mysql/catalog/table.ts';
import type { StreamPlace } from '../../../../../../connectors/mysql/offset.ts';
import { META_CELLS } from '../../../../../../connectors/mysql/row/source-block.ts';
import type { TableRows } from '../../../../../../connectors/mysql/row/table-rows.ts';
import { covers } from '../../../../../../connectors/mysql/snapshot/window/chunk-place.ts';
import { StreamWindows, type Window } from '../../../../../../connectors/mysql/snapshot/window/stream-windows.ts';
import { NULL_CELL, RowBlock, UNCHANGED_CELL } from '../../../../../../runtime/record/row-block.ts';
import type { RowLayout } from '../../../../../../runtime/record/row-layout.ts';

const column = { type: 'char', charset: 'utf8mb4', length: 9, notNull: true, labels: [] } as unknown as Column;
const rows = {
  table: {
    database: 'd',
    name: 't',
    columns: [
      { ...column, name: 'k' },
      { ...column, name: 'v' },
    ],
    key: [0],
  },
  collection: 'd.t',
} as unknown as TableRows;
const images = (count: number): RowLayout => ({
  topic: 't',
  key: null,
  value: null,
  headers: [],
  cells: META_CELLS + count * 2,
});
const at = (position: number, more: Partial<StreamPlace> = {}): StreamPlace => ({
  file: 'b.000009',
  position,
  gtids: '',
  event: 0,
  transaction: '',
  ...more,
});

/** Rows of images, each `[key, value]`; null: NULL, undefined: left out. */
function block(...all: readonly (readonly (readonly [string, string | undefined])[])[]): RowBlock {
  const made = new RowBlock(Buffer.alloc(1000));
  let used = 0;
  const text = (value: string | undefined): void => {
    if (value === undefined) made.cell(0, UNCHANGED_CELL);
    else made.cell(used, made.arena.write(value, used));
    used += value?.length ?? 0;
  };
  for (const row of all) {
    made.begin(images(row.length), 0);
    for (let i = 0; i < META_CELLS; i++) made.cell(0, NULL_CELL);
    for (const [key, value] of row) {
      text(key);
      text(value);
    }
  }
  return made;
}

let windows: StreamWindows;
let emitted: number | undefined;
let outcome: string | undefined;

beforeEach(() => {
  windows = new StreamWindows();
  emitted = undefined;
  outcome = undefined;
});

function begin(start = at(100)): Window {
  windows.settle();
  const window = windows.begin('d.t', ['k'], start);
  if (window === undefined) throw new Error('not begun');
  void window.outcome.then((text) => (outcome = text));
  return window;
}

/** The chunk holds the keys a, b and c. */
function read(window: Window, low: number, high = low): RowBlock {
  const held = block([['a', '1']], [['b', '1']], [['c', '1']]);
  const keys = ['1:a', '1:b', '1:c'];
  const place = { low: { file: 'b.000009', position: low }, high: { file: 'b.000009', position: high } };
  window.read({ block: held, keys, place, done: (count) => (emitted = count) });
  return held;
}

function keysLeft(taken: RowBlock | undefined): string[] {
  if (taken === undefined) return [];
  return Array.from({ length: taken.count }, (_, row) => {
    const slot = ((taken.firstCell[row] ?? 0) + META_CELLS) * 2;
    return taken.arena.toString('utf8', taken.cells[slot], (taken.cells[slot] ?? 0) + (taken.cells[slot + 1] ?? 0));
  });
}

describe('a chunk', () => {
  test('is held until the stream stands at its place', async () => {
    const window = begin();
    expect(windows.due).toBe(false);
    read(window, 200);
    windows.passed('b.000009', 199);
    expect(windows.due).toBe(false);
    windows.passed('b.000009', 200);
    expect(windows.due).toBe(true);
    expect(keysLeft(windows.take())).toEqual(['a', 'b', 'c']);
    await window.outcome;
    expect([outcome, emitted, windows.listening]).toEqual(['emitted', 3, false]);
  });

  test('is due in a later file', () => {
    read(begin(), 200);
    windows.passed('b.000010', 4);
    expect(windows.due).toBe(true);
  });

  test('loses the rows whose keys the stream showed, before and after it was read', () => {
    const window = begin();
    windows.rows(rows, block([['a', '2']]), 0);
    read(window, 200, 300);
    windows.rows(
      rows,
      block(
        [['x', '1']],
        [
          ['c', '1'],
          ['y', '1'],
        ],
      ),
      1,
    );
    windows.passed('b.000009', 300);
    expect(keysLeft(windows.take())).toEqual(['b']);
    expect(emitted).toBe(1);
  });

  test('keeps its rows when another table changes', () => {
    const window = begin();
    windows.rows({ ...rows, collection: 'd.u' }, block([['a', '2']]), 0);
    read(window, 200);
    windows.passed('b.000009', 200);
    expect(keysLeft(windows.take())).toHaveLength(3);
  });

  test.each([
    ['a definition changed', (): void => windows.defined()],
    ['the binlog left out a value', (): void => windows.rows(rows, block([['q', undefined]]), 0)],
    [
      'the key has another name',
      (): void =>
        windows.rows(
          { ...rows, table: { ...rows.table, columns: [{ ...column, name: 'z' }] } },
          block([['q', '1']]),
          0,
        ),
    ],
  ])('is read again when %s', async (_, happen) => {
    const window = begin();
    happen();
    read(window, 200);
    windows.passed('b.000009', 200);
    expect(windows.take()).toBeUndefined();
    await window.outcome;
    expect(outcome).not.toBe('emitted');
    expect(emitted).toBeUndefined();
  });

  test('is read again when the server does not show what was streamed before', async () => {
    const window = begin(at(250));
    read(window, 200, 300);
    windows.passed('b.000009', 300);
    expect(windows.take()).toBeUndefined();
    await window.outcome;
    expect(outcome).toBe('the server does not show yet what was streamed');
  });

  test('is given up when the stream connects anew, and none begins before the stream knows its place', async () => {
    const window = begin();
    windows.restarted();
    read(window, 200);
    await window.outcome;
    expect(windows.due).toBe(false);
    expect(windows.begin('d.t', ['k'], at(1))).toBeUndefined();
  });
});

describe('a snapshot covers what was streamed', () => {
  const uuid = '3e11fa47-71ca-11e1-9e33-c80aa9429562';

  test('by place: up to it, and a transaction under way only if it began before', () => {
    const low = { file: 'b.000009', position: 200 };
    expect(covers(low, at(200))).toBe(true);
    expect(covers(low, at(201))).toBe(false);
    expect(covers(low, at(199, { event: 1 }))).toBe(true);
    expect(covers(low, at(200, { event: 1 }))).toBe(false);
    expect(covers({ file: 'b.000010', position: 4 }, at(201))).toBe(true);
  });

  test('by GTIDs, with the transaction under way', () => {
    const low = { gtids: `${uuid}:1-7` };
    expect(covers(low, at(1, { gtids: `${uuid}:1-7` }))).toBe(true);
    expect(covers(low, at(1, { gtids: `${uuid}:1-8` }))).toBe(false);
    expect(covers(low, at(1, { gtids: `${uuid}:1-6`, event: 2, transaction: `${uuid}:7` }))).toBe(true);
    expect(covers(low, at(1, { gtids: `${uuid}:1-7`, event: 2, transaction: `${uuid}:8` }))).toBe(false);
    expect(covers({ gtids: '' }, at(1))).toBe(true);
  });
});
