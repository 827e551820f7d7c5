import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TableWindows } from '../../../runtime/change/windows.ts';
import { RecentTransactions } from '../../../runtime/change/windows-recent.ts';

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

// A model of a database with a log, a stream that lags, and a connector that reads in windows.

interface Version {
  readonly seq: number;
  readonly toast: number;
}
type Change =
  | {
      readonly kind: 'put';
      readonly before: number | null;
      readonly key: number;
      readonly row: Version;
      readonly partial: boolean;
    }
  | { readonly kind: 'delete'; readonly key: number; readonly seq: number }
  | { readonly kind: 'truncate' };
type Entry =
  | { readonly kind: 'commit'; readonly xid: number; readonly change: Change }
  | { readonly kind: 'open' }
  | { readonly kind: 'close' };
type Step =
  | {
      readonly kind: 'write';
      readonly op: 'insert' | 'update' | 'touch' | 'move' | 'delete' | 'truncate';
      readonly key: number;
      readonly to: number;
    }
  | { readonly kind: 'show'; readonly which: number }
  | { readonly kind: 'stream' | 'connector' };

const KEYS = 9;
const CHUNKS = [
  [0, 3],
  [3, 6],
  [6, 9],
] as const;

class Model {
  readonly current = new Map<number, Version>();
  readonly log: Entry[] = [];
  readonly visible = new Set<number>();
  readonly initial: ReadonlyMap<number, Version>;
  readonly consumer = new Map<number, { seq: number; toast: number | null }>();
  readonly lastSeq = new Map<number, number>();
  readonly recent = new RecentTransactions();
  readonly windows = new TableWindows(this.recent);
  #seq = 100;
  #xid = 1;
  #streamed = 0;
  #stage: 'ready' | 'opened' | 'read' | 'waiting' = 'ready';
  #chunk: readonly [number, number] | 'again' = 'again';
  #rows: [number, Version][] = [];
  readonly open: (readonly [number, number])[];

  constructor(done: readonly boolean[], start: readonly number[]) {
    for (const key of start) this.current.set(key, { seq: key + 1, toast: this.#seq++ });
    this.initial = new Map(this.current);
    this.open = CHUNKS.filter((_, i) => done[i] !== true);
    for (const [i, [from, to]] of CHUNKS.entries()) {
      if (done[i] !== true) continue;
      for (const [key, row] of this.initial) if (key >= from && key < to) this.#emit(key, row.seq, row);
    }
  }

  get finished(): boolean {
    return this.open.length === 0 && this.windows.again.size === 0 && this.#stage === 'ready';
  }

  write(step: Step & { kind: 'write' }): void {
    // A later change of the same row waits until the earlier one is visible: row locks.
    if (
      this.log.some((entry) => entry.kind === 'commit' && !this.visible.has(entry.xid) && this.#conflicts(entry, step))
    )
      return;
    const change = this.#change(step);
    if (change === null) return;
    this.log.push({ kind: 'commit', xid: this.#xid++, change });
    this.#apply(this.current, change);
  }

  #conflicts(entry: Entry & { kind: 'commit' }, step: Step & { kind: 'write' }): boolean {
    const { change } = entry;
    if (change.kind === 'truncate' || step.op === 'truncate') return true;
    const keys = change.kind === 'delete' ? [change.key] : [change.key, change.before ?? change.key];
    return keys.includes(step.key) || (step.op === 'move' && keys.includes(step.to));
  }

  #change(step: Step & { kind: 'write' }): Change | null {
    const row = this.current.get(step.key);
    const seq = this.#seq++;
    switch (step.op) {
      case 'truncate':
        return { kind: 'truncate' };
      case 'insert':
        return row === undefined
          ? { kind: 'put', before: null, key: step.key, row: { seq, toast: seq }, partial: false }
          : null;
      case 'update':
        return row === undefined
          ? null
          : { kind: 'put', before: null, key: step.key, row: { seq, toast: seq }, partial: false };
      case 'touch':
        return row === undefined
          ? null
          : { kind: 'put', before: null, key: step.key, row: { seq, toast: row.toast }, partial: true };
      case 'move':
        return row === undefined || this.current.has(step.to)
          ? null
          : { kind: 'put', before: step.key, key: step.to, row: { seq, toast: row.toast }, partial: true };
      case 'delete':
        return row === undefined ? null : { kind: 'delete', key: step.key, seq };
    }
  }

  #apply(rows: Map<number, Version>, change: Change): void {
    if (change.kind === 'truncate') rows.clear();
    else if (change.kind === 'delete') rows.delete(change.key);
    else {
      if (change.before !== null) rows.delete(change.before);
      rows.set(change.key, change.row);
    }
  }

  /** Makes one of the committed transactions visible: their order is not that of their commit records. */
  show(which = 0): void {
    const hidden = this.log.filter((entry) => entry.kind === 'commit' && !this.visible.has(entry.xid));
    const entry = hidden[which % Math.max(1, hidden.length)];
    if (entry?.kind === 'commit') this.visible.add(entry.xid);
  }

  stream(): void {
    const entry = this.log[this.#streamed];
    if (entry === undefined) return;
    this.#streamed++;
    if (entry.kind === 'open') this.windows.opened();
    else if (entry.kind === 'close') this.#close();
    else {
      this.#deliver(entry.change);
      this.recent.add(entry.xid);
    }
  }

  #deliver(change: Change): void {
    if (change.kind === 'truncate') {
      this.windows.truncated();
      this.consumer.clear();
      return;
    }
    if (change.kind === 'delete') {
      this.windows.changed(String(change.key), null, false);
      this.#emit(change.key, change.seq, null);
      return;
    }
    const { before, key, row, partial } = change;
    this.windows.changed(before === null ? null : String(before), String(key), partial);
    if (before !== null) this.#emit(before, row.seq, null);
    const known = before === null ? (this.consumer.get(key)?.toast ?? null) : null;
    this.#emit(key, row.seq, { seq: row.seq, toast: partial ? known : row.toast });
  }

  #emit(key: number, seq: number, row: { seq: number; toast: number | null } | null): void {
    expect(seq, `key ${key} goes back`).toBeGreaterThanOrEqual(this.lastSeq.get(key) ?? 0);
    this.lastSeq.set(key, seq);
    if (row === null) this.consumer.delete(key);
    else this.consumer.set(key, row);
  }

  connector(): void {
    if (this.#stage === 'ready') {
      if (this.windows.overflow) {
        this.windows.restart();
        this.open.splice(0, this.open.length, ...CHUNKS);
      }
      const requested = [...this.windows.again].slice(0, 2);
      const next = this.open[0];
      if (requested.length === 0 && next === undefined) return;
      this.#chunk = requested.length > 0 ? 'again' : (next ?? 'again');
      this.windows.begin(requested);
      this.#asked = requested.map(Number);
      this.log.push({ kind: 'open' });
      this.#stage = 'opened';
    } else if (this.#stage === 'opened') {
      this.#read();
      this.#stage = 'read';
    } else if (this.#stage === 'read') {
      this.log.push({ kind: 'close' });
      this.#stage = 'waiting';
    }
  }

  #asked: number[] = [];

  #read(): void {
    const rows = new Map(this.initial);
    for (const entry of this.log) {
      if (entry.kind === 'commit' && this.visible.has(entry.xid)) this.#apply(rows, entry.change);
    }
    const chunk = this.#chunk;
    const wanted = (key: number): boolean =>
      chunk === 'again' ? this.#asked.includes(key) : key >= chunk[0] && key < chunk[1];
    this.#rows = [...rows].filter(([key]) => wanted(key));
    const visible = new Set(this.visible);
    this.windows.read(
      this.#rows.map(([key]) => String(key)),
      (xid) => !visible.has(xid),
    );
  }

  #close(): void {
    const outcome = this.windows.closed();
    this.#stage = 'ready';
    if (outcome.kind === 'repeat') return;
    for (const at of outcome.rows) {
      const [key, row] = this.#rows[at] ?? [0, { seq: 0, toast: 0 }];
      this.#emit(key, row.seq, row);
    }
    if (this.#chunk !== 'again') this.open.shift();
  }

  settle(): void {
    for (let i = 0; i < 1000 && !(this.finished && this.#streamed === this.log.length); i++) {
      this.show();
      this.stream();
      this.connector();
    }
  }
}

const key = fc.nat(KEYS - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      op: fc.oneof(
        { weight: 20, arbitrary: fc.constantFrom('insert', 'update', 'touch', 'move', 'delete') },
        { weight: 1, arbitrary: fc.constant('truncate') },
      ) as fc.Arbitrary<(Step & { kind: 'write' })['op']>,
      key,
      to: key,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('show' as const), which: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('stream' as const, 'connector' as const) }) },
);

describe('windows against a model', () => {
  test('leave every key as the source has it, whole, and never let a key go back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
        fc.uniqueArray(key),
        fc.array(step, { maxLength: 120 }),
        (done, start, steps) => {
          const model = new Model(done, start);
          for (const each of steps) {
            if (each.kind === 'write') model.write(each);
            else if (each.kind === 'show') model.show(each.which);
            else model[each.kind]();
          }
          model.settle();
          expect(model.finished).toBe(true);
          const expected = [...model.current].sort(([a], [b]) => a - b);
          expect([...model.consumer].sort(([a], [b]) => a - b)).toEqual(expected);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
