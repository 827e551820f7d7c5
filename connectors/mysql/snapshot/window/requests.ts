import { matchesAny } from '../../../../runtime/change/filters.ts';
import type { Signal } from '../../../../runtime/change/signal.ts';
import type { Log } from '../../../../runtime/connector/context.ts';
import { MillraceError } from '../../../../runtime/record/error.ts';
import type { JsonObject, JsonValue } from '../../../../runtime/record/record.ts';
import { messageOf } from '../../../../runtime/record/thrown.ts';
import type { KeyTexts } from './key-sql.ts';

/** One table to read. */
export interface Request {
  /** `database.table` */
  readonly table: string;
  /** Id of the signal's row. */
  readonly signal: string;
  readonly filter?: string;
  /** Part of the first snapshot, which was interrupted: it has to be read, whatever signals say. */
  readonly initial?: true;
  /** Columns of the key that the places below are of. */
  key?: readonly string[];
  /** Last key that was read; undefined: none yet. */
  after?: KeyTexts;
  /** Last key of the table when it was begun. */
  to?: KeyTexts;
  rows: number;
  chunks: number;
}

/** A signal whose expressions were not yet compared with the server's tables. */
interface Asked {
  readonly signal: string;
  readonly collections: readonly string[];
  readonly conditions: readonly { readonly collection: string; readonly filter: string }[];
  /** Expressions of tables that were stopped since. */
  readonly except: string[];
}

/** What the stream's offset keeps beside Debezium's keys. */
interface Stored {
  readonly queue?: readonly Request[];
  readonly asked?: readonly Asked[];
  readonly paused?: boolean;
}

const COLLECTIONS = 'incremental_snapshot_collections';
const OWN = 'millrace.incremental';

/**
 * What signals asked for and how far it is: part of the stream's offset, so that it is durable together with the
 * records that it speaks of (I2).
 */
export class Requests {
  readonly #queue: Request[];
  readonly #asked: Asked[];
  readonly #log: Log;
  paused: boolean;

  /** `offset`: the stream's, as it is stored. */
  constructor(log: Log, offset: JsonObject | undefined) {
    this.#log = log;
    const own = offset?.[OWN];
    const stored = typeof own === 'string' ? (parsed(OWN, own) as Stored) : undefined;
    this.#queue = [...(stored?.queue ?? (stored === undefined ? ofDebezium(offset) : []))];
    this.#asked = [...(stored?.asked ?? [])];
    this.paused = stored?.paused === true;
  }

  /** The table to read now. */
  get current(): Request | undefined {
    return this.#queue[0];
  }

  get queue(): readonly Request[] {
    return this.#queue;
  }

  /** Signals wait for {@link resolve}. */
  get unresolved(): boolean {
    return this.#asked.length > 0;
  }

  get idle(): boolean {
    return this.#queue.length === 0 && this.#asked.length === 0;
  }

  /** undefined: there is nothing to remember. */
  annotation(): JsonObject | undefined {
    return annotationOf(this.#queue, this.#asked, this.paused);
  }

  /** Carries out a signal; true: work under way on the current table must end. */
  signal(signal: Signal): boolean {
    const log = this.#log;
    switch (signal.kind) {
      case 'execute-snapshot':
        if (this.#test(signal.id, signal.collections) !== undefined) {
          const { id, collections, conditions } = signal;
          this.#asked.push({ signal: id, collections, conditions, except: [] });
        }
        return false;
      case 'stop-snapshot':
        return this.#stop(signal.id, signal.collections);
      case 'pause-snapshot':
      case 'resume-snapshot':
        this.paused = signal.kind === 'pause-snapshot';
        log.info(`incremental snapshot ${this.paused ? 'paused' : 'resumed'}`, { signal: signal.id });
        return this.paused;
      case 'log':
        log.info(signal.message, { signal: signal.id });
        return false;
      case 'ignored':
        return false;
      case 'wrong':
        log.warn(`signal ${signal.id} is not carried out: ${signal.problem}`, { signal: signal.id });
        return false;
    }
  }

  /** Compares the signals that wait with the captured tables there are. */
  resolve(tables: readonly string[]): void {
    for (const { signal, collections, conditions, except } of this.#asked.splice(0)) {
      const wanted = this.#test(signal, collections) ?? none;
      const stopped = this.#test(signal, except) ?? none;
      const found = tables.filter((table) => wanted(table) && !stopped(table));
      if (found.length === 0) {
        this.#log.warn(`signal ${signal} names no captured table`, { signal, tables: collections });
      }
      for (const table of found) {
        const condition = conditions.find(({ collection }) => (this.#test(signal, [collection]) ?? none)(table));
        const filter = condition === undefined ? {} : { filter: condition.filter };
        this.#queue.push({ table, signal, ...filter, rows: 0, chunks: 0 });
      }
    }
  }

  /** The table is read, or cannot be. */
  remove(request: Request): void {
    const at = this.#queue.indexOf(request);
    if (at >= 0) this.#queue.splice(at, 1);
  }

  #stop(id: string, collections: readonly string[]): boolean {
    const before = this.current;
    const all = collections.length === 0;
    const matches = all ? (): boolean => true : (this.#test(id, collections) ?? none);
    if (all) this.#asked.length = 0;
    else for (const { except } of this.#asked) except.push(...collections);
    const stopped = this.#queue.filter(({ table, initial }) => initial !== true && matches(table));
    for (const request of stopped) this.remove(request);
    this.#log.info('incremental snapshot stopped', { signal: id, tables: stopped.map(({ table }) => table) });
    return before !== this.current;
  }

  /** A wrong expression in a signal must not stop the task. */
  #test(id: string, expressions: readonly string[]): ((name: string) => boolean) | undefined {
    try {
      return matchesAny(expressions, 'data-collections');
    } catch (error) {
      this.#log.warn(`signal ${id} is not carried out: ${messageOf(error)}`, { signal: id });
      return undefined;
    }
  }
}

/** Whether a stream's offset says that parts of the first snapshot are still to be read. */
export function snapshotOpen(offset: JsonObject): boolean {
  const own = offset[OWN];
  const stored = typeof own === 'string' ? (parsed(OWN, own) as Stored) : undefined;
  return stored?.queue?.some(({ initial }) => initial === true) === true;
}

/** What an offset keeps of them; undefined: nothing. */
export function annotationOf(
  queue: readonly Request[],
  asked: readonly Asked[] = [],
  paused = false,
): JsonObject | undefined {
  if (queue.length === 0 && asked.length === 0 && !paused) return undefined;
  const own: Stored = {
    ...(queue.length > 0 ? { queue } : {}),
    ...(asked.length > 0 ? { asked } : {}),
    ...(paused ? { paused: true } : {}),
  };
  return {
    ...(queue.length > 0 ? { [COLLECTIONS]: JSON.stringify(queue.map(asDebezium)) } : {}),
    [OWN]: JSON.stringify(own),
  };
}

function none(): boolean {
  return false;
}

function asDebezium({ table, filter }: Request): JsonObject {
  return {
    [`${COLLECTIONS}_id`]: table,
    [`${COLLECTIONS}_additional_condition`]: filter ?? null,
    [`${COLLECTIONS}_surrogate_key`]: null,
  };
}

function parsed(key: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MillraceError('MYSQL_OFFSET_UNUSABLE', `${key} of the stored offset is no JSON: ${text.slice(0, 100)}`, {
      kind: 'position',
      remedy: `Stop the connector, alter its offset so that it has no ${key}, and insert the signal again.`,
      cause,
    });
  }
}

/** Tables that Debezium had not finished: how far it was is written as Java objects, so each is read from its start. */
function ofDebezium(offset: JsonObject | undefined): Request[] {
  const text = offset?.[COLLECTIONS];
  const listed: unknown = typeof text === 'string' ? parsed(COLLECTIONS, text) : [];
  if (!Array.isArray(listed)) return [];
  return listed.flatMap((item: Readonly<Record<string, JsonValue>>) => {
    const table = item[`${COLLECTIONS}_id`];
    const filter = item[`${COLLECTIONS}_additional_condition`];
    if (typeof table !== 'string') return [];
    const asked = typeof filter === 'string' && filter !== '' ? { filter } : {};
    return [{ table, signal: 'stored', ...asked, rows: 0, chunks: 0 }];
  });
}
