import type { Position, SourceOffset } from '../../../runtime/connector/source.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { JsonObject } from '../../../runtime/record/record.ts';
import { placeOffset, readOffset, type StoredOffset, type StreamPlace } from '../offset.ts';
import { annotationOf, readPlaces, type ReadPlace } from './read-places.ts';
import type { KeyRange } from './table-work.ts';

/*
 * How far a snapshot came, as offsets of partitions of their own beside the stream's:
 *
 *   {"server", "snapshot": "tables"}                 the place, and the tables that are done
 *   {"server", "snapshot": "table", "table": d.t}    what of a table that is not done is still to be read
 */

/**
 * A snapshot as a whole. It is stored before the first row goes out, so that whatever happens to a row that went out
 * is streamed later: the stream begins at the place of the *first* attempt, also where an interrupted snapshot is
 * read on at a later one.
 */
export class SnapshotState implements Position {
  readonly place: StreamPlace;
  readonly server: string;
  /** Tables (`database.table`) that were read whole. */
  readonly done: readonly string[];
  readonly complete: boolean;
  /** Names the snapshot: {@link TableState}s of another one do not count. */
  readonly id: string;
  /** Tables that were read at later places. */
  readonly later: readonly ReadPlace[];

  constructor(
    place: StreamPlace,
    server: string,
    done: readonly string[],
    complete: boolean,
    id: string,
    later: readonly ReadPlace[] = [],
  ) {
    this.place = place;
    this.server = server;
    this.done = done;
    this.complete = complete;
    this.id = id;
    this.later = later;
  }

  toOffset(): JsonObject {
    const { id, done, complete } = this;
    return {
      ...placeOffset(this.place),
      'millrace.server': this.server,
      id,
      done,
      complete,
      ...annotationOf(this.later),
    };
  }
}

/** What of a table that is read by its key has not gone out. */
export class TableState implements Position {
  readonly id: string;
  /** Names of the key's columns. */
  readonly key: readonly string[];
  readonly open: readonly KeyRange[];

  constructor(id: string, key: readonly string[], open: readonly KeyRange[]) {
    this.id = id;
    this.key = key;
    this.open = open;
  }

  toOffset(): JsonObject {
    return { id: this.id, key: JSON.stringify(this.key), open: JSON.stringify(this.open) };
  }
}

export function snapshotPartition(prefix: string): JsonObject {
  return { server: prefix, snapshot: 'tables' };
}

export function tablePartition(prefix: string, table: string): JsonObject {
  return { server: prefix, snapshot: 'table', table };
}

/** A snapshot that was begun and not completed; undefined: there is none. */
export interface OpenSnapshot extends StoredOffset {
  readonly id: string;
  readonly done: ReadonlySet<string>;
  /** Of those that are done: read at a later place than the snapshot's. */
  readonly later: readonly ReadPlace[];
  /** Of tables that were begun: what is left of them. */
  readonly tables: ReadonlyMap<string, Pick<TableState, 'key' | 'open'>>;
}

export function openSnapshot(prefix: string, offsets: readonly SourceOffset[]): OpenSnapshot | undefined {
  const ours = offsets.filter(({ partition }) => partition['server'] === prefix);
  const offset = ours.find(({ partition }) => partition['snapshot'] === 'tables')?.offset;
  if (offset === undefined || offset['complete'] === true) return undefined;
  const done = Array.isArray(offset['done']) ? offset['done'].map(String) : [];
  const id = typeof offset['id'] === 'string' ? offset['id'] : '';
  const tables = new Map<string, Pick<TableState, 'key' | 'open'>>();
  for (const { partition, offset: state } of ours) {
    const { table } = partition;
    if (partition['snapshot'] !== 'table' || typeof table !== 'string' || state['id'] !== id) continue;
    tables.set(table, { key: parsed(state, 'key') as string[], open: parsed(state, 'open') as KeyRange[] });
  }
  return { ...readOffset(offset), id, done: new Set(done), later: readPlaces(offset), tables };
}

function parsed(offset: JsonObject, name: string): unknown {
  const text = offset[name];
  try {
    return JSON.parse(typeof text === 'string' ? text : '');
  } catch (cause) {
    throw new MillraceError(
      'MYSQL_SNAPSHOT_STATE',
      `the stored state of a snapshot cannot be read: ${JSON.stringify(offset).slice(0, 200)}`,
      { kind: 'position', remedy: 'Stop the connector and delete its offsets to take a new snapshot.', cause },
    );
  }
}
