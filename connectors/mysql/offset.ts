import { unusableOffset } from '../../runtime/change/unusable-offset.ts';
import type { Position } from '../../runtime/connector/source.ts';
import type { MillraceError } from '../../runtime/record/error.ts';
import type { JsonObject, JsonValue } from '../../runtime/record/record.ts';

/** A transaction that was handed over in part. Sent again, by whichever server, it has the same rows in the same order. */
export interface TransactionPart {
  /** Its GTID; '' where there is none: then it is the one at the place. */
  readonly transaction: string;
  /** Rows events of it that are done. Another server may cut them in another way. */
  readonly event: number;
  /** Rows that are done, by captured table; undefined: only the events were counted. */
  readonly rows?: RowCounts;
}

/** `database.table` → rows */
export type RowCounts = Readonly<Record<string, number>>;

/**
 * A place in a binlog: where a transaction begins, and how much of it was handed over.
 */
export interface StreamPlace extends TransactionPart {
  readonly file: string;
  /** Begin of the transaction the place is in; with event 0, end of the last complete one. */
  readonly position: number;
  /** Complete transactions, as the family writes them; '' without GTIDs. */
  readonly gtids: string;
  /**
   * Other transactions that were handed over in part: after a failover a server may send others before the one that
   * the place was in.
   */
  readonly parts?: readonly TransactionPart[];
}

/** What Debezium's offset says beside the place: of the last event. */
export interface LastEvent {
  readonly seconds: number;
  readonly serverId: number;
}

export class StreamPosition implements Position {
  readonly place: StreamPlace;
  /** `@@server_uuid`; '' on MariaDB, which has none. */
  readonly server: string;
  readonly last: LastEvent;
  /** What else the offset keeps: incremental snapshots under way. */
  readonly notes: JsonObject | undefined;

  constructor(place: StreamPlace, server: string, last: LastEvent, notes?: JsonObject) {
    this.place = place;
    this.server = server;
    this.last = last;
    this.notes = notes;
  }

  /** Debezium's keys, so that its tools read our offsets, and ours below `millrace.`. */
  toOffset(): JsonObject {
    const { place, last, server } = this;
    return {
      ts_sec: last.seconds,
      ...placeOffset(place),
      ...(last.serverId === 0 ? {} : { server_id: last.serverId }),
      ...(place.event === 0 ? {} : { event: place.event }),
      'millrace.server': server,
      ...(place.transaction === '' ? {} : { 'millrace.transaction': place.transaction }),
      ...(place.event === 0 || place.rows === undefined ? {} : { 'millrace.rows': JSON.stringify(place.rows) }),
      ...(place.parts === undefined || place.parts.length === 0
        ? {}
        : { 'millrace.parts': JSON.stringify(place.parts) }),
      ...this.notes,
    };
  }
}

/** File, position and GTIDs by Debezium's keys. */
export function placeOffset({ file, position, gtids }: StreamPlace): JsonObject {
  return { file, pos: position, ...(gtids === '' ? {} : { gtids }) };
}

/** What a stored offset says. */
export interface StoredOffset {
  readonly place: StreamPlace;
  /** undefined: written by Debezium, which stores none. */
  readonly server: string | undefined;
}

/**
 * Reads an offset of ours or of Debezium. Debezium counts events and rows in another way: a transaction that
 * its offset is inside is produced again as a whole (at least once). Throws a `position` error.
 */
export function readOffset(offset: JsonObject): StoredOffset {
  const { file, pos, gtids, event, snapshot } = offset;
  const server = offset['millrace.server'];
  if (snapshot !== undefined && snapshot !== false && offset['snapshot_completed'] !== true) {
    throw unusable(offset, 'it stands inside a Debezium snapshot, which cannot be resumed');
  }
  const set = typeof gtids === 'string' ? gtids : '';
  const named = typeof file === 'string' && file !== '';
  const position = wholeNumber(pos);
  if (!named && set === '') throw unusable(offset, 'it has neither file and pos nor gtids');
  if (named && position === undefined) throw unusable(offset, 'its pos is no number');
  const own = typeof server === 'string';
  const transaction = offset['millrace.transaction'];
  return {
    place: {
      file: named ? file : '',
      position: position ?? 4,
      gtids: set,
      event: own ? (wholeNumber(event) ?? 0) : 0,
      transaction: typeof transaction === 'string' ? transaction : '',
      ...(own ? (parsedKey(offset, 'millrace.rows', 'rows') as Pick<StreamPlace, 'rows'>) : {}),
      ...(own ? (parsedKey(offset, 'millrace.parts', 'parts') as Pick<StreamPlace, 'parts'>) : {}),
    },
    server: own ? server : undefined,
  };
}

/** JSON that is kept as a text; nothing where there is none. */
function parsedKey(offset: JsonObject, key: string, name: string): object {
  const text = offset[key];
  if (text === undefined) return {};
  try {
    return { [name]: JSON.parse(typeof text === 'string' ? text : '') as unknown };
  } catch {
    throw unusable(offset, `its ${key} is no JSON`);
  }
}

function wholeNumber(value: JsonValue | undefined): number | undefined {
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

function unusable(offset: JsonObject, why: string): MillraceError {
  return unusableOffset('MYSQL_OFFSET_UNUSABLE', offset, why, '{"file": …, "pos": …} or {"gtids": …}');
}
