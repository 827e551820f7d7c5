import { expect } from 'vitest';
import { TableWindows } from '../../../runtime/change/windows.ts';
import { RecentTransactions } from '../../../runtime/change/recent-transactions.ts';

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
export type Step =
  | {
      readonly kind: 'write';
      readonly op: 'insert' | 'update' | 'touch' | 'move' | 'delete' | 'truncate';
      readonly key: number;
      readonly to: number;
    }
  | { readonly kind: 'show'; readonly which: number }
  | { readonly kind: 'stream' | 'connector' };

export const KEYS = 9;
const CHUNKS = [
  [0, 3],
  [3, 6],
  [6, 9],
] as const;

export class WindowsModel {
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
