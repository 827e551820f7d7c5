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
