import { MillraceError } from '../../../runtime/record/error.ts';
import type { StoredOffset, StreamIdentity } from '../offset.ts';
import { formatLsn } from '../wire/lsn.ts';
import type { SlotState } from './slot.ts';

/** The server and the WAL we are connected to. */
export interface ServerIdentity {
  readonly systemId: string;
  readonly timeline: number;
  readonly database: string;
  /** Of `IDENTIFY_SYSTEM`. */
  readonly currentLsn: bigint;
  /** Where the stored offset's timeline ended, if it is an ancestor of this one. */
  readonly forkLsn?: bigint;
}

const remedyGap =
  'The changes in the gap are not in the slot any more. Delete the offsets of the connector to take a new snapshot, or alter them to a place you accept.';

/**
 * Compares the stored offset with the server and the slot (D16). START_REPLICATION below
 * `confirmed_flush_lsn` gives no error and skips silently, so the answer has to be known before.
 * Pure; throws a `position` error that names both places and the gap.
 */
export function checkResume(
  stored: StoredOffset,
  server: ServerIdentity,
  slot: SlotState | undefined,
  name: string,
): void {
  checkServer(stored, server);
  const at = formatLsn(stored.place.flushLsn);
  if (slot === undefined) {
    throw position(
      'POSTGRES_SLOT_MISSING',
      `the replication slot ${name} does not exist, but the stored offset stands at ${at}; the server is at ${formatLsn(server.currentLsn)}, so up to ${gap(stored.place.flushLsn, server.currentLsn)} may be missing`,
      'slot.name',
    );
  }
  checkSlot(slot, name, server);
  const confirmed = slot.confirmedFlushLsn;
  if (confirmed !== undefined && confirmed > stored.place.flushLsn) {
    throw position(
      'POSTGRES_SLOT_AHEAD',
      `the replication slot ${name} stands at ${formatLsn(confirmed)}, behind which the server sends nothing, but the stored offset stands at ${at}: a gap of ${gap(stored.place.flushLsn, confirmed)}. The slot was recreated, or advanced by something else`,
      'slot.name',
    );
  }
}

/** What must hold of a slot whatever the offset. */
export function checkSlot(slot: SlotState, name: string, server: { readonly database: string }): void {
  if (slot.plugin !== 'pgoutput') {
    throw new MillraceError(
      'POSTGRES_SLOT_PLUGIN',
      `the replication slot ${name} uses ${slot.plugin || 'no plugin (it is physical)'}, not pgoutput`,
      {
        kind: 'config',
        key: 'slot.name',
        remedy: 'Name another slot in slot.name, or drop this one if nobody needs it.',
      },
    );
  }
  if (slot.database !== server.database) {
    throw new MillraceError(
      'POSTGRES_SLOT_DATABASE',
      `the replication slot ${name} belongs to database ${slot.database}, not ${server.database}`,
      {
        kind: 'config',
        key: 'slot.name',
        remedy: 'Slot names are unique per server: name another slot in slot.name.',
      },
    );
  }
  if (slot.walStatus === 'lost' || slot.invalidation !== undefined) {
    const why = slot.invalidation ?? 'its WAL was removed';
    const from = slot.confirmedFlushLsn === undefined ? 'an unknown place' : formatLsn(slot.confirmedFlushLsn);
    throw new MillraceError(
      'POSTGRES_SLOT_LOST',
      `the replication slot ${name} was invalidated (${why}); it stood at ${from}, the server is at ${formatLsn(slot.currentLsn)}: a gap of ${gap(slot.confirmedFlushLsn ?? slot.currentLsn, slot.currentLsn)}`,
      {
        kind: 'position',
        key: 'slot.name',
        remedy: `Drop the slot (SELECT pg_drop_replication_slot('${name}')) and delete the offsets of the connector to take a new snapshot. Raise max_slot_wal_keep_size to keep it from happening again.`,
      },
    );
  }
}

function checkServer({ identity, place }: StoredOffset, server: ServerIdentity): void {
  const at = formatLsn(place.flushLsn);
  if (identity !== undefined) checkSystem(`the stored offset ${at}`, identity.systemId, server.systemId);
  if (identity !== undefined && identity.timeline !== server.timeline) {
    const fork = server.forkLsn;
    if (fork === undefined || place.flushLsn > fork) {
      const end =
        fork === undefined
          ? 'is no ancestor of it'
          : `ended at ${formatLsn(fork)}, ${gap(fork, place.flushLsn)} before it`;
      throw position(
        'POSTGRES_OTHER_TIMELINE',
        `the stored offset ${at} is on timeline ${identity.timeline}; the server is on ${server.timeline}, and timeline ${identity.timeline} ${end}. What was read after that never happened on this server`,
        'database.hostname',
      );
    }
  }
  if (place.flushLsn > server.currentLsn) {
    throw position(
      'POSTGRES_SERVER_BEHIND',
      `the stored offset ${at} is ${gap(server.currentLsn, place.flushLsn)} beyond the server's position ${formatLsn(server.currentLsn)}: it was restored from a backup, or is another server`,
      'database.hostname',
    );
  }
}

/** `what` is stored of the server with this system identifier: "the stored snapshot". */
export function checkSystem(what: string, stored: string, systemId: string): void {
  if (stored === systemId) return;
  throw new MillraceError(
    'POSTGRES_OTHER_SYSTEM',
    `${what} belongs to the server with system identifier ${stored}; this one is ${systemId}`,
    {
      kind: 'position',
      key: 'database.hostname',
      remedy:
        'Connect to the server it is of, or delete the offsets of the connector to take a new snapshot of this one.',
    },
  );
}

/** An offset of ours names its slot: another name is another stream. */
export function checkSlotName(identity: StreamIdentity | undefined, name: string): void {
  if (identity === undefined || identity.slot === name) return;
  throw position(
    'POSTGRES_OTHER_SLOT',
    `the stored offset belongs to the replication slot ${identity.slot}, not ${name}`,
    'slot.name',
  );
}

function position(code: string, message: string, key: string): MillraceError {
  return new MillraceError(code, message, { kind: 'position', key, remedy: remedyGap });
}

/** "24 bytes", "3.1 MiB". */
export function gap(from: bigint, to: bigint): string {
  const bytes = Number(to > from ? to - from : 0n);
  if (bytes < 1024) return `${bytes} bytes`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = -1;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}
