import type { Position, SourceOffset } from '../../../runtime/connector/source.ts';
import type { JsonObject } from '../../../runtime/record/record.ts';
import { placeOffset, readOffset, type StoredOffset, type StreamPlace } from '../offset.ts';

/**
 * How far a snapshot came, as an offset of a partition of its own. It is stored before the first row goes out, so
 * that whatever happens to a row that went out is streamed later: the stream begins at the place of the *first*
 * attempt, also where an interrupted snapshot is read on at a later one.
 */
export class SnapshotState implements Position {
  readonly place: StreamPlace;
  readonly server: string;
  /** Tables (`database.table`) that were read whole. */
  readonly done: readonly string[];
  readonly complete: boolean;

  constructor(place: StreamPlace, server: string, done: readonly string[], complete: boolean) {
    this.place = place;
    this.server = server;
    this.done = done;
    this.complete = complete;
  }

  toOffset(): JsonObject {
    return { ...placeOffset(this.place), 'millrace.server': this.server, done: this.done, complete: this.complete };
  }
}

export function snapshotPartition(prefix: string): JsonObject {
  return { server: prefix, snapshot: 'tables' };
}

/** A snapshot that was begun and not completed; undefined: there is none. */
export interface OpenSnapshot extends StoredOffset {
  readonly done: ReadonlySet<string>;
}

export function openSnapshot(prefix: string, offsets: readonly SourceOffset[]): OpenSnapshot | undefined {
  const offset = offsets.find(({ partition }) => partition['server'] === prefix && isSnapshot(partition))?.offset;
  if (offset === undefined || offset['complete'] === true) return undefined;
  const done = Array.isArray(offset['done']) ? offset['done'].map(String) : [];
  return { ...readOffset(offset), done: new Set(done) };
}

export function streamOffset(prefix: string, offsets: readonly SourceOffset[]): JsonObject | undefined {
  return offsets.find(({ partition }) => partition['server'] === prefix && !isSnapshot(partition))?.offset;
}

export function isSnapshot(partition: JsonObject): boolean {
  return partition['snapshot'] !== undefined;
}
