import { describe, expect, test } from 'vitest';
import { TableWindows } from '../../../runtime/change/windows.ts';
import { RecentTransactions } from '../../../runtime/change/recent-transactions.ts';

const sees = (...invisible: number[]): ((xid: number) => boolean) => {
  const set = new Set(invisible);
  return (xid) => set.has(xid);
};

function opened(keys: readonly string[], again: readonly string[] = []): TableWindows {
  const windows = new TableWindows(new RecentTransactions(), again);
  windows.begin();
  windows.opened();
  windows.read(keys, sees());
  return windows;
}

describe('a window', () => {
  test('gives the rows that no event touched', () => {
    const windows = opened(['a', 'b', 'c']);
    windows.changed(null, 'b', false);
    expect(windows.closed()).toEqual({ kind: 'emit', rows: [0, 2] });
  });

  test('takes out both keys of a key change', () => {
    const windows = opened(['a', 'b', 'c']);
    windows.changed('a', 'c', false);
    expect(windows.closed()).toEqual({ kind: 'emit', rows: [1] });
  });

  test('takes out what was touched before the chunk was known', () => {
    const windows = new TableWindows(new RecentTransactions());
    windows.begin();
    windows.opened();
    windows.changed('b', null, false);
    windows.read(['a', 'b'], sees());
    expect(windows.closed()).toEqual({ kind: 'emit', rows: [0] });
  });

  test('ignores what happened before the open mark', () => {
    const windows = new TableWindows(new RecentTransactions());
    windows.begin();
    windows.read(['a', 'b'], sees());
    windows.changed(null, 'a', false);
    windows.opened();
    expect(windows.closed()).toEqual({ kind: 'emit', rows: [0, 1] });
  });

  test('is repeated when a transaction streamed before it is invisible in its snapshot', () => {
    for (const readFirst of [true, false]) {
      const recent = new RecentTransactions();
      const windows = new TableWindows(recent);
      recent.add(7);
      windows.begin();
      if (readFirst) windows.read(['a'], sees(7));
      windows.opened();
      if (!readFirst) windows.read(['a'], sees(7));
      expect(windows.closed()).toEqual({ kind: 'repeat', reason: 'invisible transaction' });
    }
  });

  test('is not repeated for a transaction streamed after the open mark', () => {
    const recent = new RecentTransactions();
    const windows = new TableWindows(recent);
    windows.begin();
    windows.opened();
    recent.add(7);
    windows.read(['a'], sees(7));
    expect(windows.closed()).toEqual({ kind: 'emit', rows: [0] });
  });

  test('forgets everything at a TRUNCATE, also what is read later', () => {
    const read = opened(['a', 'b'], ['z']);
    read.truncated();
    expect(read.closed()).toEqual({ kind: 'emit', rows: [] });
    expect([...read.again]).toEqual([]);
    const unread = new TableWindows(new RecentTransactions());
    unread.begin();
    unread.opened();
    unread.truncated();
    unread.read(['a'], sees());
    expect(unread.closed()).toEqual({ kind: 'emit', rows: [] });
  });

  test('is repeated when the table is redefined, or an event has no key', () => {
    const redefined = opened(['a']);
    redefined.redefined();
    expect(redefined.closed()).toEqual({ kind: 'repeat', reason: 'definition' });
    const unknown = opened(['a']);
    unknown.unknown();
    expect(unknown.closed()).toEqual({ kind: 'repeat', reason: 'unknown key' });
  });

  test('is repeated when more keys change than it may remember', () => {
    const windows = new TableWindows(new RecentTransactions(), [], { touchedKeys: 2, againKeys: 10 });
    windows.begin();
    windows.opened();
    for (const key of ['a', 'b', 'c', 'd']) windows.changed(null, key, false);
    windows.read(['x'], sees());
    expect(windows.closed()).toEqual({ kind: 'repeat', reason: 'too many keys' });
  });
});

describe('keys to read again', () => {
  test('are those whose row an incomplete event took out', () => {
    const windows = opened(['a', 'b']);
    windows.changed(null, 'a', true);
    windows.changed(null, 'elsewhere', true);
    expect(windows.closed()).toEqual({ kind: 'emit', rows: [1] });
    expect([...windows.again]).toEqual(['a']);
  });

  test('are those that an incomplete event moved a row to, also between windows', () => {
    const windows = new TableWindows(new RecentTransactions());
    windows.changed('late', 'early', true);
    expect([...windows.again]).toEqual(['early']);
    windows.changed('early', null, false);
    expect([...windows.again]).toEqual([]);
  });

  test('are settled by the window that asked for them', () => {
    const windows = new TableWindows(new RecentTransactions(), ['a', 'b', 'c']);
    windows.begin(['a', 'b']);
    windows.opened();
    windows.read(['a'], sees());
    windows.changed(null, 'a', true);
    windows.closed();
    expect([...windows.again]).toEqual(['a', 'c']);
  });

  test('are given up for a new start when there are too many', () => {
    const windows = new TableWindows(new RecentTransactions(), [], { touchedKeys: 10, againKeys: 2 });
    for (const key of ['a', 'b', 'c']) windows.changed(`old ${key}`, key, true);
    expect(windows.overflow).toBe(true);
    windows.restart();
    expect(windows.overflow).toBe(false);
    expect(windows.again.size).toBe(0);
  });
});
