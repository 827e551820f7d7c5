import { matchesAny } from '../../../../runtime/change/filters.ts';
import { readSignal, type Signal } from '../../../../runtime/change/signal.ts';
import type { JsonObject } from '../../../../runtime/record/record.ts';
import { messageOf } from '../../../../runtime/record/thrown.ts';
import { tableName, type Table } from '../../catalog/table.ts';
import type { RowEvent } from '../../stream/stream-hooks.ts';
import type { TablePlan } from '../state.ts';
import type { SnapshotUpstream } from '../upstream.ts';
import type { WindowTable } from './window-table.ts';

/** An ad-hoc snapshot of one table. */
export interface WindowRequest {
  readonly table: string;
  /** Names the work. */
  readonly plan: string;
  /** Id of the signal's row. */
  readonly signal: string;
  readonly filter?: string;
}

/** What the stream's offset remembers of signals, until offsets of the tables themselves do. */
export interface StoredRequests {
  readonly requests: readonly WindowRequest[];
  /** Plans that a signal stopped. */
  readonly stopped: readonly string[];
  /** Tables first seen in the stream: it has all of their rows. */
  readonly known: readonly string[];
  /** Tables whose changes were passed without records: what is stored of them does not hold. */
  readonly left: readonly string[];
  /** Tables to read from their start. */
  readonly restarts: readonly string[];
  /** Keys to read again, by table. */
  readonly again: Readonly<Record<string, readonly string[]>>;
}

export function readRequests(offset: JsonObject | undefined): StoredRequests {
  return {
    requests: list(offset?.['millrace.requests']) as readonly WindowRequest[],
    stopped: list(offset?.['millrace.stopped']) as readonly string[],
    known: list(offset?.['millrace.known']) as readonly string[],
    left: list(offset?.['millrace.left']) as readonly string[],
    restarts: list(offset?.['millrace.restarts']) as readonly string[],
    again: (parse(offset?.['millrace.again']) ?? {}) as Record<string, readonly string[]>,
  };
}

function list(value: unknown): readonly unknown[] {
  const parsed = parse(value);
  return Array.isArray(parsed) ? parsed : [];
}

function parse(value: unknown): unknown {
  return typeof value === 'string' ? JSON.parse(value) : undefined;
}

/** The plan of an ad-hoc snapshot: one chunk, the whole table. */
export function requestPlan(request: WindowRequest, table: Table, published: string): TablePlan {
  return {
    table: request.table,
    plan: request.plan,
    kind: 'keys',
    fingerprint: table.fingerprint,
    oid: table.oid,
    published,
    bounds: [],
    chunks: 1,
    ...(request.filter === undefined ? {} : { filter: request.filter }),
    signal: request.signal,
  };
}

/** What signals make the windows do. */
export interface RequestEvents {
  /** Tables that windows could read: captured ones, with their keys. */
  tables(): readonly Table[];
  /** A request came; it waits for other work on the same table. */
  start(request: WindowRequest, table: Table): void;
  /** Ad-hoc work on tables that match is to end; returns the plans that ended. */
  stop(matches: (table: string) => boolean): readonly string[];
  pause(paused: boolean): void;
}

/** Carries out signals, and remembers what must survive a restart with the stream's offset. */
export class WindowRequests {
  readonly #upstream: SnapshotUpstream;
  readonly #events: RequestEvents;
  readonly #requests: WindowRequest[];
  readonly #stopped: string[];
  readonly #known: Set<string>;
  /** Tables whose rows need no mention: the stored state has them. */
  readonly #stored: ReadonlySet<string>;

  constructor(
    upstream: SnapshotUpstream,
    events: RequestEvents,
    before: { readonly requests: readonly WindowRequest[]; readonly stored: ReadonlySet<string> },
  ) {
    this.#upstream = upstream;
    this.#events = events;
    this.#requests = [...before.requests];
    this.#stopped = [];
    this.#known = new Set();
    this.#stored = before.stored;
  }

  annotation(): JsonObject | undefined {
    const kept: Record<string, string> = {};
    if (this.#requests.length > 0) kept['millrace.requests'] = JSON.stringify(this.#requests);
    if (this.#stopped.length > 0) kept['millrace.stopped'] = JSON.stringify(this.#stopped);
    if (this.#known.size > 0) kept['millrace.known'] = JSON.stringify([...this.#known]);
    return Object.keys(kept).length === 0 ? undefined : kept;
  }

  learned(table: Table): void {
    const name = tableName(table);
    if (!this.#stored.has(name)) this.#known.add(name);
  }

  finished(table: WindowTable): void {
    this.#forget((request) => request.plan === table.plan.plan && request.table === table.plan.table);
  }

  /** The table cannot be read as asked: a wrong condition, no right to read it. */
  abandon(table: WindowTable, error: Error): void {
    const { signal, plan, table: name } = table.plan;
    this.#stopped.push(plan);
    this.#forget((request) => request.plan === plan);
    this.#upstream.context.log.warn(`signal ${signal} is not carried out for ${name}: ${error.message}`, { signal });
  }

  signal(event: RowEvent): void {
    const [id = '', type = '', data = null] = [0, 1, 2].map((column) => cellText(event, column));
    this.carryOut(readSignal(id ?? '', type ?? '', data));
  }

  carryOut(signal: Signal): void {
    const { log } = this.#upstream.context;
    switch (signal.kind) {
      case 'execute-snapshot':
        this.#execute(signal);
        break;
      case 'stop-snapshot': {
        const matches = signal.collections.length === 0 ? (): boolean => true : this.#matcher(signal);
        const stopped = this.#events.stop(matches);
        this.#stopped.push(...stopped);
        this.#forget((request) => matches(request.table));
        log.info('incremental snapshot stopped', { signal: signal.id, plans: stopped });
        break;
      }
      case 'pause-snapshot':
      case 'resume-snapshot':
        this.#events.pause(signal.kind === 'pause-snapshot');
        log.info(`incremental snapshot ${signal.kind === 'pause-snapshot' ? 'paused' : 'resumed'}`, {
          signal: signal.id,
        });
        break;
      case 'log':
        log.info(signal.message, { signal: signal.id });
        break;
      case 'ignored':
        break;
      case 'wrong':
        log.warn(`signal ${signal.id} is not carried out: ${signal.problem}`, { signal: signal.id });
        break;
    }
  }

  #execute(signal: Signal & { readonly kind: 'execute-snapshot' }): void {
    const { log } = this.#upstream.context;
    const matches = this.#matcher(signal);
    const found = this.#events.tables().filter((table) => matches(tableName(table)));
    if (found.length === 0) {
      log.warn(`signal ${signal.id} names no captured table`, { signal: signal.id, tables: signal.collections });
    }
    for (const table of found) {
      const name = tableName(table);
      if (table.key.length === 0) {
        log.warn(`signal ${signal.id}: ${name} has no key, so it cannot be read beside the stream`, {
          signal: signal.id,
        });
        continue;
      }
      const filter = signal.conditions.find(({ collection }) => this.#test(signal.id, [collection])(name))?.filter;
      const plan = this.#upstream.env.random.uuid();
      const request: WindowRequest = {
        table: name,
        plan,
        signal: signal.id,
        ...(filter === undefined ? {} : { filter }),
      };
      this.#requests.push(request);
      this.#events.start(request, table);
    }
  }

  #matcher(signal: { readonly id: string; readonly collections: readonly string[] }): (name: string) => boolean {
    return this.#test(signal.id, signal.collections);
  }

  /** A wrong expression in a signal must not stop the task. */
  #test(id: string, expressions: readonly string[]): (name: string) => boolean {
    try {
      return matchesAny(expressions, 'data-collections');
    } catch (error) {
      const problem = messageOf(error);
      this.#upstream.context.log.warn(`signal ${id} is not carried out: ${problem}`, { signal: id });
      return () => false;
    }
  }

  #forget(test: (request: WindowRequest) => boolean): void {
    const kept = this.#requests.filter((request) => !test(request));
    this.#requests.splice(0, this.#requests.length, ...kept);
  }
}

/** A text column of the new tuple; null: NULL, or not there. */
function cellText({ block, after, table }: RowEvent, column: number): string | null {
  if (column >= table.columns.length) return null;
  const at = block.cells[(after + column) * 2] ?? 0;
  const length = block.cells[(after + column) * 2 + 1] ?? -1;
  return length < 0 ? null : block.arena.toString('utf8', at, at + length);
}
