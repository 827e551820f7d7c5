import { beforeEach, describe, expect, test } from 'vitest';
import type { Column, Table } from '../../../../../../connectors/postgres/catalog/table.ts';
import { META, META_CELLS } from '../../../../../../connectors/postgres/row/source-block.ts';
import {
  StreamWindows,
  type ActiveWindow,
} from '../../../../../../connectors/postgres/snapshot/window/stream-windows.ts';
import { noProgress, type TablePlan } from '../../../../../../connectors/postgres/snapshot/state.ts';
import type { SnapshotUpstream } from '../../../../../../connectors/postgres/snapshot/upstream.ts';
import { MARK_PREFIX, writeMark } from '../../../../../../connectors/postgres/snapshot/window/window-mark.ts';
import { WindowTable } from '../../../../../../connectors/postgres/snapshot/window/window-table.ts';
import type { WindowRows } from '../../../../../../connectors/postgres/snapshot/window/window-read.ts';
import type { Injection, RowEvent } from '../../../../../../connectors/postgres/stream/stream-hooks.ts';
import { NULL_CELL, RowBlock, UNCHANGED_CELL } from '../../../../../../runtime/record/row-block.ts';
import type { RowLayout } from '../../../../../../runtime/record/row-layout.ts';

const layout: RowLayout = { topic: 't', key: null, value: null, headers: [], cells: META_CELLS + 2 };
const table = {
  oid: 7,
  schema: 'public',
  name: 'a',
  columns: [{ name: 'id' }, { name: 't' }] as unknown as readonly Column[],
  key: [0],
  identity: [0],
  replicaIdentity: 'd',
  fingerprint: 'f1',
} as unknown as Table;
const plan: TablePlan = { table: 'public.a', plan: 'p', kind: 'keys', fingerprint: 'f1', bounds: [], chunks: 1 };

let windows: StreamWindows;
let work: WindowTable;
let outcomes: string[];

beforeEach(() => {
  const upstream = {
    server: 's',
    options: { signalTable: undefined },
    env: { clock: { nowUs: () => 1_700_000_000_000_000n } },
  } as unknown as SnapshotUpstream;
  windows = new StreamWindows(upstream, 'run', {
    annotation: () => undefined,
    signal: () => undefined,
    learned: () => undefined,
    left: () => undefined,
    finished: () => undefined,
  });
  work = new WindowTable('s', table, plan, noProgress('p'), {
    columns: 1,
    rows: 2,
    recent: windows.recent,
    written: false,
  });
  windows.add(table.oid, work);
  outcomes = [];
});

function begin(number: number, keys: readonly string[], options: { more?: boolean; invisible?: number } = {}): void {
  const block = new RowBlock(Buffer.from(keys.join('')));
  let at = 0;
  for (const key of keys) {
    block.begin(layout, 0);
    for (let cell = 0; cell < META_CELLS; cell++) block.cell(0, NULL_CELL);
    block.cell(at, key.length);
    block.cell(0, NULL_CELL);
    at += key.length;
  }
  const invisible = (xid: number): boolean => xid === options.invisible;
  const read: WindowRows = { block, keys, invisible, fingerprint: 'f1', more: options.more ?? false, bytes: 100 };
  const range = work.begin();
  work.windows.read(keys, invisible);
  const active: ActiveWindow = {
    table: work,
    number,
    range,
    read,
    announced: undefined,
    closeLsn: undefined,
    settle: (outcome) => void outcomes.push(outcome),
  };
  windows.active = active;
}

function mark(window: number, kind: 'open' | 'close', run = 'run'): Injection | 'ours' | undefined {
  const content = Buffer.from(writeMark({ run, window, kind }));
  return windows.onMessage({ prefix: MARK_PREFIX, content, lsn: 99n, transactional: false, xid: 0 });
}

function event(op: RowEvent['op'], before: string | null, after: string | null, unchangedToast = false): boolean {
  const block = new RowBlock(Buffer.from(`${before ?? ''}${after ?? ''}`));
  const tuple = (at: number, key: string): number => {
    const first = block.cellCount;
    block.cell(at, key.length);
    block.cell(0, unchangedToast ? UNCHANGED_CELL : NULL_CELL);
    return first;
  };
  const old = before === null ? -1 : tuple(0, before);
  const fresh = after === null ? -1 : tuple(before?.length ?? 0, after);
  return windows.onRow({ op, table, block, before: old, after: fresh, unchangedToast, xid: 5 });
}

const injected = (answer: Injection | 'ours' | undefined): { keys: string[]; offsets: unknown[] } => {
  if (answer === undefined || answer === 'ours') throw new Error(`no rows: ${answer}`);
  const { block, progress } = answer;
  const cell = (row: number, of: number): string => {
    const slot = ((block.firstCell[row] ?? 0) + of) * 2;
    return block.arena.toString(
      'latin1',
      block.cells[slot] ?? 0,
      (block.cells[slot] ?? 0) + (block.cells[slot + 1] ?? 0),
    );
  };
  for (let row = 0; row < block.count; row++) {
    expect(cell(row, META.snapshot)).toBe('incremental');
    expect(cell(row, META.sequence)).toBe('["99","99"]');
  }
  return {
    keys: Array.from({ length: block.count }, (_, row) => cell(row, META_CELLS)),
    offsets: progress.map(({ partition, position }) => [partition['snapshot'], position.toOffset()]),
  };
};

describe('a window in the stream', () => {
  test('puts in the rows that no event touched, with the plan and the done mark', () => {
    begin(1, ['1', '22', '3']);
    expect(mark(1, 'open')).toBe('ours');
    expect(event('u', null, '22')).toBe(true);
    expect(event('d', '3', null)).toBe(true);
    const { keys, offsets } = injected(mark(1, 'close'));
    expect(keys).toEqual(['1']);
    expect(offsets).toMatchObject([
      ['table', { plan: 'p', kind: 'keys' }],
      ['progress', { plan: 'p', done: '0', rows: 1, finished: true }],
    ]);
    expect(outcomes).toEqual(['emitted']);
    expect(windows.watchingRows).toBe(false);
  });

  test('goes on after its last key where the range has more', () => {
    begin(1, ['1', '2'], { more: true });
    mark(1, 'open');
    expect(injected(mark(1, 'close')).offsets).toMatchObject([
      ['table', {}],
      ['progress', { done: '', after: '["2"]' }],
    ]);
    expect(work.begin()).toEqual({ kind: 'range', after: ['2'], limit: 4 });
  });

  test('is repeated for a transaction that its snapshot does not see', () => {
    windows.onCommit(5, 1n, 2n);
    begin(1, ['1'], { invisible: 5 });
    mark(1, 'open');
    expect(mark(1, 'close')).toBe('ours');
    expect(outcomes).toEqual(['invisible transaction']);
  });

  test('is repeated when the stream announces another version than was read', () => {
    begin(1, ['1']);
    mark(1, 'open');
    windows.onRelation({ ...table, fingerprint: 'f2' }, undefined);
    expect(mark(1, 'close')).toBe('ours');
    begin(2, ['1']);
    mark(2, 'open');
    windows.onRelation(table, undefined);
    expect(injected(mark(2, 'close')).keys).toEqual(['1']);
  });

  test('is repeated when the stream passed its close mark without showing it', () => {
    begin(1, ['1']);
    mark(1, 'open');
    if (windows.active !== undefined) windows.active.closeLsn = 50n;
    windows.onCommit(6, 40n, 45n);
    expect(outcomes).toEqual([]);
    windows.onCommit(6, 60n, 61n);
    expect(outcomes).toEqual(['the mark did not come']);
    expect(mark(1, 'close')).toBe('ours');
  });

  test('leaves marks of other runs and windows alone, and other messages to others', () => {
    begin(2, ['1']);
    expect(mark(1, 'open')).toBe('ours');
    expect(mark(2, 'open', 'other')).toBe('ours');
    expect(work.windows.open).toBe(false);
    const content = Buffer.from('x');
    expect(windows.onMessage({ prefix: 'p', content, lsn: 1n, transactional: false, xid: 0 })).toBe(undefined);
  });
});

describe('keys to read again', () => {
  test("are kept with the stream's offset until the rows that settle them have their own", () => {
    begin(1, ['1', '2'], { more: true });
    mark(1, 'open');
    event('u', null, '1', true);
    expect(windows.annotation()).toEqual({ 'millrace.again': '{"public.a":["1"]}' });
    expect(injected(mark(1, 'close')).offsets.at(-1)).toMatchObject(['progress', { again: '["1"]' }]);
    expect(windows.annotation()).toEqual({ 'millrace.again': '{"public.a":["1"]}' });
    begin(2, ['1']);
    mark(2, 'open');
    expect(injected(mark(2, 'close')).keys).toEqual(['1']);
    // The batch before the injection, then the injection itself.
    expect(windows.annotation()).toEqual({ 'millrace.again': '{"public.a":["1"]}' });
    expect(windows.annotation()).toBe(undefined);
  });
});

test('too many keys to read again restart the table, and the offset says so until a window has', () => {
  begin(1, ['1'], { more: true });
  mark(1, 'open');
  for (let i = 0; i < 2001; i++) event('u', `old ${i}`, `${i}`, true);
  expect(windows.annotation()).toEqual({ 'millrace.restarts': '["public.a"]' });
  mark(1, 'close');
  begin(2, ['1'], { more: true });
  expect(work.progress()).toMatchObject({ done: new Set(), rows: 0 });
  mark(2, 'open');
  expect(windows.annotation()).toEqual({ 'millrace.restarts': '["public.a"]' });
  expect(injected(mark(2, 'close')).keys).toEqual(['1']);
  expect(windows.annotation()).toEqual({ 'millrace.restarts': '["public.a"]' });
  expect(windows.annotation()).toBe(undefined);
});

test('changes that a later snapshot has shown are dropped, until the stream has passed it', () => {
  windows.remove(work);
  windows.drop(table.oid, '4:9:7', 100n);
  expect(event('c', null, '1')).toBe(false);
  expect(windows.onTruncate(table, 5)).toBe(false);
  expect(windows.onTruncate(table, 7)).toBe(true);
  expect(windows.watchingRows).toBe(true);
  windows.onCommit(5, 90n, 100n);
  expect(windows.watchingRows).toBe(false);
});
