import { unusableOffset } from '../../runtime/change/unusable-offset.ts';
import type { Position } from '../../runtime/connector/source.ts';
import type { MillraceError } from '../../runtime/record/error.ts';
import type { JsonObject, JsonValue } from '../../runtime/record/record.ts';
import { formatLsn, parseLsn } from './wire/lsn.ts';

/** Whose WAL a position belongs to (D16). */
export interface StreamIdentity {
  /** `IDENTIFY_SYSTEM`: decimal. */
  readonly systemId: string;
  readonly timeline: number;
  readonly slot: string;
}

/**
 * A place in a slot's stream. Transactions come in the order of their commit LSNs, and one sent
 * again has the same events in the same order; so a place is a commit LSN and how many events of
 * that transaction were handed over. Several rows on one LSN are told apart by the index.
 */
export interface StreamPlace {
  /** End of the last complete transaction: what the server may forget, and where it starts again. */
  readonly flushLsn: bigint;
  /** With index 0: everything with a lower commit LSN is done. Otherwise the transaction the place is in. */
  readonly commitLsn: bigint;
  /** Events of that transaction that are done, its BEGIN among them. */
  readonly index: number;
}

/** Further facts for Debezium's keys: of the last event. */
export interface LastEvent {
  readonly lsn: bigint;
  readonly xid: number;
  /** Epoch microseconds. */
  readonly timeUs: bigint;
  readonly messageType: string;
}

/** {@link StreamPlace} as the runtime keeps it. Order between two: {@link comparePlaces}. */
export class StreamPosition implements Position, StreamPlace {
  readonly identity: StreamIdentity;
  readonly flushLsn: bigint;
  readonly commitLsn: bigint;
  readonly index: number;
  readonly last: LastEvent | undefined;
  /** Further keys: what windows beside the stream must know again. */
  readonly annotation: JsonObject | undefined;

  constructor(identity: StreamIdentity, place: StreamPlace, last?: LastEvent, annotation?: JsonObject) {
    this.identity = identity;
    this.flushLsn = place.flushLsn;
    this.commitLsn = place.commitLsn;
    this.index = place.index;
    this.last = last;
    this.annotation = annotation;
  }

  /** Debezium's keys, so that its tools read our offsets, and ours below `millrace.`, exact and with identity. */
  toOffset(): JsonObject {
    const { identity, flushLsn, commitLsn, index, last } = this;
    const flush = exactNumber(flushLsn);
    return {
      lsn_proc: last === undefined ? flush : exactNumber(last.lsn),
      messageType: last?.messageType ?? 'COMMIT',
      lsn_commit: flush,
      lsn: last === undefined ? flush : exactNumber(last.lsn),
      ...(last === undefined ? {} : { txId: last.xid, ts_usec: exactNumber(last.timeUs) }),
      'millrace.system': identity.systemId,
      'millrace.timeline': identity.timeline,
      'millrace.slot': identity.slot,
      'millrace.flush': formatLsn(flushLsn),
      'millrace.commit': formatLsn(commitLsn),
      'millrace.index': index,
      ...(index > 0 && last !== undefined ? { 'millrace.event': formatLsn(last.lsn) } : {}),
      ...this.annotation,
    };
  }
}

/** Negative: `a` is before `b`. */
export function comparePlaces(a: StreamPlace, b: StreamPlace): number {
  if (a.commitLsn !== b.commitLsn) return a.commitLsn < b.commitLsn ? -1 : 1;
  return a.index - b.index;
}

/** What a stored offset says. */
export interface StoredOffset {
  readonly place: StreamPlace;
  /** undefined: written by Debezium, which stores none. */
  readonly identity: StreamIdentity | undefined;
  /** LSN of the last event before the place, to prove that the resumed transaction is the same one. */
  readonly eventLsn: bigint | undefined;
}

/** Reads an offset of ours or of Debezium. Throws a `position` error where it cannot be resumed from. */
export function readOffset(offset: JsonObject): StoredOffset {
  return offset['millrace.flush'] === undefined ? readDebezium(offset) : readOwn(offset);
}

function readOwn(offset: JsonObject): StoredOffset {
  const flushLsn = lsnText(offset['millrace.flush']);
  const commitLsn = lsnText(offset['millrace.commit']);
  const { 'millrace.index': index, 'millrace.system': systemId, 'millrace.slot': slot } = offset;
  const timeline = offset['millrace.timeline'];
  if (
    flushLsn === undefined ||
    commitLsn === undefined ||
    typeof index !== 'number' ||
    !Number.isSafeInteger(index) ||
    index < 0 ||
    typeof systemId !== 'string' ||
    typeof slot !== 'string' ||
    typeof timeline !== 'number'
  ) {
    throw unreadable(offset, 'its millrace.* keys are incomplete');
  }
  return {
    place: { flushLsn, commitLsn, index },
    identity: { systemId, timeline, slot },
    eventLsn: lsnText(offset['millrace.event']),
  };
}

/**
 * Debezium: `lsn_commit` is the end of the last complete transaction, `lsn` the last event's. Inside
 * a transaction it does not say how many events of one LSN were produced, so that transaction is
 * produced again as a whole (at least once).
 */
function readDebezium(offset: JsonObject): StoredOffset {
  if (offset['snapshot'] !== undefined && offset['snapshot_completed'] !== true) {
    throw unreadable(offset, 'it stands inside a Debezium snapshot, which cannot be resumed');
  }
  const flushLsn = lsnNumber(offset['lsn_commit']) ?? lsnNumber(offset['lsn']) ?? lsnNumber(offset['lsn_proc']);
  if (flushLsn === undefined) throw unreadable(offset, 'it has neither lsn_commit nor lsn');
  return { place: { flushLsn, commitLsn: flushLsn, index: 0 }, identity: undefined, eventLsn: undefined };
}

function unreadable(offset: JsonObject, why: string): MillraceError {
  return unusableOffset('POSTGRES_OFFSET_UNUSABLE', offset, why, '{"lsn": …} (decimal)');
}

function lsnText(value: JsonValue | undefined): bigint | undefined {
  return typeof value === 'string' ? parseLsn(value) : undefined;
}

function lsnNumber(value: JsonValue | undefined): bigint | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  return typeof value === 'string' && /^\d{1,20}$/.test(value) ? BigInt(value) : undefined;
}

/** A JSON number while that is exact, text beyond 2^53. */
function exactNumber(value: bigint): number | string {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString();
}
