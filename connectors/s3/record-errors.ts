import type { SinkRecord } from '../../runtime/connector/sink.ts';
import { MillraceError } from '../../runtime/record/error.ts';

/** `topic-partition@offset`, as errors of one record begin. */
export function placeOf({ topic, partition, offset }: Pick<SinkRecord, 'topic' | 'partition' | 'offset'>): string {
  return `${topic}-${partition}@${offset}`;
}

export function nullValue(record: SinkRecord): MillraceError {
  return new MillraceError('S3_NULL_VALUE', `${placeOf(record)}: the record has no value`, {
    kind: 'data',
    key: 'behavior.on.null.values',
    remedy: 'Set millrace.envelope=true to keep tombstones with their keys, or behavior.on.null.values=ignore.',
  });
}

/** An error of this record alone; any other goes on to stop the task. */
export function dataError(error: unknown): MillraceError {
  if (error instanceof MillraceError && error.kind === 'data') return error;
  throw error;
}
