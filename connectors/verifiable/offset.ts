import type { RewindTarget, RewoundPartition } from '../../runtime/connector/rewind.ts';
import type { SourceOffset } from '../../runtime/connector/source.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import type { JsonObject } from '../../runtime/record/record.ts';

/*
 * Kafka Connect's offsets: partition {"id": task}, offset {"seqno": last number produced}.
 */

/** The next number of a task. */
export function nextNumber(offsets: readonly SourceOffset[], id: number): number {
  const stored = offsets.find(({ partition }) => partition['id'] === id);
  return stored === undefined ? 0 : numberOf(stored.offset) + 1;
}

export function checkOffsets(offsets: readonly { readonly offset: JsonObject | null }[]): void {
  for (const { offset } of offsets) if (offset !== null) numberOf(offset);
}

function numberOf(offset: JsonObject): number {
  const { seqno } = offset;
  if (typeof seqno === 'number' && Number.isSafeInteger(seqno) && seqno >= 0) return seqno;
  throw new MillraceError('VERIFIABLE_OFFSET', `not an offset of a verifiable source: ${JSON.stringify(offset)}`, {
    kind: 'position',
    remedy: 'Give {"seqno": n}, the last number that was produced, from 0.',
  });
}

/** Every task that is further goes back to a number, which it produces next. */
export function rewindNumbers(stored: readonly SourceOffset[], to: RewindTarget): readonly RewoundPartition[] {
  if (to.kind !== 'offset') {
    throw new MillraceError(
      'VERIFIABLE_REWIND_TARGET',
      `a verifiable source goes back to a number, not to a ${to.kind}`,
      {
        kind: 'config',
        key: to.kind,
        remedy: 'Use --to-offset with the number to produce next, from 0.',
      },
    );
  }
  const next = Number(to.offset);
  return stored.flatMap(({ partition, offset }) => {
    const records = numberOf(offset) + 1 - next;
    const back = next === 0 ? null : { seqno: next - 1 };
    return records <= 0 ? [] : [{ partition, from: offset, to: back, records, bytes: null }];
  });
}
