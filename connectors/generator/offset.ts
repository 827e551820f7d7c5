import type { RewindTarget, RewoundPartition } from '../../runtime/connector/rewind.ts';
import type { SourceOffset } from '../../runtime/connector/source.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import type { JsonObject } from '../../runtime/record/record.ts';

/** Records of another topic, seed or task are another sequence. */
export function sourcePartition(topic: string, seed: number, task: number): JsonObject {
  return { topic, seed, task };
}

/** The number of the next record; 0 where nothing is stored. */
export function nextRecord(offsets: readonly SourceOffset[], partition: JsonObject): number {
  const own = JSON.stringify(partition);
  const stored = offsets.find((one) => sameSequence(one.partition, own));
  return stored === undefined ? 0 : recordOf(stored.offset);
}

/** Refuses what {@link nextRecord} could not resume from. */
export function checkOffsets(offsets: readonly { readonly offset: JsonObject | null }[]): void {
  for (const { offset } of offsets) if (offset !== null) recordOf(offset);
}

function sameSequence({ topic, seed, task }: JsonObject, own: string): boolean {
  return JSON.stringify({ topic, seed, task }) === own;
}

function recordOf(offset: JsonObject): number {
  const { record } = offset;
  if (typeof record === 'number' && Number.isSafeInteger(record) && record >= 0) return record;
  throw new MillraceError('GENERATOR_OFFSET', `not an offset of a generator: ${JSON.stringify(offset)}`, {
    kind: 'position',
    remedy: 'Give {"record": n}, the number of the next record, from 0.',
  });
}

/** Every sequence that is further goes back to a record by its number. */
export function rewindRecords(stored: readonly SourceOffset[], to: RewindTarget): readonly RewoundPartition[] {
  if (to.kind !== 'offset') {
    throw new MillraceError(
      'GENERATOR_REWIND_TARGET',
      `a generator goes back to a record’s number, not to a ${to.kind}`,
      {
        kind: 'config',
        key: to.kind,
        remedy: 'Use --to-offset with the number of a record, from 0.',
      },
    );
  }
  const record = Number(to.offset);
  return stored.flatMap(({ partition, offset }) => {
    const records = recordOf(offset) - record;
    return records <= 0 ? [] : [{ partition, from: offset, to: { record }, records, bytes: null }];
  });
}
