import type { Value } from '../../record/value.ts';
import { murmur2Partition } from '../../hub/partitioner.ts';
import type { RecordCursor } from '../../hub/batch/record-cursor.ts';
import type { TopicPartition } from '../../record/record.ts';
import { redriveCount } from '../error/dead-letter-facts.ts';
import { records } from '../redrive/dead-letter-log.ts';
import type { TaskRunContext } from '../task-run-context.ts';
import type { EncodableRecord } from './record-encoder.ts';
import { isAfter, sourcePlace, type SourcePlace } from './source-place.ts';

type Context = Pick<TaskRunContext, 'hub' | 'converters' | 'stop'>;

/** What the comparison has to know of a dead letter. */
export interface Version {
  readonly timestampMs: number;
  /** Where its own event stands in the source; null: the records' times decide. */
  readonly place: SourcePlace | null;
}

/**
 * The first record in a topic that supersedes a dead letter's: of the same key, and of a later place in the
 * source; where one of them does not say its place, of a time that is not before. null: there is none.
 */
export async function newerRecord(
  context: Context,
  letter: Version,
  made: EncodableRecord,
): Promise<(TopicPartition & { readonly offset: bigint }) | null> {
  const { topic, key, partition: fixed } = made;
  const bytes = key === null ? null : context.converters.key.encode(topic, key);
  const found = bytes === null ? null : await context.hub.admin.describe(topic);
  if (bytes === null || found === null) return null;
  // Before the topic grew the key may have belonged to another partition.
  const sizes = [...(found.growths ?? []), found].map(({ partitions }) => partitions);
  const places = fixed === undefined ? sizes.map((size) => murmur2Partition(bytes, size)) : [fixed];
  for (const partition of new Set(places)) {
    const newer = await newerIn(context, { topic, partition }, letter, bytes);
    if (newer !== null) return newer;
  }
  return null;
}

async function newerIn(
  { hub, converters, stop }: Context,
  of: TopicPartition,
  letter: Version,
  bytes: Uint8Array,
): Promise<(TopicPartition & { readonly offset: bigint }) | null> {
  const { topic } = of;
  const from = await hub.admin.offsetFor(of, { timestampMs: letter.timestampMs }, 'read_committed');
  const { latest } = await hub.admin.offsets(of, 'read_committed');
  const valueOf = (at: RecordCursor): Value => {
    const value = at.value();
    return value === null ? null : converters.value.decode(topic, value, at.headers()).value;
  };
  // A tombstone has no place: it stands where the event of its key before it stood.
  let last: boolean | null = null;
  for await (const at of records(hub, topic, of.partition, from, latest, stop)) {
    if (at.timestampMs < letter.timestampMs || at.key()?.equals(bytes) !== true) continue;
    const verdict: boolean | null = at.value() === null ? last : isLater(letter, valueOf, at);
    last = verdict;
    if (verdict ?? isLaterByTime(letter, at)) return { ...of, offset: at.offset };
  }
  return null;
}

function isLater({ place }: Version, valueOf: (at: RecordCursor) => Value, at: RecordCursor): boolean | null {
  if (place === null) return null;
  try {
    return isAfter(sourcePlace(valueOf(at)), place);
  } catch {
    // What the converter cannot read was written by another one: it has its time only.
    return null;
  }
}

/** What was redriven before this one, with the same time, is older. */
function isLaterByTime({ timestampMs }: Version, at: RecordCursor): boolean {
  return at.timestampMs > timestampMs || redriveCount(at.headers()) === 0;
}
