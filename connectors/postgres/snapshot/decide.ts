import { MillraceError } from '../../../runtime/record/error.ts';
import { checkSystem } from '../slot/resume-check.ts';
import { formatLsn } from '../wire/lsn.ts';
import type { PlanState } from './state.ts';
import type { SnapshotMode } from './upstream.ts';

interface FoundSlot {
  readonly usable: boolean;
  readonly confirmedLsn: bigint;
  /** Who uses it now, in words. */
  readonly user: string;
}

export interface Situation {
  readonly mode: SnapshotMode;
  readonly slotName: string;
  readonly systemId: string;
  /** The stream has a stored offset. */
  readonly streamed: boolean;
  /** Where that offset stands; what the slot sends must begin at or before it. */
  readonly flushLsn?: bigint;
  readonly plan: PlanState | undefined;
  /** The slot, if it exists. */
  readonly slot: FoundSlot | undefined;
  /** The operator said that a slot without offsets is to be taken over. */
  readonly adoptSlot: boolean;
}

export type Decision =
  /** Create the slot and read the tables at its snapshot. `drop`: an old slot of ours first. */
  | { readonly kind: 'fresh'; readonly drop: boolean; readonly read: boolean }
  /** Go on from the stored offset, or from `lsn` where none is stored. */
  | { readonly kind: 'go on'; readonly lsn: bigint; readonly reread: boolean };

/** What a start has to do, by mode and by what is there (`docs/decisions/20261125-postgres-snapshot.md`). Pure. */
export function decide(situation: Situation): Decision {
  const { mode, streamed, slot, slotName } = situation;
  // Another slot.name: what is stored of a snapshot does not speak of this slot.
  const plan = situation.plan?.slot === slotName ? situation.plan : undefined;
  if (streamed) return afterStream(situation);
  if (plan?.phase === 'creating') {
    // Nothing was read with that slot, and its snapshot is gone.
    return { kind: 'fresh', drop: slot !== undefined, read: mode !== 'no_data' };
  }
  if (plan !== undefined) return afterPlan(situation, plan);
  if (slot === undefined) return { kind: 'fresh', drop: false, read: mode !== 'no_data' };
  return withoutOffsets(situation, slot);
}

function afterStream({ mode, slot, flushLsn }: Situation): Decision {
  const gap = slot === undefined || !slot.usable || (flushLsn !== undefined && slot.confirmedLsn > flushLsn);
  if (gap && mode === 'when_needed') return { kind: 'fresh', drop: slot !== undefined, read: true };
  // Any other mode: the stream compares offset and slot, and stops with the gap (D16).
  return { kind: 'go on', lsn: 0n, reread: mode === 'always' };
}

function afterPlan({ mode, slot, systemId }: Situation, plan: PlanState): Decision {
  checkSystem('the stored snapshot', plan.systemId, systemId);
  // Nothing was streamed yet: a lost slot costs a new snapshot, not a gap.
  if (slot === undefined || !slot.usable) return { kind: 'fresh', drop: slot !== undefined, read: mode !== 'no_data' };
  if (slot.confirmedLsn > plan.lsn) {
    if (mode === 'when_needed') return { kind: 'fresh', drop: true, read: true };
    throw new MillraceError(
      'POSTGRES_SLOT_AHEAD',
      `the replication slot ${plan.slot} stands at ${formatLsn(slot.confirmedLsn)}, the snapshot at ${formatLsn(plan.lsn)}: the slot was recreated, or advanced by something else`,
      {
        kind: 'position',
        key: 'slot.name',
        remedy: 'Drop the slot if nobody else uses it, and delete the offsets of the connector to take a new snapshot.',
      },
    );
  }
  return { kind: 'go on', lsn: plan.lsn, reread: mode === 'always' };
}

function withoutOffsets({ mode, slotName, adoptSlot }: Situation, { confirmedLsn, user }: FoundSlot): Decision {
  if (!adoptSlot && mode !== 'when_needed') {
    throw slotOfOthers(
      `the replication slot ${slotName} exists (at ${formatLsn(confirmedLsn)}; ${user}), but no offset is stored for this connector`,
      slotName,
    );
  }
  return { kind: 'go on', lsn: confirmedLsn, reread: mode !== 'no_data' };
}

/** A slot is one connector's: two that read one would take each other's changes away. */
export function slotOfOthers(message: string, slotName: string, cause?: unknown): MillraceError {
  return new MillraceError('POSTGRES_SLOT_WITHOUT_OFFSET', message, {
    kind: 'position',
    key: 'slot.name',
    remedy: `Give this connector a slot.name of its own. Only if nobody else needs this slot: drop it (SELECT pg_drop_replication_slot('${slotName}')) to begin with a new one, or set millrace.slot.adopt=true to stream from where it stands.`,
    ...(cause === undefined ? {} : { cause }),
  });
}
