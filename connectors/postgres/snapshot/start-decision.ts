import { MillraceError } from '../../../runtime/record/error.ts';
import type { JsonObject } from '../../../runtime/record/record.ts';
import type { Connection } from '../connection.ts';
import { readOffset } from '../offset.ts';
import { readSlot, slotUser } from '../slot/slot.ts';
import { decide, slotOfOthers, type Decision } from './decide.ts';
import type { SnapshotState } from './state.ts';
import type { SnapshotUpstream } from './upstream.ts';

/** What is stored of a connector. */
export interface Stored {
  readonly state: SnapshotState;
  /** The stream's own offset. */
  readonly streamOffset: JsonObject | undefined;
}

/** Looks at the slot, and decides by it and what is stored. */
export async function decideStart(
  control: Connection,
  { slot, options, identity }: SnapshotUpstream,
  { state, streamOffset }: Stored,
): Promise<Decision> {
  const found = await readSlot(control, slot.name);
  const flushLsn = streamOffset === undefined ? undefined : readOffset(streamOffset).place.flushLsn;
  const streamed = flushLsn !== undefined && !isNewer(state, flushLsn);
  const decision = decide({
    mode: options.mode,
    slotName: slot.name,
    systemId: identity.systemId,
    streamed,
    ...(flushLsn === undefined ? {} : { flushLsn }),
    plan: state.plan,
    slot: found && {
      usable: found.walStatus !== 'lost' && found.invalidation === undefined,
      confirmedLsn: found.confirmedFlushLsn ?? 0n,
      user: slotUser(found),
    },
    adoptSlot: options.adoptSlot,
  });
  // Without a stream there are no windows: what is open is read with a new slot.
  const unfinished = [...state.tables.values()].some(
    ({ progress, plan }) => plan.kind !== 'none' && !progress.finished,
  );
  const anew = options.mode === 'initial_only' && decision.kind === 'go on' && !streamed && unfinished;
  return anew ? { kind: 'fresh', drop: found !== undefined, read: true } : decision;
}

/** The stored snapshot was begun after what the stream's offset says (`when_needed`). */
function isNewer({ plan }: SnapshotState, flushLsn: bigint): boolean {
  return plan?.phase === 'creating' || (plan?.phase === 'planned' && plan.lsn > flushLsn);
}

const SLOT_EXISTS = 'POSTGRES_SLOT_EXISTS';
const NOT_CREATED = [SLOT_EXISTS, 'POSTGRES_SLOTS_EXHAUSTED', 'POSTGRES_WAL_LEVEL', 'POSTGRES_SNAPSHOT_LOCK_TIMEOUT'];

/** The server made no slot for us. After other errors, such as a connection that broke, that is not known. */
export function isNotCreated(error: unknown): boolean {
  return error instanceof MillraceError && NOT_CREATED.includes(error.code);
}

export function isSlotOfOthers(error: unknown): boolean {
  return error instanceof MillraceError && error.code === SLOT_EXISTS;
}

/** The error of a slot that somebody else made while we were about to. */
export async function madeByOthers(control: Connection, slotName: string, cause: unknown): Promise<MillraceError> {
  const found = await readSlot(control, slotName);
  const user = found === undefined ? 'and dropped since' : slotUser(found);
  return slotOfOthers(
    `the replication slot ${slotName} was made by somebody else while this connector started (${user})`,
    slotName,
    cause,
  );
}
